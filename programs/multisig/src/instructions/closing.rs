//! Giving back the rent of what nothing can come of any more, to whom the multisig names for that.

use crate::{
    address::{MULTISIG, PROPOSAL, TRANSACTION},
    errors::Error,
    state::{Batch, BatchTransaction, ConfigTransaction, Multisig, Proposal, Status, VaultTransaction},
};
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::{require, require_of},
    system::close,
    Call, Outcome,
};
use pinocchio::{AccountView, Address};

const ACCOUNTS: [Role; 5] = [
    read("multisig"),
    read("proposal").writable(),
    read("transaction").writable(),
    read("rent_collector").writable(),
    read("system_program"),
];
const BATCH: [Role; 5] = [
    read("multisig"),
    read("proposal").writable(),
    read("batch").writable(),
    read("rent_collector").writable(),
    read("system_program"),
];
const MEMBER: [Role; 6] = [
    read("multisig"),
    read("proposal"),
    read("batch").writable(),
    read("transaction").writable(),
    read("rent_collector").writable(),
    read("system_program"),
];

/// What can still come of an approved proposal that is stale: a vault's still executes, a change of the multisig never.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StaleApproved {
    Executes,
    IsDead,
}

/// A change of the multisig, and its proposal.
#[inline(never)]
pub fn config_transaction(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, proposal, transaction, collector, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let index = ConfigTransaction::load(transaction, view, program_id)?.origin.index();
    let ending = Ending { view, proposal, collector, program: program_id };
    ending.end(index, StaleApproved::IsDead)?;
    close(transaction, collector)
}

/// What a vault was to do, and its proposal.
#[inline(never)]
pub fn vault_transaction(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, proposal, transaction, collector, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let index = VaultTransaction::load(transaction, view, program_id)?.origin.index();
    let ending = Ending { view, proposal, collector, program: program_id };
    ending.end(index, StaleApproved::Executes)?;
    close(transaction, collector)
}

/// A batch without transactions, and its proposal.
#[inline(never)]
pub fn batch(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, proposal, batch_view, collector, system], _) = take(accounts, &BATCH)?;
    system_program(system)?;
    let batch = Batch::load(batch_view, view, program_id)?;
    require(batch.size() == 0, Error::BatchNotEmpty)?;
    let ending = Ending { view, proposal, collector, program: program_id };
    ending.end(batch.origin.index(), StaleApproved::Executes)?;
    close(batch_view, collector)
}

/// The last transaction of a batch that nothing can come of.
#[inline(never)]
pub fn batch_transaction(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, proposal, batch, transaction, collector, system], _) = take(accounts, &MEMBER)?;
    system_program(system)?;
    let batch = Batch::load(batch, view, program_id)?;
    let (index, size) = (batch.origin.index(), batch.size());
    require(size > 0, Error::TransactionNotLastInBatch)?;
    BatchTransaction::load(transaction, view, (index, size), program_id)?;
    let ending = Ending { view, proposal, collector, program: program_id };
    ending.may_end(index, StaleApproved::Executes)?;
    batch.set_size(size - 1);
    close(transaction, collector)
}

/// What is closed, and for whom.
struct Ending<'a> {
    view: &'a AccountView,
    proposal: &'a AccountView,
    collector: &'a AccountView,
    program: &'a Address,
}

impl Ending<'_> {
    /// Closes the proposal of a transaction that nothing can come of, where there is one.
    #[inline(never)]
    fn end(&self, index: u64, stale_approved: StaleApproved) -> Outcome {
        if self.may_end(index, stale_approved)? {
            close(self.proposal, self.collector)?;
        }
        Ok(())
    }

    /// Refuses what something can still come of; says whether there is a proposal.
    #[inline(never)]
    fn may_end(&self, index: u64, stale_approved: StaleApproved) -> Outcome<bool> {
        let multisig = Multisig::load(self.view, self.program)?;
        let Some(collector) = multisig.rent_collector() else {
            return Err(Error::RentReclamationDisabled.into());
        };
        let theirs = collector == *self.collector.address();
        require_of("rent_collector", theirs, Error::InvalidRentCollector)?;
        let (key, number) = (self.view.address().as_array(), index.to_le_bytes());
        let at = find(&[MULTISIG, key, TRANSACTION, &number, PROPOSAL], self.program);
        found("proposal", self.proposal, at)?;
        let stale = multisig.is_stale(index);
        if self.proposal.data_len() == 0 {
            // Nobody proposed it: somebody still may, until it is stale.
            require(stale, Error::InvalidProposalStatus)?;
            return Ok(false);
        }
        let proposal = Proposal::load(self.proposal, self.view, self.program)?;
        let open = proposal.is(Status::Draft) || proposal.is(Status::Active);
        let approved = proposal.is(Status::Approved);
        let lives = if approved && stale_approved == StaleApproved::Executes {
            true
        } else {
            (open || approved) && !stale
        };
        require(!lives, Error::InvalidProposalStatus)?;
        Ok(true)
    }
}
