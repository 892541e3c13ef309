//! The seeds of the interface. They differ in number, length or words, so no kind can stand in for another.

pub const MULTISIG: &[u8] = b"multisig";
pub const PROGRAM_CONFIG: &[u8] = b"program_config";
pub const VAULT: &[u8] = b"vault";
pub const TRANSACTION: &[u8] = b"transaction";
pub const PROPOSAL: &[u8] = b"proposal";
pub const BATCH_TRANSACTION: &[u8] = b"batch_transaction";
pub const EPHEMERAL_SIGNER: &[u8] = b"ephemeral_signer";
pub const SPENDING_LIMIT: &[u8] = b"spending_limit";
pub const TRANSACTION_BUFFER: &[u8] = b"transaction_buffer";
