"""The operator's hands: what they do to the database, and what `explain` says, with and without the chain."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest
from chain.answers import Commitment
from chain.constants import MarketState, RequestStatus
from chain.errors import EndpointUnreachable
from chain.units import Slot, UnixTime, UsdcUnits
from ops import settlements as hands
from ops.errors import OperatorError, UsageError
from ops.explanation import lines, plain, report, row_line, row_report, span, why
from ops.settlements import NO_STOPS, Explanation, OnChain, Stops
from ops.terminal import paragraphs
from settings import Settings
from store import accounts, by_hand, settlements
from store.accounts import Cluster, FullRead
from store.audit import verify
from store.by_hand import Act, Past, PastRun, SentTransaction
from store.database import Database
from store.errors import SettlementRefused, WrongRevision
from store.holds import Hold
from store.migrations import migrate
from store.settlements import Phase, Queue, Settlement, Status
from tests.samples import key, on_chain, sample

PERSON = "alice@bastion"
MARKET = key(7)
NOWHERE = "http://127.0.0.1:1"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/oracle.db", solana_rpc_url=(NOWHERE,))


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings.database_url) as database:
        await migrate(database)
        yield database


async def follow(db: Database, *kinds: Market | MarketReceipt | Opinion | VrfRequest) -> None:
    """The follower sees these accounts."""
    seen = [on_chain(MARKET if isinstance(a, Market) else key(99), a, 5) for a in kinds]
    cluster = Cluster("genesis", Pubkey.from_string(Settings().program_id))
    await accounts.see(db, cluster, FullRead(seen, 5, Commitment.CONFIRMED))


async def test_tables_that_are_not_there_are_named(settings: Settings) -> None:
    async with Database(settings.database_url):
        pass
    with pytest.raises(WrongRevision, match="store migrate"):
        async with hands.opened(settings):
            pass


async def test_a_database_that_is_not_there_is_named_and_not_made(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError, match=r"no database .*oracle\.db: correct DATABASE_URL, or make one"):
        async with hands.opened(settings):
            pass
    assert not (tmp_path / "oracle.db").exists()


async def test_who_forgot_the_settings_of_what_runs_here_is_told_where_they_are(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hands.UP_SETTINGS.parent.mkdir(parents=True)
    hands.UP_SETTINGS.touch()
    with pytest.raises(OperatorError, match=r"take its settings by 'set -a; \. \.opinion/up/env; set \+a'"):
        async with hands.opened(settings):
            pass


async def test_a_hold_is_placed_and_lifted_by_name(db: Database) -> None:
    placed = await hands.hold(db, " an upgrade ", PERSON)
    assert (placed.why, placed.placed_by) == ("an upgrade", PERSON)
    assert (await hands.hold(db, "another", "bob@bastion")).placed_by == PERSON
    assert await hands.resume(db, PERSON) == 2
    assert await hands.resume(db, PERSON) == 0
    assert (await verify(db)).ok


@pytest.mark.parametrize("why", ["", "  \n", "x" * 501])
async def test_who_comes_next_must_find_a_reason(db: Database, why: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        await hands.hold(db, why, PERSON)
    await settlements.add(db, str(MARKET))
    with pytest.raises(UsageError, match="reason"):
        await hands.park(db, MARKET, why, PERSON)


async def test_a_known_market_is_settled_parked_and_retried_without_the_chain(db: Database, settings: Settings) -> None:
    await settlements.add(db, str(MARKET))
    assert await hands.settle(db, settings, None, MARKET, PERSON) is False
    await hands.park(db, MARKET, "look at it first", PERSON)
    with pytest.raises(SettlementRefused, match="look at it first"):
        await hands.settle(db, settings, None, MARKET, PERSON)
    assert [row.market for row in (await hands.unfinished(db, parked=True))[1]] == [str(MARKET)]
    await hands.retry(db, MARKET, PERSON)
    assert (await hands.unfinished(db, parked=True))[1] == []
    assert [row.status for row in (await hands.unfinished(db, parked=False))[1]] == [Status.READY]
    acts = (await by_hand.past(db, str(MARKET), 10)).acts
    assert [(act.act, act.actor) for act in acts] == [("settle", PERSON), ("park", PERSON), ("retry", PERSON)]


async def test_a_market_that_only_the_follower_knows_is_settled_without_the_chain(
    db: Database, settings: Settings
) -> None:
    await follow(db, sample(Market, state=MarketState.ACTIVE))
    assert await hands.settle(db, settings, None, MARKET, PERSON) is True


async def test_a_market_that_nobody_can_confirm_is_not_settled(db: Database, settings: Settings) -> None:
    with pytest.raises(EndpointUnreachable, match=r"127\.0\.0\.1:1"):
        await hands.settle(db, settings, None, MARKET, PERSON)
    assert await settlements.get(db, str(MARKET)) is None
    with pytest.raises(SettlementRefused, match="not a market that the oracle knows"):
        await hands.retry(db, MARKET, PERSON)


async def test_explain_works_without_an_rpc_node_and_says_so(db: Database, settings: Settings) -> None:
    statement = "tea \x1b[31mbeats\u202e coffee"
    await follow(db, sample(Market, state=MarketState.SCORED, statement=statement, staker_count=3))
    await settlements.add(db, str(MARKET))
    await hands.hold(db, "an upgrade", PERSON)
    told = await hands.explain(db, settings, None, MARKET, 10)
    text = "\n".join(lines(told))
    assert "chain: not known now: http://127.0.0.1:1" in text
    assert "seen last as of slot 5: Scored; 3 stakers, $0.00" in text
    assert "alice@bastion holds the whole oracle since" in text
    assert "tea \ufffd[31mbeats\ufffd coffee" in text
    assert json.loads(json.dumps(report(told)))["chain"]["known"] is False


async def test_explain_of_what_nobody_knows(db: Database, settings: Settings) -> None:
    text = "\n".join(lines(await hands.explain(db, settings, None, MARKET, 10)))
    assert "the oracle has no work on it" in text
    assert "the follower has not seen this market" in text
    assert "nothing has happened yet" in text


def row(**values: object) -> Settlement:
    given: dict[str, object] = {
        "market": str(MARKET),
        "phase": Phase.CAPTURE,
        "queue": Queue.CAPTURE,
        "status": Status.READY,
        "attempt": 0,
        "takeovers": 0,
        "fence": 1,
        "holder": None,
        "lease_until": None,
        "due_at": NOW,
        "wait_reason": None,
        "reason": None,
        "created_at": NOW,
        "started_at": NOW,
        "finished_at": None,
    }
    return Settlement(**{**given, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "no work on it"),
        (row(status=Status.DONE, finished_at=NOW), "done since 2026-11-24 03:00:00 UTC"),
        (row(status=Status.PARKED, reason="the vault is empty"), "parked in capture: the vault is empty; when that"),
        (
            row(holder="w1", lease_until=NOW + timedelta(seconds=5), attempt=2),
            "w1 works on capture, after 2 failed of 3",
        ),
        (row(holder="w1", lease_until=NOW - timedelta(seconds=5)), "w1 stopped working on capture 5.00 s ago"),
        (
            row(due_at=NOW - timedelta(seconds=75)),
            r"due since 2026-11-24 02:58:45 UTC \(1 min 15 s\) and waits for a free",
        ),
        (row(queue=Queue.ANALYSE), "or one of the slots for analyses"),
        (
            row(status=Status.WAITING, wait_reason="bond", reason="missing $4.00", due_at=NOW + timedelta(minutes=1)),
            r"capture waits for the bond vault to be filled.*next look 2026-11-24 03:01:00 UTC, in 1 min 0 s: missing",
        ),
        (row(wait_reason="eclipse", due_at=NOW + timedelta(seconds=3)), "waits for eclipse"),
        (row(due_at=NOW + timedelta(seconds=3), attempt=1), "waits to try again, after 1 failed of 3 attempts"),
    ],
)
def test_why_it_waits_is_one_sentence(found: Settlement | None, words: str) -> None:
    assert re.search(words, why(found, NOW))


@pytest.mark.parametrize(
    ("stops", "words"),
    [
        (Stops(Hold(why="drill", placed_by=PERSON, placed_at=NOW), frozenset({"capture"})), "`opinion resume`"),
        (Stops(None, frozenset({"capture"})), "`opinion queue unpause capture`"),
    ],
)
def test_what_a_person_stopped_waits_for_a_person_and_not_for_a_worker(stops: Stops, words: str) -> None:
    told = why(row(queue=Queue.CAPTURE), NOW, stops)
    assert words in told
    assert "free worker" not in told
    assert "free worker" in why(row(queue=Queue.SETTLE), NOW, Stops(None, frozenset({"capture"})))


def explanation(chain: OnChain | str = "away", *, settlement: Settlement | None = None, past: Past) -> Explanation:
    return Explanation(
        market=str(MARKET), settlement=settlement, stops=NO_STOPS, chain=chain, followed=None, analysis=None, past=past
    )


def run(number: int, phase: Phase, outcome: str | None, reason: str | None = None, took: float = 0.5) -> PastRun:
    started = NOW + timedelta(seconds=number)
    ended = started + timedelta(seconds=took) if outcome else None
    return PastRun(
        id=number,
        phase=phase,
        attempt=1,
        worker="worker@host",
        started_at=started,
        ended_at=ended,
        outcome=outcome,
        reason=reason,
    )


STORY = Past(
    at=NOW + timedelta(minutes=5),
    runs=(
        run(0, Phase.CLOSE, "done"),
        run(2, Phase.ANALYSE, "failed", "the reply was cut off"),
        *(run(second, Phase.CAPTURE, "waited", "slot") for second in range(10, 14)),
        run(20, Phase.CAPTURE, "lost", "it stopped renewing its lease"),
        run(30, Phase.CAPTURE, None),
    ),
    sent=(
        SentTransaction(
            signature="5" * 88,
            intent=f"{MARKET} close",
            number=1,
            outcome="landed",
            slot=321,
            signed_at=NOW + timedelta(seconds=0.1),
            concluded_at=NOW + timedelta(seconds=0.4),
        ),
    ),
    acts=(Act(number=1, at=NOW + timedelta(seconds=25), actor=PERSON, act="park", details={"reason": "wait\x1b[2J"}),),
    more=True,
)


def test_what_happened_is_told_in_order() -> None:
    text = list(lines(explanation(past=STORY)))
    begin = text.index("what happened (UTC):")
    assert text[begin + 1 :] == [
        "(only the newest: --all shows everything)",
        "2026-11-24 03:00:00  close    done in 0.50 s",
        "2026-11-24 03:00:00  signed   close 555555555555\u2026: landed in slot 321, known after 0.30 s",
        "2026-11-24 03:00:02  analyse  failed in 0.50 s, attempt 1, worker@host: the reply was cut off",
        "2026-11-24 03:00:10  capture  waited, 4 looks in 3.50 s: slot",
        "2026-11-24 03:00:20  capture  lost in 0.50 s, attempt 1, worker@host: it stopped renewing its lease",
        "2026-11-24 03:00:25  park     by alice@bastion: wait\ufffd[2J",
        "2026-11-24 03:00:30  capture  begun, no end yet, attempt 1, worker@host",
    ]


def test_a_wait_of_the_plan_lasts_until_the_next_run() -> None:
    runs = (
        run(0, Phase.REQUEST, "done"),
        run(1, Phase.CAPTURE, "waited", "slot", took=0),
        run(9, Phase.CAPTURE, "done"),
        run(10, Phase.PROVE, "waited", "finality", took=0.002),
    )
    text = list(lines(explanation(past=replace(STORY, runs=runs, sent=(), acts=(), more=False))))
    assert text[text.index("what happened (UTC):") + 1 :] == [
        "2026-11-24 03:00:00  request  done in 0.50 s",
        "2026-11-24 03:00:01  capture  waited 8.00 s for the target slot of its request for randomness",
        "2026-11-24 03:00:09  capture  done in 0.50 s",
        "2026-11-24 03:00:10  prove    waits for the chain to finalize what was done",
    ]


def test_it_can_be_read_at_80_columns() -> None:
    told = explanation(past=STORY, settlement=row(status=Status.PARKED, reason="a long reason " * 30))
    folded = "\n".join(paragraphs([line], 80, rest="    ") for line in lines(told))
    assert max(map(len, folded.splitlines())) <= 80


def test_the_report_has_whole_signatures_and_plain_json() -> None:
    told = json.loads(json.dumps(report(explanation(past=STORY, settlement=row()))))
    assert told["sent"][0]["signature"] == "5" * 88
    assert told["runs"][0]["started_at"] == NOW.isoformat()
    assert told["settlement"]["phase"] == "capture"
    assert told["more"] is True


def test_what_the_chain_shows_is_told() -> None:
    market = sample(
        Market,
        state=MarketState.AWAITING_RANDOMNESS,
        staker_count=2,
        total_stake=UsdcUnits(3_500_000),
        closes_at=UnixTime(int(NOW.timestamp())),
    )
    request = sample(
        VrfRequest, status=RequestStatus.CAPTURED, target_slot=Slot(9), requested_at=UnixTime(int(NOW.timestamp()))
    )
    text = "\n".join(lines(explanation(OnChain(slot=Slot(77), market=market, request=request), past=STORY)))
    assert (
        "chain: as of slot 77: AwaitingRandomness; 2 stakers, $3.50; closes 2026-11-24 03:00:00 UTC; "
        "its request of 2026-11-24 03:00:00 UTC for slot 9 is Captured" in text
    )
    settled = replace(market, state=MarketState.SETTLED, prize_paid=True)
    text = "\n".join(lines(explanation(OnChain(slot=Slot(77), market=settled, request=None), past=STORY)))
    assert "prize paid, fee not collected yet" in text
    receipt = sample(MarketReceipt, state=MarketState.REFUNDING, finished_at=UnixTime(int(NOW.timestamp())))
    text = "\n".join(lines(explanation(OnChain(slot=Slot(77), market=receipt, request=None), past=STORY)))
    assert "finished as Refunding at 2026-11-24 03:00:00 UTC" in text
    text = "\n".join(lines(explanation(OnChain(slot=None, market=None, request=None), past=STORY)))
    assert "there is no market at this address" in text


def test_a_listed_settlement_is_one_line() -> None:
    parked = row(status=Status.PARKED, reason="two\nlines")
    assert row_line(parked, NOW).startswith(f"{MARKET} parked in capture: two\ufffdlines")
    assert json.loads(json.dumps(row_report(parked, NOW)))["status"] == "parked"


@given(st.text())
def test_no_words_steer_a_terminal(words: str) -> None:
    assert plain(words).isprintable()
    assert len(plain(words)) == len(words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.00 s"),
        (0.414, "0.41 s"),
        (12.4, "12 s"),
        (59.7, "1 min 0 s"),
        (7_500, "2 h 5 min"),
        (1_126_800, "13 d 1 h"),
    ],
)
def test_durations_have_the_units_that_count(seconds: float, words: str) -> None:
    assert span(seconds) == words
