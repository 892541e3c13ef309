//! The accounts, one file each: their layouts are the interface's, byte for byte.

mod instruction;
mod multisig;
mod transaction;

pub use instruction::Instruction;
pub use multisig::{Multisig, MOST_MEMBERS};
pub use transaction::{Opening, Status, Transaction};
