//! One file an instruction. Each reads its data, then checks in one order: enough accounts, signers, writables, programs and
//! sysvars, owners, discriminators, addresses, relations, arguments, and last the state; only then it changes anything.
#![deny(clippy::arithmetic_side_effects)]

pub mod accept_authority;
pub mod capture_slot_hash;
pub mod claim_prize;
pub mod close_market;
pub mod close_opinion;
pub mod collect_fee;
pub mod create_market;
pub mod deposit_bond;
pub mod expire_market;
pub mod finish_market;
pub mod fulfill_vrf_external;
pub mod fulfill_vrf_randomness;
pub mod initialize;
pub mod propose_authority;
pub mod rearm_slot_hash;
pub mod record_sentiment;
pub mod recover_stake;
pub mod request_vrf_randomness;
pub mod revoke_randomness_key;
pub mod run_lottery_with_vrf;
pub mod set_paused;
pub mod set_randomness;
pub mod stake_opinion;
pub mod withdraw_bond;

#[cfg(test)]
use crate::accounts::Role;
use crate::errors::{Error, Outcome};
use pinocchio::{AccountView, Address};

/// What the runtime hands over. One argument, as functions of this target take five words and no more.
pub struct Call<'a> {
    pub program_id: &'a Address,
    pub accounts: &'a [AccountView],
    pub data: &'a [u8],
}

/// Declares which instruction has which discriminator.
macro_rules! instructions {
    ($($name:ident $discriminator:literal;)*) => {
        /// Hands a call to its instruction, without the discriminator.
        #[inline(always)]
        pub fn dispatch(mut call: Call) -> Outcome {
            let (discriminator, arguments) = call
                .data
                .split_first_chunk::<8>()
                .ok_or(Error::InvalidInstructionData)?;
            call.data = arguments;
            match u64::from_le_bytes(*discriminator) {
                $(discriminator if discriminator == u64::from_le_bytes(*$discriminator) => {
                    $name::process(&call)
                })*
                _ => Err(Error::UnknownInstruction.into()),
            }
        }

        #[cfg(test)]
        pub const ALL: &[(&str, &[u8; 8], &[Role])] =
            &[$((stringify!($name), $discriminator, &$name::ACCOUNTS),)*];
    };
}

instructions! {
    initialize b"\xaf\xaf\x6d\x1f\x0d\x98\x9b\xed";
    propose_authority b"\x14\x94\xec\xc6\x4c\x77\x63\x8e";
    accept_authority b"\x6b\x56\xc6\x5b\x21\x0c\x6b\xa0";
    set_paused b"\x5b\x3c\x7d\xc0\xb0\xe1\xa6\xda";
    set_randomness b"\xcf\x6e\xbd\x75\xe2\x73\xa4\xd6";
    revoke_randomness_key b"\xe7\x26\xee\x99\xe5\xeb\x3c\x33";
    deposit_bond b"\x78\x59\x12\xfd\x70\x7d\x57\xff";
    withdraw_bond b"\xde\xc7\x8d\x1f\xbc\x5d\x9b\x28";
    create_market b"\x67\xe2\x61\xeb\xc8\xbc\xfb\xfe";
    stake_opinion b"\xc5\xa9\xa2\x48\xe6\x45\x94\xcf";
    close_market b"\x58\x9a\xf8\xba\x30\x0e\x7b\xf4";
    record_sentiment b"\x0f\xc7\xd4\x76\x05\xef\x07\xe9";
    request_vrf_randomness b"\x98\x8d\x56\xdd\xff\x42\x95\xab";
    capture_slot_hash b"\x0c\x7f\xa3\x45\x46\x6f\xde\x39";
    rearm_slot_hash b"\x74\x9a\x4a\x19\xa9\x0e\x4c\x73";
    fulfill_vrf_randomness b"\xf2\xde\x13\x36\x40\x2e\xea\x8a";
    fulfill_vrf_external b"\x5b\xf9\x69\x9e\x9a\x8f\xe1\x96";
    run_lottery_with_vrf b"\xb2\x33\x87\x83\xbe\x49\x85\x37";
    claim_prize b"\x9d\xe9\x8b\x79\xf6\x3e\xea\xeb";
    recover_stake b"\xdf\xee\x03\xd2\x19\xcc\xfd\x8c";
    collect_fee b"\x3c\xad\xf7\x67\x04\x5d\x82\x30";
    expire_market b"\xd5\xbf\xf9\x33\x3f\xa8\xba\xb4";
    close_opinion b"\x19\xf6\x5e\xb0\xf0\xf1\x49\x32";
    finish_market b"\xc8\xd8\x3a\x02\xe0\xcc\x97\x1a";
}
