//! Opinion Markets on chain. What it keeps and does is in docs/protocol.md.
#![no_std]

mod accounts;
mod address;
mod arguments;
mod clock;
mod constants;
mod errors;
mod events;
mod instructions;
mod math;
mod rent;
mod slot_hashes;
mod state;
mod system;
mod token;

use pinocchio::{AccountView, Address, ProgramResult};

/// No instruction takes more accounts; those beyond are skipped.
const MOST_ACCOUNTS: usize = 9;

pinocchio::program_entrypoint!(process, { crate::MOST_ACCOUNTS });
runtime::panic_handler!();

#[inline(always)]
fn process(program_id: &Address, accounts: &mut [AccountView], data: &[u8]) -> ProgramResult {
    instructions::dispatch(instructions::Call {
        program_id,
        accounts,
        data,
    })
}
