//! Calling another program with an instruction that an account keeps.

use crate::{authority::Authority, errors::Error, state::Instruction};
use core::{mem::MaybeUninit, slice::from_raw_parts};
use interface::{errors::require, Outcome};
use pinocchio::{
    cpi::{invoke_signed_unchecked, CpiAccount, Signer},
    entrypoint::HEAP_START_ADDRESS,
    instruction::{InstructionAccount, InstructionView},
    AccountView,
};

/// The accounts that one instruction may name, repeated ones counted; they are counted in a byte on the wire.
const MOST_ACCOUNTS: usize = 255;

type Metas<'a> = [MaybeUninit<InstructionAccount<'a>>; MOST_ACCOUNTS];
type Infos<'a> = [MaybeUninit<CpiAccount<'a>>; MOST_ACCOUNTS];

/// Where they lie, as the stack is too small and there is no allocator: one after the other on the heap.
const METAS: u64 = HEAP_START_ADDRESS;
const INFOS: u64 = METAS + size_of::<Metas>() as u64;
const _: () = assert!(INFOS + size_of::<Infos>() as u64 <= METAS + 32 * 1024);

/// The program and the accounts that the caller passed for an instruction, in its order.
pub struct Passed<'a, I> {
    pub program: &'a AccountView,
    pub accounts: I,
}

/// Calls the program, after checking that the accounts passed are those that were voted on. The stored flags decide what is
/// signed and written: the runtime refuses more than the transaction itself grants, or the signer's seeds do.
#[inline(always)]
pub fn invoke<'a, I>(instruction: &Instruction, passed: Passed<'a, I>, authority: &Authority) -> Outcome
where
    I: Iterator<Item = Result<&'a AccountView, Error>>,
{
    let Passed { program, accounts } = passed;
    require(instruction.program_id == program.address(), Error::InvalidInstructionAccount)?;
    require(instruction.keys.len() <= MOST_ACCOUNTS, Error::InvalidNumberOfAccounts)?;
    // SAFETY: the two areas of the heap are apart, aligned and zeros or what an earlier call left, which is not read, and
    // nothing else uses the heap.
    let (metas, infos) = unsafe { (&mut *(METAS as *mut Metas<'a>), &mut *(INFOS as *mut Infos<'a>)) };
    let mut count = 0;
    for (key, account) in instruction.keys.iter().zip(accounts) {
        let account = account?;
        require(key.pubkey == *account.address(), Error::InvalidInstructionAccount)?;
        metas[count].write(InstructionAccount::new(account.address(), key.is_writable(), key.is_signer()));
        CpiAccount::init_from_account_view(account, &mut infos[count]);
        count += 1;
    }
    require(count == instruction.keys.len(), Error::InvalidNumberOfAccounts)?;
    // SAFETY: the first `count` of each were written.
    let (metas, infos) = unsafe {
        (from_raw_parts(metas.as_ptr().cast(), count), from_raw_parts(infos.as_ptr().cast(), count))
    };
    let view = InstructionView { program_id: program.address(), data: instruction.data, accounts: metas };
    let seeds = authority.seeds();
    let signers = [Signer::from(&seeds)];
    // SAFETY: nothing of an account that the callee may write is read through a reference from before the call after it.
    unsafe { invoke_signed_unchecked(&view, infos, &signers) };
    Ok(())
}
