"""One claim's work on one market: read, plan, act, and again, until there is something to wait for."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from solders.pubkey import Pubkey
from structlog.contextvars import bound_contextvars

from chain.accounts import Market
from chain.answers import Commitment
from chain.errors import ChainError, MalformedAnswer, SlotHashLapsed, TransactionError
from chain.journal import Outcome
from chain.multisig.roster import Council
from chain.rpc import Rpc
from chain.sender import Pace, Sender
from chain.signers import Signer
from chain.transaction import FeePolicy
from chain.units import Slot
from oracle.analysis import NothingToScore, Panel, analyse
from oracle.prover import Prover
from oracle.settlement import failures
from oracle.settlement.acts import Maker, Parcel
from oracle.settlement.analysing import read_opinions
from oracle.settlement.facts import FactsReader
from oracle.settlement.plan import Act, Done, Facts, Wait, WaitReason, next_step, queue_of
from oracle.settlement.proposing import RecordingRefused
from oracle.settlement.recorder import Recorder
from oracle.texts import TEXT_PATIENCE, Texts
from store import analyses, settlements
from store.analyses import KeptAnalysis
from store.database import Database
from store.errors import FenceLost, OnHold, StoreError, StoreUnavailable
from store.journal import FencedJournal
from store.settlements import SLOTS, Claim, Phase, Queue, Run, RunOutcome, Status

STOPPED = "stopped"
PACE = Pace(look=0.25, resend=1.0, give_up=60.0)
_TEXTS_AGAIN_S = 15.0
_CAUGHT_UP_S, _LOOK_S = 20.0, 0.2
_LONGEST_WAIT_S = 60.0
"""Chain time may jump, on a localnet above all, so nothing waits longer without a look; but what a person must mend."""
_LOOK_BACK_S = 15.0
_TURN_S = 120.0
"""A market with thousands of stakers is given back between transactions, long before RQ would end its job."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def _pinned_already() -> None:
    """For a chain that somebody has held to the database's."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the engine works with. `panel` is made when it is needed: only analyses load the model's SDK.

    `serves` are the queues whose acts are taken here; all others' markets are given back to theirs. `oracle` is None
    where only analyses are served, `recorder` where nothing is recorded: such a process needs no such key. `council` is
    the multisig that records, None where the oracle's key does.
    `pinned` holds the chain to the database's before anything is read of it; raises OtherCluster and RpcError.
    """

    db: Database
    rpc: Rpc
    program: Pubkey
    oracle: Signer | None
    recorder: Recorder | None
    council: Council | None = None
    prover: Prover
    texts: Texts
    panel: Callable[[], Panel]
    analysis_seconds: float
    analysis_budget: int | None
    analysis_slots: int = SLOTS
    fees: FeePolicy
    pace: Pace = PACE
    turn: float = _TURN_S
    serves: frozenset[Queue] = frozenset(Queue)
    pinned: Callable[[], Awaitable[None]] = _pinned_already


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
    planned: bool = False
    """Whether it is a wait that belongs to every settlement, not one that an outage or a failure brings."""


class Work:
    """One claim's work: what is done until the market is given back, and how it is given back."""

    def __init__(self, parts: Parts, claim: Claim, chance: random.Random) -> None:
        self._parts, self._claim, self._chance = parts, claim, chance
        self._market = Pubkey.from_string(claim.market)
        self._journal = FencedJournal(parts.db, claim, claim.holder)
        self._sender = Sender(parts.rpc, self._journal, fees=parts.fees, pace=parts.pace, program=parts.program)
        self._lapsed_target: Slot | None = None
        self._seen = Slot(0)
        self._failures = claim.attempt
        self._turn_ends = asyncio.get_running_loop().time() + parts.turn
        self._run: Run | None = None
        self.phase = claim.phase

    async def advance(self) -> Release:
        """Go on until there is something to wait for. Raises FenceLost."""
        try:
            return await self._advance()
        except FenceLost:
            raise
        except Exception as error:
            return await self._failed(error)

    async def _advance(self) -> Release:
        parts = self._parts
        await parts.pinned()
        reader = FactsReader(parts.rpc, parts.program, self._market)
        taken = False
        while True:
            facts = await self._facts(reader)
            step = next_step(facts)
            if step is Act.RECORD and self._serves(Phase.RECORD):
                self.phase = Phase.RECORD
                step = await self._recorder.step(self._claim, await self._analysis(), facts.now)
            match step:
                case Done():
                    if left := await self._sender.look_back():
                        return self._waiting(_uncertain(left))
                    return Release(phase=Phase.FINISH, queue=Queue.CLEAN, status=Status.DONE)
                case Wait():
                    # Whoever holds no key of a phase cannot tell whether there is anything to wait for in it.
                    return self._waiting(step) if self._serves(step.phase) else _handed_on(step.phase)
                case Act():
                    if (elsewhere := self._elsewhere(step)) is not None:
                        return elsewhere
                    if taken and self._turn_is_over():
                        return Release(phase=step.phase, queue=step.queue, attempt=self._attempts(step.phase))
                    self.phase = step.phase
                    if (release := await self._take(step, facts, reader)) is not None:
                        return release
                    taken = True

    async def stop(self) -> None:
        """Note that the run under way was ended from outside. Raises StoreError."""
        await self._end(RunOutcome.WAITED, STOPPED)

    def stopped(self) -> Release:
        """How the market is given back by a worker that is told to stop."""
        return Release(phase=self.phase, queue=queue_of(self.phase), attempt=self._attempts())

    def _elsewhere(self, act: Act) -> Release | None:
        """Given back at once where the act is another queue's: analyses have slots, clearing away can wait."""
        mine, wanted = self._claim.phase, act.phase
        if not self._serves(wanted):
            return _handed_on(wanted)
        if wanted is mine or (Phase.ANALYSE not in (mine, wanted) and wanted is not Phase.FINISH):
            return None
        return _handed_on(wanted)

    def _serves(self, phase: Phase) -> bool:
        return queue_of(phase) in self._parts.serves

    async def _facts(self, reader: FactsReader) -> Facts:
        """What the chain shows, at the slot of the newest transaction that we saw land or later. Raises RpcError."""
        analysed = await analyses.is_kept(self._parts.db, self._claim.market)
        until = asyncio.get_running_loop().time() + _CAUGHT_UP_S
        while (facts := await reader.read(self._parts.prover, analysed=analysed)).slot < self._seen:
            if asyncio.get_running_loop().time() > until:
                raise MalformedAnswer(f"a node is at slot {facts.slot} and not yet at {self._seen}: wait until it is")
            await asyncio.sleep(_LOOK_S)
        target = facts.request.target_slot if facts.request else None
        return replace(facts, lapsed=target is not None and target == self._lapsed_target)

    async def _take(self, act: Act, facts: Facts, reader: FactsReader) -> Release | None:
        """Take one step; returns how to give the market back, or None to go on. Raises what the step raised."""
        await self._begin(act.phase)
        with bound_contextvars(phase=act.phase.value, act=act.value):
            try:
                wait = await (self._analyse(facts) if act is Act.ANALYSE else self._send(act, facts))
            except FenceLost:
                raise
            except TransactionError as error:
                if isinstance(error, SlotHashLapsed) and facts.request is not None:
                    await self._lapsed(facts.request.target_slot)
                elif act is Act.PROPOSE and await self._recorder.overtaken(self._claim):
                    _log.info("somebody else's proposal took the number", refusal=str(error))
                    await self._end(RunOutcome.DONE, "somebody else's proposal took the number")
                elif failures.outage(error) is None and await self._moved_on(act, facts, reader):
                    _log.info("somebody else did it", refusal=str(error))
                    await self._end(RunOutcome.DONE, "somebody else did it")
                else:
                    raise
            else:
                if wait is not None:
                    await self._end(RunOutcome.WAITED, wait.reason)
                    return self._waiting(wait)
                await self._end(RunOutcome.DONE)
                self._failures = 0
                _log.info("done")
        return None

    async def _lapsed(self, target: Slot) -> None:
        self._lapsed_target = target
        _log.error("the target slot's hash was not captured in time", target_slot=target)
        await self._end(RunOutcome.WAITED, WaitReason.REARM)

    async def _moved_on(self, act: Act, facts: Facts, reader: FactsReader) -> bool:
        """Whether the chain shows after a refusal that somebody else did what was to be done, or a part of it."""
        again = await self._facts(reader)
        return next_step(again) != act or (again.market, again.request) != (facts.market, facts.request)

    async def _begin(self, phase: Phase) -> None:
        self._run = await settlements.begin(self._parts.db, self._claim, phase, self._claim.holder, queue_of(phase))

    async def _end(self, outcome: RunOutcome, reason: str | None = None) -> None:
        """Note how the run ended, where one is under way."""
        if self._run is not None:
            await settlements.end(self._parts.db, self._claim, self._run, outcome, reason)
            self._run = None

    async def _failed(self, error: Exception) -> Release:
        """How the market is given back after `error`: an outage costs nothing, a failure of its own an attempt."""
        words = str(error) or type(error).__name__
        outage = failures.outage(error)
        if outage is not None:
            return await self._out(outage, error, words)
        attempt = self._attempts() + 1
        known = isinstance(error, ChainError | StoreError) or type(error).__module__.startswith("oracle.")
        _log.error("failed", phase=self.phase, attempt=attempt, error=words, exc_info=None if known else error)
        with suppress(StoreError):
            await self._end(RunOutcome.FAILED, words)
        parked = attempt >= failures.ATTEMPTS or isinstance(error, RecordingRefused)
        wait = failures.back_off(attempt - 1, self._chance, self.phase)
        return Release(
            phase=self.phase,
            queue=queue_of(self.phase),
            due_in=timedelta(seconds=0 if parked else wait),
            wait_reason=None if parked else WaitReason.RETRY,
            reason=words,
            attempt=attempt,
            status=Status.PARKED if parked else Status.WAITING,
        )

    async def _out(self, outage: failures.Outage, error: Exception, words: str) -> Release:
        """How the market is given back after an outage, longer each time that one follows another."""
        before = 0
        # Where the database is what fails, or fails now, there is nothing to be noted or counted.
        with suppress(StoreError):
            before = await settlements.outages(self._parts.db, self._claim.market)
            if self._run is None and not isinstance(error, OnHold | StoreUnavailable):
                await self._begin(self.phase)
            await self._end(RunOutcome.OUTAGE, f"{outage.reason}: {words}")
        seconds = outage.seconds if outage.seconds is not None else failures.back_off(before, self._chance, self.phase)
        told = {"phase": self.phase, "reason": outage.reason.value, "error": words}
        _log.warning("waits for something shared", **told, seconds=seconds)
        return Release(
            phase=self.phase,
            queue=queue_of(self.phase),
            due_in=timedelta(seconds=seconds),
            wait_reason=outage.reason,
            reason=words,
            attempt=self._attempts(),
            status=Status.WAITING,
        )

    def _turn_is_over(self) -> bool:
        return asyncio.get_running_loop().time() > self._turn_ends

    def _attempts(self, phase: Phase | None = None) -> int:
        """Failures of the phase (ours now, where left out) so far; another phase than the claim's has none."""
        return self._failures if (phase or self.phase) is self._claim.phase else 0

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
            planned=True,
        )

    async def _send(self, act: Act, facts: Facts) -> Wait | None:
        parts = self._parts
        if parts.oracle is None:
            raise TypeError("this process has no key and serves analyses alone")
        if act.phase is Phase.RECORD:
            found = await self._recorder.instructions(act, self._claim, await self._analysis())
            made = found if isinstance(found, Wait) else [Parcel(act, tuple(found))]
        else:
            made = await Maker(parts.rpc, parts.program, self._market, parts.oracle, parts.prover).parcels(act, facts)
        if isinstance(made, Wait):
            return made
        return await self._send_all(act, made, facts, parts.oracle)

    @property
    def _recorder(self) -> Recorder:
        if self._parts.recorder is None:
            raise TypeError("this process records nothing, and serves the queue that does")
        return self._parts.recorder

    async def _analysis(self) -> KeptAnalysis:
        """The plan goes by it, so it is there."""
        found = await analyses.get(self._parts.db, self._claim.market)
        if found is None:
            raise TypeError(f"{self._market} has no analysis to record")
        return found

    async def _send_all(self, act: Act, parcels: Sequence[Parcel], facts: Facts, payer: Signer) -> Wait | None:
        """Each, also after one was refused: what hinders the prize never hinders the fee. Raises the first refusal."""
        refused: TransactionError | None = None
        for parcel in parcels:
            try:
                if (wait := await self._send_one(act, parcel, facts, payer)) is not None:
                    return wait
            except TransactionError as error:
                if failures.outage(error) is not None:
                    raise
                refused = refused or error
            if self._turn_is_over():
                break
        if refused is not None:
            raise refused
        return None

    async def _send_one(self, act: Act, parcel: Parcel, facts: Facts, payer: Signer) -> Wait | None:
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
        sent = await self._sender.send(intent, parcel.instructions, payer)
        self._seen = max(self._seen, sent.slot)
        _log.info("landed", signature=str(sent.signature), slot=sent.slot)
        return None

    async def _analyse(self, facts: Facts) -> Wait | None:
        parts, market = self._parts, facts.market
        if not isinstance(market, Market):
            raise TypeError(f"{self._market} is finished: there is nothing to analyse")
        read = await read_opinions(parts.rpc, parts.program, self._market, market, parts.texts)
        if read.missing and facts.now < market.closes_at + TEXT_PATIENCE.total_seconds():
            words = f"{len(read.missing)} of {len(read.opinions)} texts cannot be had yet; the first: {read.missing[0]}"
            return Wait(Phase.ANALYSE, WaitReason.TEXTS, _TEXTS_AGAIN_S, words)
        try:
            analysis = await analyse(
                self._claim.market,
                market.statement,
                read.opinions,
                parts.panel(),
                seconds=parts.analysis_seconds,
                budget=parts.analysis_budget,
            )
        except NothingToScore as error:
            # Texts there are, and the panel scores none: to ask it every minute until the refund would cost much.
            if any(opinion.text is not None for opinion in read.opinions):
                raise
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


def _handed_on(phase: Phase) -> Release:
    return Release(phase=phase, queue=queue_of(phase))


def _uncertain(left: int) -> Wait:
    words = f"{left} transactions that were signed for it may still land: nothing hangs on them, but they are told"
    return Wait(Phase.FINISH, WaitReason.FINALITY, _LOOK_BACK_S, words)
