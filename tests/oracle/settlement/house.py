"""An oracle at home: markets opened in a second, and engines that settle them without waiting where a test need not."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from sqlalchemy import select, update

from chain import addresses, instructions
from chain.accounts import Market, MarketReceipt, ProgramConfig, decode_market
from chain.constants import CREATE_FEE, MarketDuration
from chain.sender import Pace
from chain.signers import KeypairSigner
from chain.token import decode_token_account
from chain.transaction import FeePolicy
from chain.units import Stake, UsdcUnits
from ops.demo.stage import Stage
from oracle.analysis import Panel
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.prover import Prover
from oracle.settlement.engine import Engine
from oracle.settlement.plan import WaitReason
from oracle.settlement.recorder import DirectRecorder
from oracle.settlement.work import Parts
from oracle.texts import Texts, texts_of
from store import by_hand, settlements
from store.cid import cid_of, text_hash
from store.database import Database, clock
from store.schema import attempt, phase_run, settlement
from store.settlements import Queue, Settlement, Status

STATEMENT = "Remote work makes teams better."
PACE = Pace(look=0.05, resend=0.3, give_up=20.0)
PATIENCE_S = 60.0


@dataclass
class Opened:
    """A market with its people."""

    address: Pubkey
    stakers: list[KeypairSigner]

    @property
    def name(self) -> str:
        return str(self.address)


@dataclass
class House:
    """What engines of one test share."""

    stage: Stage
    db: Database
    texts: Texts
    put: list[tuple[Queue, str]] = field(default_factory=list[tuple[Queue, str]])

    @classmethod
    @asynccontextmanager
    async def opened(cls, stage: Stage, db: Database, texts: Path) -> "AsyncGenerator[House]":
        async with texts_of(texts) as library:
            yield cls(stage, db, library)

    # Markets

    async def market(self, stakers: int = 3, *, keep: bool = True, close: bool = True) -> Opened:
        """A market whose deadline has come (unless not to `close`), with its texts kept and known to the oracle."""
        stage, uuid, creator = self.stage, os.urandom(16), KeypairSigner(Keypair())
        opened = Opened(addresses.market(uuid, stage.program), [KeypairSigner(Keypair()) for _ in range(stakers)])
        await asyncio.gather(
            stage.fund(creator.public_key, CREATE_FEE),
            *(stage.fund(staker.public_key, UsdcUnits(5_000_000)) for staker in opened.stakers),
        )
        create = instructions.create_market(
            creator=creator.public_key,
            uuid=uuid,
            statement=STATEMENT,
            duration=MarketDuration.DAY,
            usdc_mint=stage.mint,
            creator_usdc=stage.usdc_account(creator.public_key),
            treasury_usdc=stage.usdc_account(stage.keys.treasury.public_key),
            program=stage.program,
        )
        await stage.send(f"{opened.name} create", [create], creator)
        await asyncio.gather(*(self._stake(opened, number, keep=keep) for number in range(stakers)))
        if close:
            await stage.extras.warp(MarketDuration.DAY)
        await settlements.add(self.db, opened.name)
        return opened

    async def _stake(self, opened: Opened, number: int, *, keep: bool) -> None:
        text, staker = f"Opinion {number} of {opened.name}: a great and happy idea.", opened.stakers[number]
        if keep:
            await self.texts.keep(text)
        stake = instructions.stake_opinion(
            staker=staker.public_key,
            market=opened.address,
            stake=Stake(UsdcUnits(1_000_000 + number)),
            text_hash=text_hash(text),
            cid=cid_of(text),
            statement_hash=hashlib.sha256(STATEMENT.encode()).digest(),
            staker_usdc=self.stage.usdc_account(staker.public_key),
            program=self.stage.program,
        )
        await self.stage.send(f"{opened.name} stake {number}", [stake], staker)

    async def keep_text(self, opened: Opened, number: int) -> None:
        await self.texts.keep(f"Opinion {number} of {opened.name}: a great and happy idea.")

    # The oracle

    def parts(self, **changes: Any) -> Parts:
        stage = self.stage
        parts = Parts(
            db=self.db,
            rpc=stage.rpc,
            program=stage.program,
            oracle=stage.keys.oracle,
            recorder=DirectRecorder(stage.keys.oracle, stage.program),
            prover=Prover([stage.keys.randomness]),
            texts=self.texts,
            panel=lambda: Panel((LexiconAnalyser(),)),
            analysis_seconds=20.0,
            analysis_budget=None,
            fees=FeePolicy(),
            pace=PACE,
        )
        return replace(parts, **changes)

    def engine(self, holder: str = "worker", **changes: Any) -> Engine:
        async def put(queue: Queue, market: str) -> None:
            self.put.append((queue, market))

        return Engine(self.parts(**changes), holder, put)

    async def settle(
        self, market: Opened, until: Callable[[Settlement], bool] | None = None, engine: Engine | None = None
    ) -> Settlement:
        """Settle again and again, without waiting out waits, until the row is as wanted: done, if nothing is said.

        Where something is wanted, one act at a time, so that no phase is passed by however late the machine is.
        """
        worker = engine or (self.engine() if until is None else self.engine(turn=0.0))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                row = await self.row(market)
                if (until or _is_done)(row):
                    return row
                assert row.status in (Status.READY, Status.WAITING), row
                await self.hasten(market)
                await worker.settle(market.name)
                await asyncio.sleep(0.02)

    async def once(self, market: Opened, engine: Engine | None = None) -> Settlement:
        """One call of an engine, due or not."""
        await self.hasten(market)
        await (engine or self.engine()).settle(market.name)
        return await self.row(market)

    async def hasten(self, market: Opened) -> None:
        """Due now."""
        async with self.db.write() as connection:
            sooner = update(settlement).where(settlement.c.market == market.name, settlement.c.lease_until.is_(None))
            await connection.execute(sooner.values(due_at=clock()))

    def stopping_signer(self) -> "StoppingSigner":
        return StoppingSigner(self.stage.keys.oracle)

    async def expire_lease(self, market: Opened) -> None:
        """As after a long sleep of its holder."""
        async with self.db.write() as connection:
            late = update(settlement).where(settlement.c.market == market.name).values(lease_until=clock())
            await connection.execute(late)

    # What came of it

    async def row(self, market: Opened) -> Settlement:
        found = await settlements.get(self.db, market.name)
        assert found is not None
        return found

    async def runs(self, market: Opened) -> Sequence[by_hand.PastRun]:
        return (await by_hand.past(self.db, market.name, 500)).runs

    async def sent(self, market: Opened) -> Sequence[by_hand.SentTransaction]:
        return (await by_hand.past(self.db, market.name, 500)).sent

    async def open_runs(self) -> int:
        async with self.db.read() as connection:
            found = await connection.execute(select(phase_run.c.id).where(phase_run.c.ended_at.is_(None)))
            return len(found.all())

    async def open_attempts(self) -> int:
        async with self.db.read() as connection:
            found = await connection.execute(select(attempt.c.signature).where(attempt.c.outcome.is_(None)))
            return len(found.all())

    async def on_chain(self, market: Opened) -> Market | MarketReceipt:
        account = await self.stage.rpc.account(market.address)
        assert account is not None
        return decode_market(account.owner, account.data, self.stage.program)

    async def bond_free(self) -> UsdcUnits:
        """What the vault holds above what is locked."""
        config, vault = addresses.config(self.stage.program), addresses.bond_vault(self.stage.program)
        [shared, held] = await self.stage.rpc.accounts([config, vault])
        assert shared is not None
        assert held is not None
        locked = ProgramConfig.from_account(shared.owner, shared.data, self.stage.program).bond_locked
        return UsdcUnits(decode_token_account(held.owner, held.data).amount - locked)

    async def usdc(self, *owners: KeypairSigner) -> list[int]:
        found = await self.stage.usdc_of({str(o.public_key): self.stage.usdc_account(o.public_key) for o in owners})
        return [found[str(owner.public_key)] for owner in owners]


class StoppingSigner:
    """Signs with the oracle's key, once it is told to go on."""

    def __init__(self, signer: KeypairSigner) -> None:
        self._signer = signer
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    @property
    def public_key(self) -> Pubkey:
        return self._signer.public_key

    async def sign(self, message: bytes) -> Signature:
        self.asked.set()
        await self.go_on.wait()
        return await self._signer.sign(message)


def waits(reason: WaitReason) -> Callable[[Settlement], bool]:
    """Whether a market waits for this."""
    return lambda row: row.wait_reason == reason


def _is_done(row: Settlement) -> bool:
    return row.status is Status.DONE
