"""The people of a council who approve while workers die, and what must hold of their proposals afterwards."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from solders.pubkey import Pubkey
from solders.signature import Signature
from sqlalchemy import select

from chain.decoding.programs import Decoder
from chain.errors import NotUnderstood, TransactionError
from chain.multisig.model import Multisig, Proposal, Status
from chain.signers import KeypairSigner
from ops.demo.council import THRESHOLD, Founded
from ops.demo.stage import Stage
from oracle.settlement.plan import Act
from store.database import Database
from store.schema import attempt

MOST = 200
"""Far more proposals than a batch makes."""
_LOOK_S = 0.2
_SOON_S = 1.2
"""Looks of the worker come about so often."""


class Gate(Protocol):
    """Who says when a member may act on a market's proposal."""

    async def may_vote(self, market: str, approvals: int) -> None:
        """Return once the next may approve, after so many."""
        ...

    def may_execute(self, market: str) -> bool:
        """Whether a member may execute it too, and be faster than the worker or not."""
        ...


@dataclass
class Members:
    """Approve every score that is proposed: three of five, in an order of the seed's, one after the other.

    Where they may, the last of them executes it soon, as the worker does.
    """

    stage: Stage
    founded: Founded
    gate: Gate
    seed: str
    votes: dict[int, list[Signature]] = field(default_factory=dict[int, list[Signature]])
    """The signatures of each proposal's approvals that landed."""
    executed: dict[int, Signature] = field(default_factory=dict[int, Signature])
    """Those of the executions that were faster than the worker's."""

    async def approve_all(self) -> None:
        """Until cancelled."""
        council, under_way = self.founded.council, dict[int, asyncio.Task[None]]()
        async with asyncio.TaskGroup() as group:
            while True:
                multisig = await council.adapter.read(self.stage.rpc, council.pinned.address)
                for proposal in await council.adapter.proposals(self.stage.rpc, multisig, MOST):
                    if proposal.status is Status.ACTIVE and proposal.index not in under_way:
                        under_way[proposal.index] = group.create_task(self._approve(multisig, proposal.index))
                await asyncio.sleep(_LOOK_S)

    async def _approve(self, multisig: Multisig, index: int) -> None:
        market = await market_of(self.stage, self.founded, multisig, index)
        if market is None:
            return
        adapter, chance = self.founded.council.adapter, Random(f"{self.seed} proposal {index}")
        for count, member in enumerate(chance.sample(self.founded.people, THRESHOLD)):
            await self.gate.may_vote(market, count)
            approval = adapter.approve(multisig.address, index, member.public_key)
            sent = await self.stage.sender.send(f"approve {multisig.address} {index} {count}", [approval], member)
            self.votes.setdefault(index, []).append(sent.signature)
            if count == THRESHOLD - 1 and self.gate.may_execute(market):
                await asyncio.sleep(chance.uniform(0.0, _SOON_S))
                await self._execute(multisig, index, member)

    async def _execute(self, multisig: Multisig, index: int, member: KeypairSigner) -> None:
        with suppress(TransactionError):
            execution = await self.founded.council.adapter.execute(self.stage.rpc, multisig, index, member.public_key)
            sent = await self.stage.sender.send(f"execute {multisig.address} {index}", [execution], member)
            self.executed[index] = sent.signature


@asynccontextmanager
async def approving(members: Members | None) -> AsyncGenerator[Callable[[], None]]:
    """They do so meanwhile; what is yielded raises what ended them."""
    if members is None:
        yield lambda: None
        return
    task = asyncio.create_task(members.approve_all(), name="members")

    def check() -> None:
        if task.done():
            task.result()

    try:
        yield check
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def market_of(stage: Stage, founded: Founded, multisig: Multisig, index: int) -> str | None:
    """The market whose score is proposed, None for anything else."""
    stored = await founded.council.adapter.stored(stage.rpc, multisig, index)
    try:
        [decoded] = [Decoder(stage.program).decode(instruction) for instruction in stored.instructions]
    except NotUnderstood:
        return None
    return str(decoded.account("market")) if decoded.name == "record_sentiment" else None


async def proposals_agree(
    stage: Stage, db: Database, members: Members, settled: Mapping[str, bool]
) -> dict[str, list[str]]:
    """Every sentence about what is wrong with the proposals of these markets, by the market.

    `settled` tells of each whether it was drawn, and so had to be scored: by one proposal, which three members
    approved and which was executed once, by transactions of the worker that were all written down before they left.
    """
    council, of = members.founded.council, dict[str, list[Proposal]]()
    multisig = await council.adapter.read(stage.rpc, council.pinned.address)
    for proposal in await council.adapter.proposals(stage.rpc, multisig, MOST):
        market = await market_of(stage, members.founded, multisig, proposal.index)
        if market is not None:
            of.setdefault(market, []).append(proposal)
    return {
        market: [words async for words in _market_agrees(stage, db, members, market, of.get(market, []), drawn)]
        for market, drawn in settled.items()
    }


async def _market_agrees(
    stage: Stage, db: Database, members: Members, market: str, found: Sequence[Proposal], drawn: bool
) -> AsyncIterator[str]:
    if len(found) != drawn:
        yield f"{market} has {len(found)} proposals, not {int(drawn)}: {[one.index for one in found]}"
    people = {one.public_key for one in members.founded.people}
    for proposal in found:
        voters = set[Pubkey](proposal.approved)
        if proposal.status is not Status.EXECUTED:
            yield f"proposal {proposal.index} of {market} is {proposal.status.value}"
        if len(voters) < THRESHOLD or not voters <= people:
            yield f"proposal {proposal.index} of {market} was approved by {len(voters & people)} members"
        theirs = {*members.votes.get(proposal.index, []), members.executed.get(proposal.index)}
        ours = {one for one in await _landed(stage, proposal.address) if one not in theirs}
        # It is made in one transaction and executed in one, by the worker or a member.
        wanted = 1 if proposal.index in members.executed else 2
        if len(ours) != wanted:
            yield f"proposal {proposal.index} of {market} has {len(ours)} transactions of the worker, not {wanted}"
        if lost := ours - await _written(db, market):
            yield f"proposal {proposal.index} of {market}: nobody wrote down {', '.join(map(str, lost))}"


async def _landed(stage: Stage, address: Pubkey) -> set[Signature]:
    """All transactions that name the address and succeeded."""
    return {info.signature for info in await stage.rpc.history(address, limit=1_000) if not info.failed}


async def _written(db: Database, market: str) -> set[Signature]:
    """What workers wrote down that they signed for the market's score."""
    rows = select(attempt.c.signature, attempt.c.intent).where(attempt.c.market == market)
    async with db.read() as connection:
        found = (await connection.execute(rows)).all()
    return {Signature.from_string(row.signature) for row in found if row.intent.split()[1] in (Act.PROPOSE, Act.RECORD)}
