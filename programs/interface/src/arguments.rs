//! Reading Borsh: an instruction's arguments, and what an account keeps of them.

use crate::errors::Anchor;
use core::slice::from_raw_parts;
use pinocchio::Address;

/// What has not been read yet.
pub struct Arguments<'a>(&'a [u8]);

const MALFORMED: Anchor = Anchor::InstructionDidNotDeserialize;

impl<'a> Arguments<'a> {
    /// Starts to read.
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// So many bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Anchor> {
        let (array, rest) = self.0.split_first_chunk().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8, Anchor> {
        let [byte] = self.array()?;
        Ok(*byte)
    }

    pub fn u64(&mut self) -> Result<u64, Anchor> {
        Ok(u64::from_le_bytes(*self.array()?))
    }

    /// Whether something follows.
    pub fn is_some(&mut self) -> Result<bool, Anchor> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(MALFORMED),
        }
    }

    /// An address, or none.
    pub fn option_address(&mut self) -> Result<Option<&'a Address>, Anchor> {
        if self.is_some()? {
            self.address().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Text for people, which is in the transaction and nowhere else.
    pub fn memo(&mut self) -> Result<(), Anchor> {
        if self.is_some()? {
            core::str::from_utf8(self.bytes()?).map_err(|_| MALFORMED)?;
        }
        Ok(())
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn u16(&mut self) -> Result<u16, Anchor> {
        Ok(u16::from_le_bytes(*self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Anchor> {
        Ok(u32::from_le_bytes(*self.array()?))
    }

    pub fn address(&mut self) -> Result<&'a Address, Anchor> {
        let [address] = self.list(1)? else { return Err(MALFORMED) };
        Ok(address)
    }

    /// A vector of addresses.
    pub fn addresses(&mut self) -> Result<&'a [Address], Anchor> {
        let count = self.u32()?;
        self.list(count)
    }

    /// A vector of bytes, or a string's.
    pub fn bytes(&mut self) -> Result<&'a [u8], Anchor> {
        let count = self.u32()?;
        self.list(count)
    }

    /// So many elements of plain bytes. What is `Plain` is less than 256 bytes long.
    pub fn list<T: Plain>(&mut self, count: u32) -> Result<&'a [T], Anchor> {
        // A u32 times the size of any of them is far below 2^64.
        let length = count as usize * size_of::<T>();
        let (list, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        // SAFETY: any bytes make a `Plain`, whose alignment is 1, and so many are there.
        Ok(unsafe { from_raw_parts(list.as_ptr().cast(), count as usize) })
    }

    /// Refuses bytes that nobody asked for.
    pub fn end(self) -> Result<(), Anchor> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(MALFORMED)
        }
    }
}

/// What any bytes of its size are a valid value of.
///
/// # Safety
/// Its alignment must be 1, it must have no padding, and every bit pattern must be valid.
pub unsafe trait Plain: Copy {}

// SAFETY: a byte.
unsafe impl Plain for u8 {}
// SAFETY: `repr(transparent)` over 32 bytes.
unsafe impl Plain for Address {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_order_to_the_last_byte() {
        let mut data = [0; 2 + 4 + 32 + 4 + 2];
        data[..2].copy_from_slice(&[3, 1]);
        data[2] = 1;
        data[6..38].fill(7);
        data[38] = 2;
        data[42..].copy_from_slice(b"hi");
        let mut arguments = Arguments::new(&data);
        assert_eq!(arguments.u16(), Ok(259));
        assert_eq!(arguments.addresses(), Ok(&[Address::from([7; 32])][..]));
        assert_eq!(arguments.bytes(), Ok(&b"hi"[..]));
        assert_eq!(arguments.end(), Ok(()));
    }

    #[test]
    fn refuses_too_little_and_too_much() {
        assert_eq!(Arguments::new(&[1, 2, 3]).u32(), Err(MALFORMED));
        assert_eq!(Arguments::new(&[0; 31]).address(), Err(MALFORMED));
        assert_eq!(Arguments::new(&[1, 0, 0, 0, 9]).addresses(), Err(MALFORMED));
        assert_eq!(Arguments::new(&[0xff; 40]).addresses(), Err(MALFORMED));
        assert_eq!(Arguments::new(&[3, 0, 0, 0, 1, 2]).bytes(), Err(MALFORMED));
        assert_eq!(Arguments::new(&[0]).end(), Err(MALFORMED));
    }
}
