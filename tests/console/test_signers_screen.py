"""A signer at the console: sees what waits, reads it, approves and rejects; on a localnet with five of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain.constants import PROGRAM_ID
from chain.multisig.model import Status
from console.actions import Role
from console.signer_deeds import numbers_of
from ops.errors import UsageError
from settings import Settings
from tests.console.pilots import Seat, seated
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall


@dataclass
class Desk:
    """A hall, and the settings of a signer's login."""

    hall: Hall
    settings: Settings
    keys: Path


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def desk(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.chdir(tmp_path)
    async with opened_hall(node, "v4", tmp_path) as hall:
        settings = Settings(
            program_id=str(PROGRAM_ID),
            solana_rpc_url=node.url,  # pyright: ignore[reportArgumentType]
            database_url=f"sqlite:///{tmp_path}/oracle.db",
            roster_path=hall.founded.roster,
            squads_multisig=str(hall.council.pinned.address),
        )
        yield Desk(hall, settings, node.ledger.parent / "v4")


@asynccontextmanager
async def at(desk: Desk, role: Role = Role.SIGNER, *, read_only: bool = False) -> AsyncIterator[Seat]:
    async with seated(desk.settings, "signers", role=role, read_only=read_only, size=(110, 40)) as seat:
        yield seat


async def fill(seat: Seat, words: str) -> None:
    """Over what stands in the line."""
    await seat.press("ctrl+u")
    await seat.type(words)
    await seat.press("enter")


async def test_a_signer_reads_a_proposal_and_approves_it_with_their_key(desk: Desk) -> None:
    market = await desk.hall.house.market()
    await desk.hall.waiting(market)
    number = (await desk.hall.multisig()).last_index
    async with at(desk) as seat:
        await seat.until(f"proposal {number}: active")
        await seat.press("v")
        await seat.until("Nothing is signed: it is read, and judged.")
        await fill(seat, str(number))
        await seat.until(f"for market {market.name}"[:60])
        await seat.press("escape")

        await seat.press("a")
        await seat.until("They are read from the chain first")
        await fill(seat, str(number))
        await fill(seat, str(desk.keys / "ben.json"))
        await seat.until("Read it, then Esc")
        await seat.press("escape")
        await seat.until("The eight words are:")
        await seat.type("wrong")
        await seat.press("enter")
        await seat.until("is not '")
        assert (await desk.hall.proposal(number)).approved == ()
        reading = seat.text().partition("Type ")[2].split()[0]
        await fill(seat, reading)
        await seat.until("Approve: done by Ben")
    assert (await desk.hall.proposal(number)).approved == (desk.hall.founded.people[1].public_key,)
    await desk.hall.reject(number, 0, 2, 3)


async def test_a_signer_rejects_with_the_reason_or_leaves_it(desk: Desk) -> None:
    market = await desk.hall.house.market()
    await desk.hall.waiting(market)
    number = (await desk.hall.multisig()).last_index
    async with at(desk) as seat:
        await seat.until(f"proposal {number}: active")
        for leaves in (True, False):
            await seat.press("x")
            await seat.until("Reject proposals of the settlement multisig")
            await fill(seat, str(number))
            await fill(seat, str(desk.keys / "esra.json"))
            await fill(seat, "the panel disagrees")
            await seat.until("Read it, then Esc")
            await seat.press("escape")
            await seat.until("The eight words are:")
            if leaves:
                await seat.press("escape")
                await seat.until("Nothing was signed.")
        word = seat.text().partition("Type ")[2].split()[0]
        await fill(seat, word)
        await seat.until("Reject: done by Esra")
    proposal = await desk.hall.proposal(number)
    assert (proposal.rejected, proposal.status) == ((desk.hall.founded.people[4].public_key,), Status.ACTIVE)
    await desk.hall.reject(number, 0, 1)


async def test_what_must_not_be_approved_is_not(desk: Desk) -> None:
    market = await desk.hall.house.market()
    await desk.hall.waiting(market)
    number = await desk.hall.propose(market, score_off=-1)
    async with at(desk) as seat:
        await seat.until(f"proposal {number}: active")
        await seat.press("a")
        await seat.until("Where your key is")
        await fill(seat, str(number))
        await fill(seat, str(desk.keys / "ana.json"))
        await seat.until(f"proposal {number} must not be approved")
    assert (await desk.hall.proposal(number)).approved == ()
    await desk.hall.reject(number, 0, 1, 2)


@pytest.mark.parametrize(("role", "read_only"), [(Role.OPERATOR, False), (Role.VIEWER, False), (Role.SIGNER, True)])
async def test_whoever_is_no_signer_only_reads(desk: Desk, role: Role, read_only: bool) -> None:
    async with at(desk, role, read_only=read_only) as seat:
        await seat.until("5 are ready")
        await seat.press("a")
        await seat.press("x")
        await seat.press("v")
        text = await seat.until("Nothing is signed: it is read, and judged.")
        assert "Approve proposals" not in text


def test_numbers_are_apart_by_blanks_or_commas() -> None:
    assert numbers_of(" 12, 13 14") == [12, 13, 14]
    for wrong in ("", "0", "twelve", "-1", "1.5", "¹"):
        with pytest.raises(UsageError):
            numbers_of(wrong)
