//! Time as the runtime has it.

use interface::Outcome;
use pinocchio::sysvars::{clock::Clock, Sysvar};

/// Seconds since 1970.
#[inline(never)]
pub fn now() -> Outcome<i64> {
    Ok(Clock::get()?.unix_timestamp)
}
