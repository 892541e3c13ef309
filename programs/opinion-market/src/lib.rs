//! Opinion Markets on chain. What it keeps and does is in docs/protocol.md.
#![no_std]

mod accounts;
mod address;
mod arguments;
mod clock;
mod constants;
mod errors;
mod events;
#[cfg(test)]
mod idl_test;
mod instructions;
mod keys;
mod math;
mod rent;
mod slot_hashes;
mod state;
mod system;
mod token;

use core::{mem::MaybeUninit, slice::from_raw_parts};
use pinocchio::{entrypoint::deserialize, AccountView};

/// No instruction takes more accounts; those beyond are skipped.
const MOST_ACCOUNTS: usize = 9;

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
