use crate::{
    state::Status,
    voting::{count, Counted},
};
use interface::{votes::List, Call, Outcome};

/// Rejects an active transaction; it is over once too few are left to approve it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Counted { multisig, mut transaction, votes } = count(call, List::Rejected, List::Approved)?;
    if multisig.is_blocked_by(votes) {
        transaction.set(Status::Rejected);
    }
    Ok(())
}
