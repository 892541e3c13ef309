"""What the multisig programs would say, before anything is sent: who may vote, and when what was approved may be done.

The programs decide; this only tells a person in advance, in words. Each function returns None where nothing stands
in the way, or why not, as one sentence without a full stop.
"""

from solders.pubkey import Pubkey

from chain.multisig.model import Multisig, Proposal, Roles, Status
from chain.units import UnixTime


def is_stale(multisig: Multisig, proposal: Proposal) -> bool:
    """Whether it was made before members, threshold or time lock changed last."""
    return proposal.index <= multisig.stale_index


def against_vote(multisig: Multisig, proposal: Proposal, member: Pubkey) -> str | None:
    """Why the member may not approve or reject."""
    if Roles.VOTE not in multisig.roles_of(member):
        return f"{member} may not vote in multisig {multisig.address}"
    if proposal.status is not Status.ACTIVE:
        return f"proposal {proposal.index} is {proposal.status.value}, and only active ones are voted on"
    if is_stale(multisig, proposal):
        return (
            f"proposal {proposal.index} is stale, as the multisig was changed after it was made: "
            "it has to be proposed again"
        )
    return None


def against_cancel(multisig: Multisig, proposal: Proposal, member: Pubkey) -> str | None:
    """Why the member may not call it off. What is stale may be, since it may still be executed."""
    if Roles.VOTE not in multisig.roles_of(member):
        return f"{member} may not vote in multisig {multisig.address}"
    if proposal.status is not Status.APPROVED:
        return f"proposal {proposal.index} is {proposal.status.value}, and only approved ones are called off"
    if member in proposal.cancelled:
        return f"{member} wanted to call off proposal {proposal.index} before"
    return None


def against_execution(
    multisig: Multisig, proposal: Proposal, member: Pubkey, now: UnixTime, *, changes_multisig: bool
) -> str | None:
    """Why the member may not do it now; `now` is the cluster's time."""
    if Roles.EXECUTE not in multisig.roles_of(member):
        return f"{member} may not execute in multisig {multisig.address}"
    if proposal.status is not Status.APPROVED:
        return f"proposal {proposal.index} is {proposal.status.value}, and only approved ones are executed"
    if changes_multisig and is_stale(multisig, proposal) and not multisig.stale_changes_execute:
        return f"proposal {proposal.index} changes the multisig and is stale: it can never be executed"
    released = released_at(multisig, proposal)
    if now < released:
        return f"proposal {proposal.index} is under its time lock for {released - now} s more"
    return None


def released_at(multisig: Multisig, proposal: Proposal) -> UnixTime:
    """When the time lock of an approved proposal ends; it runs from the approval that met the threshold."""
    return UnixTime((proposal.since or 0) + multisig.time_lock)


def missing_approvals(multisig: Multisig, proposal: Proposal) -> int:
    """How many more members have to approve. Those who left count: their votes stand until somebody calls it off."""
    return max(0, multisig.threshold - len(proposal.approved))


def not_voted(multisig: Multisig, proposal: Proposal) -> tuple[Pubkey, ...]:
    """The voters who have neither approved nor rejected."""
    return tuple(key for key in multisig.voters if key not in proposal.approved and key not in proposal.rejected)
