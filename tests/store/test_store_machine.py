"""Any order of claiming, dying, taking over, parking and signing: one holder at most may act, and all of it is told.

The model says who may act; the database must agree after every step, on both kinds of it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase as Stage
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from solders.keypair import Keypair

from chain.journal import Attempt, Outcome
from chain.units import BlockHeight
from store import audit, holds, settlements
from store.database import Database
from store.errors import FenceLost, NoSlot, OnHold
from store.journal import FencedJournal
from store.migrations import migrate
from store.settlements import TAKEOVERS, Claim, Phase, Queue, Run, RunOutcome, Status
from tests.servers import Server, new_database

LONG = timedelta(hours=1)
NONE = timedelta(0)
WORKERS = st.sampled_from(["ann", "ben", "cleo", "dan"])
MARKETS = st.sampled_from(["m1", "m2", "m3"])
PHASES = st.sampled_from([Phase.CLOSE, Phase.ANALYSE, Phase.RECORD, Phase.PAY])
SLOTS = 1
T = TypeVar("T")


@dataclass
class Row:
    """What the model knows of a market. `valid` is the one claim that may act, `latest` the one that may release."""

    phase: Phase = Phase.CLOSE
    status: Status = Status.READY
    due: bool = True
    takeovers: int = 0
    fence: int = 0
    valid: Claim | None = None
    latest: Claim | None = None
    open_run: bool = False
    open_attempt: bool = False


class Machine(RuleBasedStateMachine):
    """Workers that are stopped and woken at any point: every claim that was ever made may be used at any time."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="opinion-"))
        self.db = Database(self.new_url())
        self.do(self.db.__aenter__())
        self.do(migrate(self.db))
        self.rows = {market: Row() for market in ("m1", "m2", "m3")}
        for market in self.rows:
            assert self.do(settlements.add(self.db, market))
        self.claims: list[Claim] = []
        self.runs: list[tuple[Claim, Run]] = []
        self.on_hold = False
        self.signed = 0
        self.acts = 0

    def new_url(self) -> str:
        return f"sqlite:///{self.folder}/store.db"

    def do(self, act: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(act)

    def teardown(self) -> None:
        self.do(self.db.__aexit__(None, None, None))
        self.runner.close()
        shutil.rmtree(self.folder)

    def any_claim(self, data: st.DataObject) -> Claim:
        return data.draw(st.sampled_from(self.claims))

    def row(self, claim: Claim) -> Row:
        return self.rows[claim.market]

    def lost(self, claim: Claim) -> bool:
        return self.row(claim).valid != claim

    @rule(market=MARKETS, holder=WORKERS, lease=st.sampled_from([LONG, LONG, NONE]))
    def claim(self, market: str, holder: str, lease: timedelta) -> None:
        row = self.rows[market]
        free = row.status in (Status.READY, Status.WAITING) and row.due and row.valid is None
        analysing = sum(each.valid is not None and each.phase is Phase.ANALYSE for each in self.rows.values())
        parks = free and row.latest is not None and row.takeovers >= TAKEOVERS
        if free and not parks and row.phase is Phase.ANALYSE and analysing >= SLOTS:
            with pytest.raises(NoSlot):
                self.do(settlements.claim(self.db, market, holder, SLOTS, lease))
            return
        claim = self.do(settlements.claim(self.db, market, holder, SLOTS, lease))
        assert (claim is not None) == (free and not parks)
        if parks:
            row.fence, row.status, row.latest, row.open_run = row.fence + 1, Status.PARKED, None, False
            self.acts += 1
        if claim is None:
            return
        if row.latest is not None:
            row.takeovers, row.open_run = row.takeovers + 1, False
        row.fence += 1
        assert (claim.fence, claim.takeovers, claim.phase) == (row.fence, row.takeovers, row.phase)
        row.latest, row.valid = claim, claim if lease else None
        self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), lease=st.sampled_from([LONG, NONE]))
    def renew(self, data: st.DataObject, lease: timedelta) -> None:
        """A lease of nothing is how a worker dies here: its lease runs out, and it may still wake up."""
        claim = self.any_claim(data)
        assert self.do(settlements.renew(self.db, claim, lease)) != self.lost(claim)
        if not self.lost(claim) and not lease:
            self.row(claim).valid = None

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), phase=PHASES)
    def begin(self, data: st.DataObject, phase: Phase) -> None:
        claim, row = self.any_claim(data), self.row
        if phase is Phase.ANALYSE and claim.phase is not Phase.ANALYSE:
            return
        beginning = settlements.begin(self.db, claim, phase, claim.holder)
        if self.lost(claim) or self.on_hold:
            with pytest.raises(FenceLost if self.lost(claim) else OnHold):
                self.do(beginning)
            return
        self.runs.append((claim, self.do(beginning)))
        found = row(claim)
        found.takeovers = found.takeovers if found.phase is phase else 0
        found.phase, found.open_run = phase, True

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), outcome=st.sampled_from(RunOutcome))
    def end(self, data: st.DataObject, outcome: RunOutcome) -> None:
        claim, run = data.draw(st.sampled_from(self.runs))
        self.do(settlements.end(self.db, claim, run, outcome))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def sign(self, data: st.DataObject) -> None:
        """The heart of it: bytes are written down only by who holds the market, while no hold is placed."""
        claim, row = self.any_claim(data), self.rows
        journal = FencedJournal(self.db, claim, claim.holder)
        if self.lost(claim) or self.on_hold:
            for act in (journal.record(self.attempt(claim)), journal.attempts("x"), journal.open_attempts()):
                with pytest.raises(FenceLost if self.lost(claim) else OnHold):
                    self.do(act)
            return
        open_now = self.do(journal.open_attempts())
        assert bool(open_now) == row[claim.market].open_attempt
        for old in open_now:
            self.do(journal.conclude(old.signature, Outcome.EXPIRED, None))
        self.do(journal.record(self.attempt(claim)))
        self.signed, self.acts = self.signed + 1, self.acts + 1
        row[claim.market].open_attempt = True

    def attempt(self, claim: Claim) -> Attempt:
        return Attempt(
            intent=f"{claim.market} act",
            number=self.signed + 1,
            signature=Keypair.from_seed(bytes(32)).sign_message(f"{self.signed}".encode()),
            wire=b"bytes",
            last_valid_block_height=BlockHeight(1),
        )

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), phase=PHASES, due_in=st.sampled_from([NONE, NONE, LONG]), status=st.sampled_from(Status))
    def release(self, data: st.DataObject, phase: Phase, due_in: timedelta, status: Status) -> None:
        claim = self.any_claim(data)
        row = self.row(claim)
        queue = Queue.ANALYSE if phase is Phase.ANALYSE else Queue.SETTLE
        values = {"wait_reason": None, "reason": None, "attempt": 0, "status": status}
        done = self.do(settlements.release(self.db, claim, phase=phase, queue=queue, due_in=due_in, **values))
        assert done == (row.latest == claim)
        if done:
            row.takeovers = row.takeovers if row.phase is phase else 0
            row.phase, row.status, row.due, row.latest, row.valid = phase, status, not due_in, None, None

    @rule(market=MARKETS)
    def park(self, market: str) -> None:
        row = self.rows[market]
        if row.status is not Status.DONE:
            self.do(settlements.park(self.db, market, "looks wrong", "alice"))
            row.status, row.fence, row.latest, row.valid = Status.PARKED, row.fence + 1, None, None
            self.acts += 1

    @rule(market=MARKETS)
    def retry(self, market: str) -> None:
        row = self.rows[market]
        if row.status is not Status.DONE:
            self.do(settlements.retry(self.db, market, "alice"))
            row.status, row.fence, row.latest, row.valid = Status.READY, row.fence + 1, None, None
            row.due, row.takeovers = True, 0
            self.acts += 1

    @rule()
    def hold(self) -> None:
        if self.on_hold:
            assert self.do(holds.lift(self.db, "alice")) == 1
        else:
            self.do(holds.place(self.db, "stop", "alice"))
        self.on_hold, self.acts = not self.on_hold, self.acts + 1

    @invariant()
    def at_most_one_claim_of_each_market_may_act(self) -> None:
        for market, row in self.rows.items():
            mine = [claim for claim in self.claims if claim.market == market]
            renewed = [claim for claim in mine if self.do(settlements.renew(self.db, claim, LONG))]
            assert renewed == ([row.valid] if row.valid else [])

    @invariant()
    def the_rows_are_what_the_model_says(self) -> None:
        for found in self.do(settlements.all_of(self.db)):
            row = self.rows[found.market]
            assert (found.phase, found.status, found.fence) == (row.phase, row.status, row.fence)
            assert found.takeovers == row.takeovers
            assert found.holder == (row.latest.holder if row.latest else None)

    @invariant()
    def what_is_due_can_be_claimed(self) -> None:
        due = {each.market for each in self.do(settlements.due(self.db, 9))}
        free = {
            market
            for market, row in self.rows.items()
            if row.due and row.valid is None and row.status in (Status.READY, Status.WAITING)
        }
        assert due == free

    @invariant()
    def every_act_is_in_the_audit_log(self) -> None:
        verdict = self.do(audit.verify(self.db))
        assert (verdict.ok, verdict.rows) == (True, self.acts)


def run(machine: type[Machine], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=budget(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # To shrink a failure takes longer than a test may: what failed is told as it was found.
            phases=(Stage.explicit, Stage.reuse, Stage.generate),
        ),
    )


def test_any_order_of_acts_on_sqlite() -> None:
    run(Machine, 15)


def test_any_order_of_acts_on_postgresql(postgresql_server: Server) -> None:
    class OnPostgresql(Machine):
        def new_url(self) -> str:
            return new_database(postgresql_server)

    run(OnPostgresql, 6)
