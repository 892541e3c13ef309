//! The accounts, one file each: their layouts are the interface's, byte for byte.

mod batch;
mod config_action;
mod config_transaction;
mod message;
mod multisig;
mod program_config;
mod proposal;
mod spending_limit;
mod transaction_buffer;
mod vault_transaction;

pub use batch::{Batch, BatchTransaction};
pub use config_action::{Action, Actions};
pub use config_transaction::ConfigTransaction;
pub use message::{Compiled, Message};
pub use multisig::{Member, Multisig, EXECUTE, INITIATE, MOST_MEMBERS, VOTE};
pub use program_config::ProgramConfig;
pub use proposal::{Proposal, Status};
pub use spending_limit::{Limit, SpendingLimit};
pub use transaction_buffer::{Opening, TransactionBuffer};
pub use vault_transaction::{Payload, VaultTransaction};

use pinocchio::Address;

/// What a transaction of any kind begins with.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Origin {
    pub multisig: Address,
    pub creator: Address,
    pub index: [u8; 8],
    pub bump: u8,
}

pub const ORIGIN: usize = 73;
const _: () = assert!(size_of::<Origin>() == ORIGIN && align_of::<Origin>() == 1);

impl Origin {
    pub fn index(&self) -> u64 {
        u64::from_le_bytes(self.index)
    }
}
