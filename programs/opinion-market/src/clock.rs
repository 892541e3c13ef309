//! Time as the runtime has it.
#![deny(clippy::arithmetic_side_effects)]

use crate::errors::Outcome;
use pinocchio::sysvars::{clock::Clock, Sysvar};

/// The Clock sysvar.
#[inline(always)]
pub fn now() -> Outcome<Clock> {
    Ok(Clock::get()?)
}

/// Whether `now` has reached `seconds` after `since`; a sum beyond all time is never reached.
#[inline(always)]
pub fn reached(now: i64, since: i64, seconds: i64) -> bool {
    since.checked_add(seconds).is_some_and(|deadline| now >= deadline)
}
