//! The seeds of the interface. They differ in length, so no kind can stand in for another.

pub const SQUAD: &[u8] = b"squad";
pub const MULTISIG: &[u8] = b"multisig";
pub const TRANSACTION: &[u8] = b"transaction";
pub const INSTRUCTION: &[u8] = b"instruction";
pub const AUTHORITY: &[u8] = b"authority";
