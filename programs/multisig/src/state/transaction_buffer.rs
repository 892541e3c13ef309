use crate::{
    address::{MULTISIG, TRANSACTION_BUFFER},
    errors::Error,
};
use core::slice::from_ref;
use interface::{
    accounts::found,
    address::find,
    data::{begin, open},
    errors::{at_fault, require},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};
use runtime::sha256;

const DISCRIMINATOR: [u8; 8] = *b"\x5a\x24\x23\xdb\x5d\xe1\x6e\x60";

/// The longest message that is put together in a buffer.
const LONGEST: u16 = 4_000;

/// What lies before the message.
#[repr(C)]
struct Head {
    multisig: Address,
    creator: Address,
    buffer_index: u8,
    vault_index: u8,
    hash: [u8; 32],
    size: [u8; 2],
    count: [u8; 4],
}

const HEAD: usize = 104;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);

/// What a buffer begins with: whose it is, and what the whole message will be.
pub struct Opening<'a> {
    pub multisig: &'a Address,
    pub creator: &'a Address,
    pub buffer_index: u8,
    pub vault_index: u8,
    pub hash: &'a [u8; 32],
    pub size: u16,
}

impl Opening<'_> {
    /// Bytes of the account; refuses a message that is too long.
    pub fn length(&self) -> Result<usize, Error> {
        require(self.size <= LONGEST, Error::FinalBufferSizeExceeded)?;
        Ok(8 + HEAD + usize::from(self.size))
    }
}

/// A message that is too long for one transaction, put together from parts.
pub struct TransactionBuffer<'a> {
    head: &'a mut Head,
    /// Room for the whole message, of which the first `count` bytes are there.
    room: &'a mut [u8],
}

impl<'a> TransactionBuffer<'a> {
    /// An empty one, over zeros.
    pub fn begin(view: &'a AccountView, opening: &Opening) -> Outcome<Self> {
        let buffer = Self::split(begin(view, &DISCRIMINATOR)?)?;
        *buffer.head = Head {
            multisig: *opening.multisig,
            creator: *opening.creator,
            buffer_index: opening.buffer_index,
            vault_index: opening.vault_index,
            hash: *opening.hash,
            size: opening.size.to_le_bytes(),
            count: [0; 4],
        };
        Ok(buffer)
    }

    /// The buffer of an account, checked to be the multisig's and at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data = open("transaction_buffer", view, &DISCRIMINATOR, program)?;
        let buffer = Self::split(data).map_err(|error| at_fault("transaction_buffer", error))?;
        let head = &buffer.head;
        let (multisig, creator) = (multisig.address().as_array(), head.creator.as_array());
        let seeds = [MULTISIG, multisig, TRANSACTION_BUFFER, creator, from_ref(&head.buffer_index)];
        found("transaction_buffer", view, find(&seeds, program))?;
        Ok(buffer)
    }

    fn split(data: &'a mut [u8]) -> Result<Self, Anchor> {
        let (head, room) = data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        let buffer = Self { head, room };
        let whole = buffer.count() <= buffer.size() && buffer.size() <= buffer.room.len();
        require(whole, Anchor::AccountDidNotDeserialize)?;
        Ok(buffer)
    }

    fn count(&self) -> usize {
        u32::from_le_bytes(self.head.count) as usize
    }

    fn size(&self) -> usize {
        usize::from(u16::from_le_bytes(self.head.size))
    }

    /// Whoever began it, who alone has a say in it.
    pub fn creator(&self) -> &Address {
        &self.head.creator
    }

    /// The vault that the message is for.
    pub fn vault_index(&self) -> u8 {
        self.head.vault_index
    }

    /// Adds what comes next.
    pub fn append(&mut self, part: &[u8]) -> Result<(), Error> {
        let (begin, end) = (self.count(), self.count() + part.len());
        require(end <= self.size(), Error::FinalBufferSizeExceeded)?;
        self.room[begin..end].copy_from_slice(part);
        self.head.count = (end as u32).to_le_bytes();
        Ok(())
    }

    /// The whole message; refuses one that is not as long, or not the one that was announced.
    pub fn whole(&self) -> Result<&[u8], Error> {
        require(self.count() == self.size(), Error::FinalBufferSizeMismatch)?;
        let message = &self.room[..self.count()];
        require(sha256(&[message]) == self.head.hash, Error::FinalBufferHashMismatch)?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(bytes: &mut [u8; HEAD + 4]) -> TransactionBuffer<'_> {
        bytes[66..98].copy_from_slice(&sha256(&[b"abcd"]));
        bytes[98] = 4;
        TransactionBuffer::split(bytes).expect("long enough")
    }

    #[test]
    fn parts_make_the_announced_whole_or_nothing() {
        let mut bytes = [0; HEAD + 4];
        let mut buffer = begun(&mut bytes);
        assert_eq!(buffer.append(b"abc"), Ok(()));
        assert_eq!(buffer.whole(), Err(Error::FinalBufferSizeMismatch));
        assert_eq!(buffer.append(b"de"), Err(Error::FinalBufferSizeExceeded));
        assert_eq!(buffer.append(b"d"), Ok(()));
        assert_eq!(buffer.append(b""), Ok(()));
        assert_eq!(buffer.whole(), Ok(&b"abcd"[..]));
    }

    #[test]
    fn another_message_of_the_same_length_is_refused() {
        let mut bytes = [0; HEAD + 4];
        let mut buffer = begun(&mut bytes);
        assert_eq!(buffer.append(b"abce"), Ok(()));
        assert_eq!(buffer.whole(), Err(Error::FinalBufferHashMismatch));
    }

    #[test]
    fn more_than_the_account_holds_is_refused() {
        for (count, size) in [(5, 4), (0, 5)] {
            let mut bytes = [0; HEAD + 4];
            (bytes[98], bytes[100]) = (size, count);
            assert!(TransactionBuffer::split(&mut bytes).is_err());
        }
    }
}
