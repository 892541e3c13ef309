//! What the two multisig programs share: calls, accounts, arguments, and refusals, as Anchor has them on the wire.
#![no_std]

pub mod accounts;
pub mod address;
pub mod arguments;
pub mod call;
pub mod data;
pub mod errors;
#[path = "../../opinion-market/src/rent.rs"]
pub mod rent;
pub mod system;
pub mod votes;

pub use call::Call;
pub use errors::{Anchor, Outcome, Refusal};
