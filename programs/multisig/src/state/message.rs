//! What a vault is to do: a message as a transaction has it, for which the interface has two encodings. An instruction's
//! argument counts in single bytes, and an instruction's data in two; an account counts in four, as Borsh does.

use crate::errors::Error;
use interface::arguments::Arguments;
use pinocchio::Address;

/// How its vectors are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Argument,
    Account,
}

/// One message, in either form. Its keys: signers first, the writable ones before the others, then the same of the rest.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    form: Form,
    signers: u8,
    writable_signers: u8,
    writable_others: u8,
    pub keys: &'a [Address],
    instructions: Counted<'a>,
    lookups: Counted<'a>,
}

#[derive(Clone, Copy)]
struct Counted<'a> {
    count: u32,
    bytes: &'a [u8],
}

/// An instruction whose program and accounts are numbers in the message's keys.
#[derive(Clone, Copy)]
pub struct Compiled<'a> {
    pub program: u8,
    pub accounts: &'a [u8],
    pub data: &'a [u8],
}

/// Accounts that come from an address lookup table, by their numbers in it.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    pub table: &'a Address,
    pub writable: &'a [u8],
    pub readonly: &'a [u8],
}

const MALFORMED: Error = Error::InvalidTransactionMessage;
/// An account number is one byte.
const MOST_KEYS: usize = 256;

type Parsed<T> = Result<T, interface::Anchor>;

fn count(arguments: &mut Arguments, form: Form) -> Parsed<u32> {
    match form {
        Form::Argument => Ok(u32::from(arguments.u8()?)),
        Form::Account => arguments.u32(),
    }
}

fn numbers<'a>(arguments: &mut Arguments<'a>, form: Form) -> Parsed<&'a [u8]> {
    let count = count(arguments, form)?;
    arguments.list(count)
}

impl<'a> Compiled<'a> {
    #[inline(always)]
    fn read(arguments: &mut Arguments<'a>, form: Form) -> Parsed<Self> {
        let program = arguments.u8()?;
        let accounts = numbers(arguments, form)?;
        let length = match form {
            Form::Argument => u32::from(arguments.u16()?),
            Form::Account => arguments.u32()?,
        };
        Ok(Self { program, accounts, data: arguments.list(length)? })
    }
}

impl<'a> Lookup<'a> {
    #[inline(always)]
    fn read(arguments: &mut Arguments<'a>, form: Form) -> Parsed<Self> {
        Ok(Self {
            table: arguments.address()?,
            writable: numbers(arguments, form)?,
            readonly: numbers(arguments, form)?,
        })
    }
}

/// The items that `read` finds, which found them before.
fn items<'a, T: 'a>(
    counted: Counted<'a>,
    form: Form,
    read: impl Fn(&mut Arguments<'a>, Form) -> Parsed<T> + 'a,
) -> impl Iterator<Item = T> + 'a {
    let mut arguments = Arguments::new(counted.bytes);
    (0..counted.count).map_while(move |_| read(&mut arguments, form).ok())
}

fn counted<'a, T>(
    arguments: &mut Arguments<'a>,
    form: Form,
    read: impl Fn(&mut Arguments<'a>, Form) -> Parsed<T>,
) -> Parsed<Counted<'a>> {
    let count = count(arguments, form)?;
    let bytes = arguments.rest();
    for _ in 0..count {
        read(arguments, form)?;
    }
    Ok(Counted { count, bytes })
}

impl<'a> Message<'a> {
    /// The whole of the bytes; refuses any that are left.
    #[inline(never)]
    pub fn read(bytes: &'a [u8], form: Form) -> Result<Self, Error> {
        let mut arguments = Arguments::new(bytes);
        let mut parse = || -> Parsed<Self> {
            let [signers, writable_signers, writable_others] = *arguments.array()?;
            let keys = count(&mut arguments, form)?;
            Ok(Self {
                form,
                signers,
                writable_signers,
                writable_others,
                keys: arguments.list(keys)?,
                instructions: counted(&mut arguments, form, Compiled::read)?,
                lookups: counted(&mut arguments, form, Lookup::read)?,
            })
        };
        let message = parse().map_err(|_| MALFORMED)?;
        arguments.end().map_err(|_| MALFORMED)?;
        Ok(message)
    }

    pub fn instructions(&self) -> impl Iterator<Item = Compiled<'a>> + 'a {
        items(self.instructions, self.form, Compiled::read)
    }

    pub fn lookups(&self) -> impl Iterator<Item = Lookup<'a>> + 'a {
        items(self.lookups, self.form, Lookup::read)
    }

    /// How many tables it looks up.
    pub fn tables(&self) -> usize {
        self.lookups.count as usize
    }

    /// How many accounts come from tables: those that are written, and the others.
    pub fn looked_up(&self) -> (usize, usize) {
        self.lookups().fold((0, 0), |(writable, readonly), lookup| {
            (writable + lookup.writable.len(), readonly + lookup.readonly.len())
        })
    }

    /// Refuses what no vault could do: counts beyond the keys, and numbers beyond the accounts.
    #[inline(never)]
    pub fn check(&self) -> Result<(), Error> {
        let (signers, keys) = (usize::from(self.signers), self.keys.len());
        let (writable, readonly) = self.looked_up();
        let total = keys + writable + readonly;
        let counts = signers <= keys
            && self.writable_signers <= self.signers
            && usize::from(self.writable_others) <= keys - signers
            && total <= MOST_KEYS;
        let mut instructions = self.instructions();
        let known = |number: &u8| usize::from(*number) < total;
        // A program is a key of the message itself, never a table's.
        let sound = counts
            && instructions.all(|one| usize::from(one.program) < keys && one.accounts.iter().all(known));
        interface::errors::require(sound, MALFORMED)
    }

    /// Whether the account of this number has to sign.
    pub fn signs(&self, number: usize) -> bool {
        number < usize::from(self.signers)
    }

    /// Whether the account of this number is written.
    pub fn writes(&self, number: usize) -> bool {
        let (signers, keys) = (usize::from(self.signers), self.keys.len());
        if number < signers {
            number < usize::from(self.writable_signers)
        } else if number < keys {
            number - signers < usize::from(self.writable_others)
        } else {
            number - keys < self.looked_up().0
        }
    }

    /// Bytes that it takes in an account.
    pub fn stored_length(&self) -> usize {
        let instructions: usize =
            self.instructions().map(|one| 1 + 4 + one.accounts.len() + 4 + one.data.len()).sum();
        let lookups: usize =
            self.lookups().map(|one| 32 + 4 + one.writable.len() + 4 + one.readonly.len()).sum();
        3 + 4 + 32 * self.keys.len() + 4 + instructions + 4 + lookups
    }

    /// Writes it as an account has it; there must be room.
    #[inline(never)]
    pub fn store(&self, out: &mut [u8]) {
        let mut writer = Writer { out, at: 0 };
        writer.bytes(&[self.signers, self.writable_signers, self.writable_others]);
        writer.count(self.keys.len());
        for key in self.keys {
            writer.bytes(key.as_array());
        }
        writer.count(self.instructions.count as usize);
        for one in self.instructions() {
            writer.bytes(&[one.program]);
            writer.vector(one.accounts);
            writer.vector(one.data);
        }
        writer.count(self.lookups.count as usize);
        for one in self.lookups() {
            writer.bytes(one.table.as_array());
            writer.vector(one.writable);
            writer.vector(one.readonly);
        }
    }
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn count(&mut self, count: usize) {
        self.bytes(&(count as u32).to_le_bytes());
    }

    fn vector(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two keys of which the first signs and is written, one instruction, one table.
    fn argument() -> [u8; 3 + 1 + 64 + 1 + 1 + 1 + 2 + 2 + 3 + 1 + 32 + 1 + 1 + 1 + 2] {
        let mut bytes = [0; 116];
        bytes[..4].copy_from_slice(&[1, 1, 0, 2]);
        bytes[4..36].fill(1);
        bytes[36..68].fill(2);
        bytes[68..78].copy_from_slice(&[1, 1, 2, 0, 4, 3, 0, 7, 8, 9]);
        bytes[78] = 1;
        bytes[79..111].fill(3);
        bytes[111..].copy_from_slice(&[1, 5, 2, 6, 7]);
        bytes
    }

    #[test]
    fn what_is_stored_is_what_was_given() {
        let bytes = argument();
        let given = Message::read(&bytes, Form::Argument).expect("well formed");
        assert_eq!(given.check(), Ok(()));
        let mut stored = [0; 512];
        let length = given.stored_length();
        given.store(&mut stored[..length]);
        let kept = Message::read(&stored[..length], Form::Account).expect("well formed");
        assert_eq!(kept.check(), Ok(()));
        assert_eq!(kept.stored_length(), length);
        assert_eq!((kept.keys, kept.tables(), kept.looked_up()), (given.keys, 1, (1, 2)));
        let one = kept.instructions().next().expect("one");
        assert_eq!((one.program, one.accounts, one.data), (1, &[0, 4][..], &[7, 8, 9][..]));
        assert_eq!([0, 1, 2, 3, 4].map(|number| kept.writes(number)), [true, false, true, false, false]);
        assert_eq!([0, 1, 2].map(|number| kept.signs(number)), [true, false, false]);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_refused() {
        let bytes = argument();
        for length in 0..bytes.len() {
            assert!(Message::read(&bytes[..length], Form::Argument).is_err());
        }
        let mut longer = [0; 117];
        longer[..116].copy_from_slice(&bytes);
        assert!(Message::read(&longer, Form::Argument).is_err());
        assert!(Message::read(&bytes, Form::Account).is_err());
    }

    #[test]
    fn numbers_beyond_the_accounts_are_refused() {
        for (at, value) in [(0, 3), (1, 2), (2, 2), (69, 2), (72, 5)] {
            let mut bytes = argument();
            bytes[at] = value;
            let message = Message::read(&bytes, Form::Argument).expect("well formed");
            assert_eq!(message.check(), Err(MALFORMED), "byte {at}");
        }
    }
}
