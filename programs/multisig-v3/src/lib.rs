//! A multisig with the interface of Squads v3, written for the localnet and tests: programs/README.md says how it behaves.
//! It is never deployed elsewhere.
#![no_std]

mod address;
mod authority;
mod errors;
mod instructions;
mod invocation;
mod membership;
mod state;
mod voting;

interface::entrypoint!(instructions::dispatch);
