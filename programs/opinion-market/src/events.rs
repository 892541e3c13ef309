//! What the program logs as `Program data:`, byte for byte as in the IDL.

use crate::state::integer::{I64, U32, U64};

/// Declares an event: its discriminator, then its fields without padding.
macro_rules! events {
    ($($name:ident $discriminator:literal { $($field:ident: $kind:ty,)* })*) => {
        $(
            #[doc = concat!("The IDL's `", stringify!($name), "`.")]
            #[derive(Clone, Copy)]
            #[repr(C)]
            #[allow(missing_docs)]
            pub struct $name {
                $(pub $field: $kind,)*
            }

            impl $name {
                /// Logs it.
                #[inline(always)]
                pub fn emit(self) {
                    #[repr(C)]
                    struct Logged([u8; 8], $name);
                    const _: () = assert!(align_of::<Logged>() == 1);
                    let logged = Logged(*$discriminator, self);
                    // SAFETY: the struct is `repr(C)` with fields of alignment 1, so it has no padding: all bytes are set.
                    let bytes = unsafe {
                        core::slice::from_raw_parts((&raw const logged).cast(), size_of::<Logged>())
                    };
                    runtime::log::data(bytes);
                }
            }
        )*

        #[cfg(test)]
        pub const ALL: &[(&str, &[u8; 8], usize)] = &[
            $((stringify!($name), $discriminator, size_of::<$name>()),)*
        ];
    };
}

events! {
    ConfigInitialized b"\x16\xa7\xc0\x32\xdc\x14\x0a\x47" {
        admin: [u8; 32],
        oracle: [u8; 32],
        treasury: [u8; 32],
        guardian: [u8; 32],
        randomness_key: [u8; 32],
    }
    AuthorityProposed b"\xdd\x1b\x49\xc6\xfc\xa9\xe7\xe0" {
        role: u8,
        key: [u8; 32],
    }
    AuthorityAccepted b"\xaa\xe7\x8d\xf3\x86\xca\xce\x7c" {
        role: u8,
        key: [u8; 32],
    }
    PausedSet b"\xd2\xf6\xbb\xad\x05\xc1\x8e\x14" {
        authority: [u8; 32],
        paused: u8,
    }
    RandomnessSet b"\x45\x29\xf0\x23\x32\x8f\x4e\x4e" {
        randomness_provider: u8,
        bond_share_bps: U32,
    }
    RandomnessKeyRevoked b"\xa5\xa3\xa7\xf3\xfe\xaa\x07\x9b" {
        key: [u8; 32],
    }
    BondDeposited b"\x7e\x15\x24\x32\x5a\x44\x32\xdf" {
        depositor: [u8; 32],
        amount: U64,
    }
    BondWithdrawn b"\x01\x16\x73\xb0\x0f\xf8\x7b\x97" {
        destination: [u8; 32],
        amount: U64,
    }
    MarketCreated b"\x82\x8e\x05\x10\x6b\xa0\x49\x7c" {
        market: [u8; 32],
        creator: [u8; 32],
        closes_at: I64,
        statement_hash: [u8; 32],
    }
    OpinionStaked b"\x96\x2c\xbd\x9f\x17\xe7\x1a\x51" {
        market: [u8; 32],
        staker: [u8; 32],
        start: U64,
        stake: U64,
        staker_count: U32,
        total_stake: U64,
    }
    MarketClosed b"\x40\xc1\x75\x8a\x13\x0b\x54\x2c" {
        market: [u8; 32],
        staker_count: U32,
        total_stake: U64,
    }
    SentimentRecorded b"\xf1\xc6\x40\x13\x19\xfc\xa5\x55" {
        market: [u8; 32],
        score: u8,
        confidence: u8,
        summary_hash: [u8; 32],
    }
    VrfRandomnessRequested b"\x69\x43\xef\x21\xac\x4f\xc2\x6f" {
        market: [u8; 32],
        target_slot: U64,
        bond: U64,
    }
    SlotHashCaptured b"\x52\x24\xd7\x68\xf5\x3a\x09\x06" {
        market: [u8; 32],
        slot: U64,
        slot_hash: [u8; 32],
        alpha: [u8; 32],
    }
    SlotHashRearmed b"\x4e\x0b\x2a\x96\xab\xfb\xcb\x8a" {
        market: [u8; 32],
        target_slot: U64,
    }
    VrfRandomnessFulfilled b"\x03\x6d\x0e\xaa\x8c\x48\x16\xce" {
        market: [u8; 32],
        output: [u8; 64],
    }
    LotterySettled b"\x2d\x4f\xd2\x3b\x1d\x31\xbb\x22" {
        market: [u8; 32],
        winner: [u8; 32],
        draw: U64,
        prize: U64,
        fee: U64,
    }
    PrizeClaimed b"\xc5\x46\x55\xea\xeb\x08\x06\xf1" {
        market: [u8; 32],
        winner: [u8; 32],
        destination: [u8; 32],
        amount: U64,
    }
    StakeRecovered b"\xee\xdf\xca\xed\xbc\xd5\x35\xc9" {
        market: [u8; 32],
        staker: [u8; 32],
        destination: [u8; 32],
        stake: U64,
        bond_share: U64,
    }
    FeeCollected b"\x8e\xfd\x5e\x85\xbb\xbf\x2e\x28" {
        market: [u8; 32],
        destination: [u8; 32],
        amount: U64,
    }
    MarketRefunding b"\xce\x3a\x71\x3f\xd9\x0e\x05\x13" {
        market: [u8; 32],
        reason: u8,
        bond: U64,
    }
    OpinionClosed b"\xc3\xa1\x0d\x26\xb3\x95\x9a\xd6" {
        market: [u8; 32],
        staker: [u8; 32],
    }
    MarketFinished b"\x4f\xb5\xf8\xcc\xe5\x36\x03\x77" {
        market: [u8; 32],
        swept: U64,
    }
}
