use crate::{
    state::Status,
    voting::{count, Counted},
};
use interface::{votes::List, Call, Outcome};

/// Approves an active transaction; the approval that reaches the threshold makes it ready.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Counted { multisig, mut transaction, votes } = count(call, List::Approved, List::Rejected)?;
    if votes >= multisig.threshold() {
        transaction.set(Status::ExecuteReady);
    }
    Ok(())
}
