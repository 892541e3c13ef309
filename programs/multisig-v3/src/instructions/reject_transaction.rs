use super::Call;
use crate::{
    errors::Outcome,
    state::{List, Status},
    voting::{count, Counted},
};

/// Rejects an active transaction; it is over once too few are left to approve it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Counted { multisig, mut transaction, votes } = count(call, List::Rejected, List::Approved)?;
    if multisig.is_blocked_by(votes) {
        transaction.set(Status::Rejected);
    }
    Ok(())
}
