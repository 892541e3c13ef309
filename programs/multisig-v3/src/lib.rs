//! A multisig with the interface of Squads v3, written for the localnet and tests: programs/README.md says how it behaves.
//! It is never deployed elsewhere.
#![no_std]

mod accounts;
mod address;
mod arguments;
mod authority;
mod errors;
mod instructions;
mod invocation;
mod membership;
#[path = "../../opinion-market/src/rent.rs"]
mod rent;
mod state;
mod system;
mod voting;

use core::{mem::MaybeUninit, slice::from_raw_parts};
use pinocchio::{entrypoint::deserialize, AccountView};

/// More than a transaction may lock, so that none of an execution's accounts is cut off.
const MOST_ACCOUNTS: usize = 128;

runtime::panic_handler!();

/// Where the runtime starts.
///
/// # Safety
/// `input` must be the runtime's serialized accounts and instruction.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    let mut accounts = [const { MaybeUninit::<AccountView>::uninit() }; MOST_ACCOUNTS];
    // SAFETY: the caller's contract is what `deserialize` asks for.
    let (program_id, count, data) = unsafe { deserialize::<MOST_ACCOUNTS>(input, &mut accounts) };
    // SAFETY: `deserialize` filled the first `count`.
    let accounts = unsafe { from_raw_parts(accounts.as_ptr().cast(), count) };
    match instructions::dispatch(instructions::Call { program_id, accounts, data }) {
        Ok(()) => pinocchio::SUCCESS,
        Err(refusal) => refusal.code(),
    }
}
