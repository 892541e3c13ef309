"""What is said before anything is sent."""

from dataclasses import replace

import pytest
from solders.pubkey import Pubkey

from chain.multisig import rules
from chain.multisig.model import EVERY_ROLE, Member, Multisig, Proposal, Roles, Status
from chain.multisig.pinned import Pinned, differences
from chain.multisig.v4.adapter import SquadsV4
from chain.units import Seconds, UnixTime

A, B, C, STRANGER, CREATE = (Pubkey(bytes((n,)) * 32) for n in range(1, 6))
V4 = SquadsV4()
MULTISIG = Multisig(
    address=V4.address(CREATE),
    program=V4.program,
    create_key=CREATE,
    members=(Member(A, EVERY_ROLE), Member(B, Roles.VOTE), Member(C, Roles.INITIATE | Roles.EXECUTE)),
    threshold=2,
    time_lock=Seconds(100),
    config_authority=None,
    last_index=9,
    stale_index=3,
    stale_changes_execute=False,
)
PROPOSAL = Proposal(MULTISIG.address, 5, A, Status.ACTIVE, UnixTime(1000), (), (), ())
APPROVED = replace(PROPOSAL, status=Status.APPROVED, approved=(A, B))
PINNED = Pinned(MULTISIG.address, CREATE, frozenset(MULTISIG.members), 2, Seconds(100))


def test_only_voters_vote_and_only_on_what_is_active_and_fresh() -> None:
    assert rules.against_vote(MULTISIG, PROPOSAL, A) is None
    assert rules.against_vote(MULTISIG, PROPOSAL, B) is None
    for key in (C, STRANGER):
        assert rules.against_vote(MULTISIG, PROPOSAL, key) == f"{key} may not vote in multisig {MULTISIG.address}"
    for status in set(Status) - {Status.ACTIVE}:
        assert f"is {status.value}" in (rules.against_vote(MULTISIG, replace(PROPOSAL, status=status), A) or "")
    for index, stale in ((3, True), (4, False)):
        why = rules.against_vote(MULTISIG, replace(PROPOSAL, index=index), A)
        assert ("stale" in (why or "")) is stale


@pytest.mark.parametrize("now", [1000, 1099, 1100])
def test_the_time_lock_runs_from_the_approval(now: int) -> None:
    why = rules.against_execution(MULTISIG, APPROVED, C, UnixTime(now), changes_multisig=False)
    assert why == (None if now == 1100 else f"proposal 5 is under its time lock for {1100 - now} s more")


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("v3", [True, False])
def test_a_stale_approved_proposal_is_executed_but_for_a_change_under_v4(changes: bool, v3: bool) -> None:
    multisig = replace(MULTISIG, stale_changes_execute=v3)
    why = rules.against_execution(multisig, replace(APPROVED, index=3), A, UnixTime(2000), changes_multisig=changes)
    assert why == (
        "proposal 3 changes the multisig and is stale: it can never be executed" if changes and not v3 else None
    )


def test_who_may_not_execute_is_told() -> None:
    assert "may not execute" in (
        rules.against_execution(MULTISIG, APPROVED, B, UnixTime(2000), changes_multisig=False) or ""
    )
    why = rules.against_execution(MULTISIG, PROPOSAL, A, UnixTime(2000), changes_multisig=False)
    assert why == "proposal 5 is active, and only approved ones are executed"


def test_what_is_approved_is_called_off_once_by_each_voter_stale_or_not() -> None:
    assert rules.against_cancel(MULTISIG, replace(APPROVED, index=1), A) is None
    assert "before" in (rules.against_cancel(MULTISIG, replace(APPROVED, cancelled=(A,)), A) or "")
    assert "is active" in (rules.against_cancel(MULTISIG, PROPOSAL, A) or "")
    assert "may not vote" in (rules.against_cancel(MULTISIG, APPROVED, C) or "")


def test_who_is_missing() -> None:
    one = replace(PROPOSAL, approved=(A,))
    assert (rules.missing_approvals(MULTISIG, one), rules.not_voted(MULTISIG, one)) == (1, (B,))
    assert (rules.missing_approvals(MULTISIG, APPROVED), rules.not_voted(MULTISIG, APPROVED)) == (0, ())


def test_what_is_as_agreed_differs_in_nothing() -> None:
    assert differences(PINNED, V4, MULTISIG) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(MULTISIG, config_authority=STRANGER), f"{STRANGER} can change the multisig without anybody's vote"),
        (replace(MULTISIG, threshold=1), "the threshold is 1, and 2 was agreed on"),
        (replace(MULTISIG, time_lock=Seconds(0)), "the time lock is 0 s, and 100 s were agreed on"),
        (replace(MULTISIG, members=MULTISIG.members[:2]), f"{C} is no member any more who may propose, execute"),
        (
            replace(MULTISIG, members=(*MULTISIG.members, Member(STRANGER, Roles.VOTE))),
            f"{STRANGER} is a member who may vote, which was not agreed on",
        ),
        (
            replace(MULTISIG, address=V4.address(STRANGER), create_key=STRANGER),
            f"{V4.address(STRANGER)} of create key {STRANGER} is another multisig than {MULTISIG.address}",
        ),
    ],
)
def test_every_difference_is_said(found: Multisig, said: str) -> None:
    assert differences(PINNED, V4, found) == [said]


def test_a_member_with_another_role_is_two_differences() -> None:
    found = replace(MULTISIG, members=(Member(A, EVERY_ROLE), Member(B, Roles.VOTE), Member(C, EVERY_ROLE)))
    assert len(differences(PINNED, V4, found)) == 2


def test_a_pinned_address_that_is_not_its_create_keys_is_told() -> None:
    look_alike = V4.address(STRANGER)
    said = differences(replace(PINNED, address=look_alike), V4, replace(MULTISIG, address=look_alike))
    assert said == [f"{look_alike} does not follow from the create key {CREATE}: one of the two is wrong"]
