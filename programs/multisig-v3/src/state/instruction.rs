use crate::address::{INSTRUCTION, SQUAD};
use interface::{
    address::is_derived,
    arguments::{Arguments, Plain},
    data::{begin, bytes, open},
    errors::{at_fault, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\xee\xb9\x7e\x95\xbd\x59\xff\x5c";

/// An account of an instruction, and what is asked of it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Meta {
    pub pubkey: Address,
    signer: u8,
    writable: u8,
}

const _: () = assert!(size_of::<Meta>() == 34 && align_of::<Meta>() == 1);

// SAFETY: 34 bytes of alignment 1 without padding; the flags are bytes.
unsafe impl Plain for Meta {}

impl Meta {
    pub const fn is_signer(&self) -> bool {
        self.signer != 0
    }

    pub const fn is_writable(&self) -> bool {
        self.writable != 0
    }
}

/// An instruction of a transaction: the argument that it came as, then index, bump and whether it was executed.
pub struct Instruction<'a> {
    pub program_id: &'a Address,
    pub keys: &'a [Meta],
    pub data: &'a [u8],
    pub index: u8,
    pub executed: bool,
}

/// What lies behind the argument.
const TAIL: usize = 3;

impl<'a> Instruction<'a> {
    /// Refuses an argument that is not Borsh's for an instruction, to the last byte and flag.
    pub fn check(argument: &[u8]) -> Result<(), Anchor> {
        let mut arguments = Arguments::new(argument);
        let (_, keys, _) = parse(&mut arguments)?;
        arguments.end()?;
        if keys.iter().any(|key| key.signer > 1 || key.writable > 1) {
            return Err(Anchor::InstructionDidNotDeserialize);
        }
        Ok(())
    }

    /// Bytes of the account that keeps it.
    pub const fn length(argument: &[u8]) -> usize {
        8 + argument.len() + TAIL
    }

    /// Writes a new one, over zeros.
    pub fn begin(view: &AccountView, argument: &[u8], index: u8, bump: u8) -> Result<(), Anchor> {
        let data = begin(view, &DISCRIMINATOR)?;
        let (place, tail) =
            data.split_at_mut_checked(argument.len()).ok_or(Anchor::AccountDidNotDeserialize)?;
        place.copy_from_slice(argument);
        tail.copy_from_slice(&[index, bump, 0]);
        Ok(())
    }

    /// The instruction of an account, checked to be the transaction's and at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, transaction: &AccountView, program: &Address) -> Outcome<Self> {
        let data = open("instruction", view, &DISCRIMINATOR, program)?;
        let (instruction, bump) =
            Self::read(data).map_err(|_| at_fault("instruction", Anchor::AccountDidNotDeserialize))?;
        let index = [instruction.index];
        let seeds = [SQUAD, transaction.address().as_array(), &index, INSTRUCTION];
        let derived = is_derived(view.address(), &seeds, bump, program);
        require_of("instruction", derived, Anchor::ConstraintSeeds)?;
        Ok(instruction)
    }

    fn read(data: &'a [u8]) -> Result<(Self, u8), Anchor> {
        let mut arguments = Arguments::new(data);
        let (program_id, keys, data) = parse(&mut arguments)?;
        let [index, bump, executed] = *arguments.array::<TAIL>()?;
        Ok((Self { program_id, keys, data, index, executed: executed != 0 }, bump))
    }

    /// Remembers that it was executed alone. Nothing else of the account may be borrowed.
    pub fn mark_executed(view: &AccountView) {
        if let Some(executed) = bytes(view).last_mut() {
            *executed = 1;
        }
    }
}

type Parts<'a> = (&'a Address, &'a [Meta], &'a [u8]);

fn parse<'a>(arguments: &mut Arguments<'a>) -> Result<Parts<'a>, Anchor> {
    let program_id = arguments.address()?;
    let count = arguments.u32()?;
    Ok((program_id, arguments.list(count)?, arguments.bytes()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENT: usize = 76;

    /// Program, one account, two bytes of data; behind it index, bump and executed.
    fn stored() -> [u8; ARGUMENT + TAIL] {
        let mut stored = [0; ARGUMENT + TAIL];
        stored[32] = 1;
        stored[68] = 1;
        stored[70] = 2;
        stored[ARGUMENT..].copy_from_slice(&[3, 254, 0]);
        stored
    }

    #[test]
    fn an_argument_is_taken_to_the_last_byte() {
        let argument = stored();
        for length in 0..argument.len() {
            assert_eq!(Instruction::check(&argument[..length]).is_ok(), length == ARGUMENT);
        }
    }

    #[test]
    fn flags_are_bools() {
        for at in [68, 69] {
            let mut argument = stored();
            argument[at] = 2;
            assert!(Instruction::check(&argument[..ARGUMENT]).is_err());
        }
    }

    #[test]
    fn what_is_stored_reads_back() {
        let stored = stored();
        let (instruction, bump) = Instruction::read(&stored).unwrap_or_else(|_| unreachable!());
        assert_eq!((instruction.index, bump, instruction.executed), (3, 254, false));
        assert!(instruction.keys[0].is_signer() && !instruction.keys[0].is_writable());
        assert_eq!(instruction.data, &[0, 0]);
    }
}
