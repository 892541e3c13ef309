"""What the signers' screen says of a multisig."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from solders.pubkey import Pubkey

from chain.multisig.model import Status
from chain.units import Lamports
from console.signer_lines import council_block
from ops.signers.standing import CouncilStanding, Seated, Waiting

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
KEY = Pubkey(bytes((1,)) * 32)
ANA = Seated("Ana", "Lisbon", KEY, "vote", True, Lamports(10**9), True, NOW - timedelta(hours=3))
CRANK = Seated("the oracle", "-", KEY, "propose, execute", False, Lamports(10**9), False)
ASKED = Waiting(7, Status.ACTIVE, False, NOW - timedelta(minutes=5), None, 2, (), ("Ana", "Ben"))
AGENT = "no ssh-agent is here"
COUNCIL = CouncilStanding(
    "settlement", "Squad1", NOW, threshold=3, seats=(ANA, CRANK), open=(ASKED,), agent="no ssh-agent is here"
)


def told(council: CouncilStanding) -> list[str]:
    return council_block(council).plain.splitlines()


def test_a_council_is_told_with_who_could_vote_and_what_waits() -> None:
    assert told(COUNCIL) == [
        "settlement multisig Squad1",
        "3 decide, 1 is ready",
        "  Ana            Lisbon       ready                  1 SOL  seen 3 h ago",
        "  the oracle     -            may not vote           1 SOL  never seen",
        "  no ssh-agent is here",
        "  proposal 7: active since 02:55 UTC, lacks 2: ask Ana, Ben",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"differences": ("the threshold is 1",)}, "NOT AS AGREED: the threshold is 1"),
        ({"why": "no RPC node answers", "seats": ()}, "no RPC node answers"),
        ({"open": ()}, "  nothing waits for signatures"),
        ({"seats": (replace(ANA, ready=False, balance=Lamports(0)),)}, "NEEDS SOL"),
        ({"open": (replace(ASKED, stale=True),)}, "proposal 7: stale: nobody can vote on it any more"),
        ({"time_lock": 60}, "60 s between approval and execution"),
        (
            {"open": (replace(ASKED, status=Status.APPROVED, free_at=NOW + timedelta(seconds=90)),)},
            "approved, under its time lock for 90 s more",
        ),
        ({"open": (replace(ASKED, status=Status.APPROVED, free_at=NOW),)}, "approved: it can be executed"),
    ],
)
def test_what_matters_of_a_council_is_said(change: dict[str, object], words: str) -> None:
    assert any(words in line for line in told(replace(COUNCIL, **change)))


def test_nothing_that_a_roster_holds_writes_to_the_terminal() -> None:
    evil = replace(ANA, name="\x1b[2JAna", region="a\nb")
    assert "\x1b" not in council_block(replace(COUNCIL, seats=(evil,))).plain
