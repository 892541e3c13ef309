"""Works on one market while it holds the lease: read, plan, act, and again, until there is something to wait for."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from solders.pubkey import Pubkey
from structlog.contextvars import bound_contextvars

from chain.accounts import Market
from chain.answers import Commitment
from chain.errors import ChainError, SlotHashLapsed, TransactionError
from chain.journal import Outcome
from chain.rpc import Rpc
from chain.sender import Pace, Sender
from chain.signers import Signer
from chain.transaction import FeePolicy
from chain.units import Slot
from oracle.analysis import Analysis, NothingToScore, Panel, ReadOpinion, analyse
from oracle.prover import Prover
from oracle.settlement import failures
from oracle.settlement.acts import Maker, Parcel
from oracle.settlement.facts import FactsReader, read_all_opinions, read_randomness_key
from oracle.settlement.lease import kept
from oracle.settlement.plan import Act, Done, Facts, Wait, WaitReason, next_step, queue_of
from oracle.settlement.recorder import Recorder
from oracle.texts import TEXT_PATIENCE, TextError, Texts, Wanted
from store import analyses, settlements
from store.database import Database
from store.errors import FenceLost, NoSlot, StoreError
from store.journal import FencedJournal
from store.settlements import SLOTS, Claim, Phase, Queue, RunOutcome, Status

STOPPED = "stopped"
PACE = Pace(look=0.25, resend=1.0, give_up=60.0)
_TEXTS_AGAIN_S = 15.0
_CAUGHT_UP_S, _LOOK_S = 20.0, 0.2
_LONGEST_WAIT_S = 60.0
"""Chain time may jump, on a localnet above all, so nothing waits longer without a look; but what a person must mend."""
_NO_SLOT_S = 0.5
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the engine works with. `panel` is made when it is needed: only analyses load the model's SDK."""

    db: Database
    rpc: Rpc
    program: Pubkey
    oracle: Signer
    recorder: Recorder
    prover: Prover
    texts: Texts
    panel: Callable[[], Panel]
    analysis_seconds: float
    analysis_budget: int | None
    analysis_slots: int = SLOTS
    fees: FeePolicy
    pace: Pace = PACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How a market is given back."""

    phase: Phase
    queue: Queue
    due_in: timedelta = timedelta(0)
    wait_reason: WaitReason | None = None
    reason: str | None = None
    attempt: int = 0
    status: Status = Status.READY


class Engine:
    """Settles markets, one call at a time; `put` queues a market that is ready for another queue, best effort."""

    def __init__(self, parts: Parts, holder: str, put: Callable[[Queue, str], Awaitable[None]]) -> None:
        self._parts, self._holder, self._put = parts, holder, put
        self._chance = random.Random()  # noqa: S311 - jitter

    async def settle(self, market: str) -> None:
        """Take the market as far as it goes now; does nothing when it is not due or somebody holds it.

        Cancelled, it hands the market back before it ends. Raises StoreError when the database cannot be used.
        """
        with bound_contextvars(market=market):
            try:
                claim = await settlements.claim(self._parts.db, market, self._holder, self._parts.analysis_slots)
            except NoSlot:
                # Whoever waits for a slot can do nothing else; the reconciler brings the market again.
                await asyncio.sleep(_NO_SLOT_S)
                return
            if claim is None:
                return
            if claim.takeovers:
                _log.warning("took the market over from a worker that died", phase=claim.phase, fence=claim.fence)
            await self._hold(claim)

    async def _hold(self, claim: Claim) -> None:
        work = _Work(self._parts, claim, self._chance)
        try:
            async with kept(self._parts.db, claim):
                release = await work.advance()
        except FenceLost as error:
            _log.warning("stopped at once", reason=str(error))
            return
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(claim, work.stopped()))
            _log.info("handed back", phase=work.phase)
            raise
        await self._give_back(claim, release)

    async def _give_back(self, claim: Claim, release: Release) -> None:
        db = self._parts.db
        if release.status is Status.DONE:
            await settlements.finish(db, claim)
            _log.info("settled for good")
            return
        if release.status is Status.PARKED:
            _log.error("parked: a person must look", phase=release.phase, reason=release.reason)
        given = await settlements.release(
            db,
            claim,
            phase=release.phase,
            queue=release.queue,
            due_in=release.due_in,
            wait_reason=release.wait_reason,
            reason=release.reason,
            attempt=release.attempt,
            status=release.status,
        )
        if given and release.status is Status.READY and not release.due_in:
            await self._put(release.queue, claim.market)


class _Work:
    """One claim's work."""

    def __init__(self, parts: Parts, claim: Claim, chance: random.Random) -> None:
        self._parts, self._claim, self._chance = parts, claim, chance
        self._market = Pubkey.from_string(claim.market)
        self._journal = FencedJournal(parts.db, claim, claim.holder)
        self._sender = Sender(parts.rpc, self._journal, fees=parts.fees, pace=parts.pace, program=parts.program)
        self._lapsed_target: Slot | None = None
        self._seen = Slot(0)
        self.phase = claim.phase

    async def advance(self) -> Release:
        """Go on until there is something to wait for. Raises FenceLost."""
        try:
            reader = await self._reader()
            while True:
                facts = await self._facts(reader)
                step = next_step(facts)
                match step:
                    case Done():
                        return Release(phase=Phase.FINISH, queue=Queue.CLEAN, status=Status.DONE)
                    case Wait():
                        return self._waiting(step)
                    case Act():
                        if (elsewhere := self._elsewhere(step)) is not None:
                            return elsewhere
                        self.phase = step.phase
                        if (release := await self._take(step, facts, reader)) is not None:
                            return release
        except FenceLost:
            raise
        except (ChainError, StoreError) as error:
            return await self._failed(error)

    def stopped(self) -> Release:
        """How the market is given back by a worker that is told to stop."""
        return Release(phase=self.phase, queue=queue_of(self.phase), attempt=self._attempts())

    def _elsewhere(self, act: Act) -> Release | None:
        """Given back at once where the act is another queue's: analyses have slots, clearing away can wait."""
        mine, wanted = self._claim.phase, act.phase
        if wanted is mine or (Phase.ANALYSE not in (mine, wanted) and wanted is not Phase.FINISH):
            return None
        return Release(phase=wanted, queue=act.queue)

    async def _reader(self) -> FactsReader:
        parts = self._parts
        key = await read_randomness_key(parts.rpc, parts.program, self._market)
        return FactsReader(parts.rpc, parts.program, self._market, key)

    async def _facts(self, reader: FactsReader) -> Facts:
        """What the chain shows, at the slot of the newest transaction that we saw land or later. Raises RpcError."""
        analysed = await analyses.get(self._parts.db, self._claim.market) is not None
        async with asyncio.timeout(_CAUGHT_UP_S):
            while True:
                facts = await reader.read(self._parts.prover, analysed=analysed)
                if facts.slot >= self._seen:
                    break
                await asyncio.sleep(_LOOK_S)
        target = facts.request.target_slot if facts.request else None
        return replace(facts, lapsed=target is not None and target == self._lapsed_target)

    async def _take(self, act: Act, facts: Facts, reader: FactsReader) -> Release | None:
        """Take one step; returns how to give the market back, or None to go on."""
        run = await settlements.begin(self._parts.db, self._claim, act.phase, self._claim.holder)
        end = settlements.end
        with bound_contextvars(phase=act.phase.value, act=act.value):
            try:
                wait = await (self._analyse(facts) if act is Act.ANALYSE else self._send(act, facts))
            except FenceLost:
                raise
            except asyncio.CancelledError:
                await asyncio.shield(end(self._parts.db, self._claim, run, RunOutcome.WAITED, STOPPED))
                raise
            except Exception as error:
                return await self._mended(error, act, facts, reader, run)
            if wait is not None:
                await end(self._parts.db, self._claim, run, RunOutcome.WAITED, wait.reason)
                return self._waiting(wait)
            await end(self._parts.db, self._claim, run, RunOutcome.DONE)
            _log.info("done")
        return None

    async def _mended(
        self, error: Exception, act: Act, facts: Facts, reader: FactsReader, run: settlements.Run
    ) -> Release | None:
        """After a step failed: None when the chain has moved on meanwhile, so that somebody else did it."""
        end, db = settlements.end, self._parts.db
        if isinstance(error, SlotHashLapsed) and facts.request is not None:
            self._lapsed_target = facts.request.target_slot
            _log.error("the target slot's hash was not captured in time", target_slot=facts.request.target_slot)
            await end(db, self._claim, run, RunOutcome.WAITED, WaitReason.REARM)
            return None
        if isinstance(error, TransactionError) and failures.outage(error) is None:
            again = next_step(await self._facts(reader))
            if again != act:
                _log.info("somebody else did it", refusal=str(error))
                await end(db, self._claim, run, RunOutcome.DONE, "somebody else did it")
                return None
        outage = failures.outage(error)
        outcome = RunOutcome.FAILED if outage is None else RunOutcome.OUTAGE
        await end(db, self._claim, run, outcome, str(error) if outage is None else f"{outage.reason}: {error}")
        return await self._failed(error)

    async def _failed(self, error: Exception) -> Release:
        """How the market is given back after `error`: an outage costs nothing, a failure of its own an attempt."""
        phase, words = self.phase, str(error) or type(error).__name__
        outage = failures.outage(error)
        if outage is not None:
            before = await settlements.outages(self._parts.db, self._claim.market)
            seconds = outage.seconds if outage.seconds is not None else failures.back_off(before, self._chance)
            _log.warning("waits for something shared", reason=outage.reason.value, error=words, seconds=seconds)
            return Release(
                phase=phase,
                queue=queue_of(phase),
                due_in=timedelta(seconds=seconds),
                wait_reason=outage.reason,
                reason=words,
                attempt=self._attempts(),
                status=Status.WAITING,
            )
        attempt = self._attempts() + 1
        known = isinstance(error, ChainError | StoreError) or type(error).__module__.startswith("oracle.")
        _log.error("failed", attempt=attempt, error=words, exc_info=None if known else error)
        parked = attempt >= failures.ATTEMPTS
        wait = failures.back_off(attempt - 1, self._chance)
        return Release(
            phase=phase,
            queue=queue_of(phase),
            due_in=timedelta(seconds=0 if parked else wait),
            wait_reason=None if parked else WaitReason.RETRY,
            reason=words,
            attempt=attempt,
            status=Status.PARKED if parked else Status.WAITING,
        )

    def _attempts(self, phase: Phase | None = None) -> int:
        """Failures of the phase (ours now, where left out) so far; another phase than the claim's has none."""
        return self._claim.attempt if (phase or self.phase) is self._claim.phase else 0

    def _waiting(self, wait: Wait) -> Release:
        patient = wait.reason is WaitReason.ACCOUNT
        return Release(
            phase=wait.phase,
            queue=queue_of(wait.phase),
            due_in=timedelta(seconds=wait.seconds if patient else min(wait.seconds, _LONGEST_WAIT_S)),
            wait_reason=wait.reason,
            reason=wait.words,
            attempt=self._attempts(wait.phase),
            status=Status.WAITING,
        )

    async def _send(self, act: Act, facts: Facts) -> Wait | None:
        parts = self._parts
        maker = Maker(parts.rpc, parts.program, self._market, parts.oracle, parts.recorder, parts.prover)
        analysis = await analyses.get(parts.db, self._claim.market) if act is Act.RECORD else None
        made = await maker.parcels(act, facts, analysis)
        if isinstance(made, Wait):
            return made
        for parcel in made:
            if (wait := await self._send_one(act, parcel, facts)) is not None:
                return wait
        return None

    async def _send_one(self, act: Act, parcel: Parcel, facts: Facts) -> Wait | None:
        """Make one transaction land; waits where it has, as we know, and the chain does not show it yet."""
        generation = 1
        while True:
            intent = parcel.intent(self._claim.market, generation)
            attempts = await self._journal.attempts(intent)
            landed = attempts[-1] if attempts and attempts[-1].outcome is Outcome.LANDED else None
            if landed is None:
                break
            # The plan asks for what landed already: the node lags, or the chain took it back.
            if landed.slot is None or landed.slot > facts.slot:
                return Wait(act.phase, WaitReason.SLOT, 0.5)
            if await self._parts.rpc.slot(Commitment.FINALIZED) < landed.slot:
                return Wait(act.phase, WaitReason.FINALITY, 2.0)
            generation += 1
        sent = await self._sender.send(intent, parcel.instructions, self._parts.oracle)
        self._seen = max(self._seen, sent.slot)
        _log.info("landed", signature=str(sent.signature), slot=sent.slot)
        return None

    async def _analyse(self, facts: Facts) -> Wait | None:
        parts, market = self._parts, facts.market
        if not isinstance(market, Market):
            raise TypeError(f"{self._market} is finished: there is nothing to analyse")
        opinions = await read_all_opinions(parts.rpc, parts.program, self._market, market)
        texts = await parts.texts.read_many([Wanted(opinion.cid, opinion.text_hash) for opinion in opinions])
        missing = [text for text in texts if isinstance(text, TextError) and not text.for_ever]
        if missing and facts.now < market.closes_at + TEXT_PATIENCE.total_seconds():
            words = f"{len(missing)} of {len(texts)} texts cannot be had yet; the first: {missing[0]}"
            return Wait(Phase.ANALYSE, WaitReason.TEXTS, _TEXTS_AGAIN_S, words)
        read = [
            ReadOpinion(str(opinion.staker), opinion.cid, opinion.text_hash, opinion.stake, *_text_or_trouble(text))
            for opinion, text in zip(opinions, texts, strict=True)
        ]
        try:
            analysis = await self._score(market, read)
        except NothingToScore as error:
            return Wait(Phase.ANALYSE, WaitReason.DEADLINE, _LONGEST_WAIT_S, str(error))
        await analyses.save(parts.db, self._claim, analysis)
        _log.info(
            "analysed",
            score=analysis.score,
            confidence=int(analysis.confidence),
            analyser=analysis.analyser,
            latency_ms=analysis.latency_ms,
        )
        return None

    async def _score(self, market: Market, opinions: list[ReadOpinion]) -> Analysis:
        parts = self._parts
        return await analyse(
            self._claim.market,
            market.statement,
            opinions,
            parts.panel(),
            seconds=parts.analysis_seconds,
            budget=parts.analysis_budget,
        )


def _text_or_trouble(text: str | TextError) -> tuple[str | None, str | None]:
    return (text, None) if isinstance(text, str) else (None, str(text))
