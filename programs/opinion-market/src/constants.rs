//! The protocol's numbers, as in docs/protocol.md.

use pinocchio::Address;

/// What a market costs its creator, in USDC base units.
pub const CREATE_FEE: u64 = 5_000_000;
pub const MIN_STAKE: u64 = 500_000;
pub const MAX_STAKE: u64 = 10_000_000;
pub const FEE_BPS: u32 = 1_000;
pub const MAX_STATEMENT_BYTES: usize = 280;
pub const MAX_CID_BYTES: usize = 64;
/// Seconds a market may run: 24 hours, 3, 7 and 14 days.
pub const DURATIONS: [u64; 4] = [86_400, 259_200, 604_800, 1_209_600];
/// Seconds after `closes_at` from which randomness can no longer be requested.
pub const REQUEST_DEADLINE: i64 = 1_209_600;
/// Seconds after `requested_at` from which randomness can no longer be fulfilled.
pub const RANDOMNESS_DEADLINE: i64 = 86_400;
/// Seconds after `requested_at` from which a lapsed request can be re-armed.
pub const REARM_DELAY: i64 = 3_600;
/// Slots between a request and the slot whose hash it takes.
pub const TARGET_SLOT_DELAY: u64 = 8;
pub const MIN_BOND_SHARE_BPS: u32 = 10_000;
pub const MAX_BOND_SHARE_BPS: u32 = 100_000;
pub const ALPHA_TAG: &[u8; 27] = b"opinion-market/vrf-alpha/v1";
pub const MAX_SCORE: u8 = 100;
pub const MAX_CONFIDENCE: u8 = 2;
pub const MIN_STAKERS: u32 = 2;
pub const USDC_DECIMALS: u8 = 6;
/// The version of every account's layout.
pub const VERSION: u8 = 1;

pub const TOKEN_PROGRAM: Address = pinocchio_token::ID;
pub const SYSTEM_PROGRAM: Address = pinocchio_system::ID;
pub const ASSOCIATED_TOKEN_PROGRAM: Address =
    Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
pub const UPGRADEABLE_LOADER: Address =
    Address::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
pub const ORAO_PROGRAM: Address = Address::from_str_const("VRFzZoJdhFWL8rkvu87LpKM3RbcVezpMEc6X5GVDr7y");
pub const SLOT_HASHES: Address = Address::from_str_const("SysvarS1otHashes111111111111111111111111111");
