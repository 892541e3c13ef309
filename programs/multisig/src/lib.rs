//! A multisig with the interface of Squads v4, written for the localnet and tests: programs/README.md says how it behaves.
//! It is never deployed elsewhere.
#![no_std]

mod address;
mod clock;
mod errors;
mod execution;
mod instructions;
mod state;

interface::entrypoint!(instructions::dispatch);
