"""What console and `opinion status` show: from a real localnet, database and Valkey, and with each of them away."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from chain.accounts import LIABILITY_OFFSET, Market
from chain.answers import Commitment
from chain.constants import PROGRAM_ID, MarketState, RequestStatus
from chain.errors import MarketNotFound
from chain.multisig.model import Status as MultisigStatus
from chain.units import Lamports, Slot, UsdcUnits
from monitoring.clients.labels import Labels
from monitoring.exporters.redis_queues import Jobs
from ops.alerts.seen import AlertsSeen, Group, ShownAlert, State
from ops.alerts.seen import Severity as AlertSeverity
from ops.alerts.seen import Standing as AlertStanding
from ops.demo.authorities import establish
from ops.market_detail import detail
from ops.signers.standing import CouncilStanding, Seated, Waiting
from ops.standing import Authority, Deployed
from ops.standing import Standing as Program
from ops.status import (
    Node,
    Overview,
    Part,
    Queues,
    Reader,
    Screen,
    Severity,
    Work,
    attention,
    is_unknown,
    needs_a_person,
)
from ops.status_words import lines, report, tiles
from oracle.follower.full_read import read_all
from settings import Network, Settings
from store import accounts, holds, settlements
from store.accounts import Cluster
from store.database import Database
from store.holds import Hold
from store.listing import Listing
from store.migrations import HEAD, migrate
from store.settlements import Phase, Status
from store.standing import Line, Settled, Standing
from tests.oracle.settlement.house import House
from tests.samples import sample
from tests.servers import Server
from tests.stage import staged

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:1"


@asynccontextmanager
async def settling(folder: Path) -> AsyncIterator[House]:
    """A localnet with our program, and an oracle's database."""
    async with staged(folder) as stage, Database(f"sqlite:///{folder}/oracle.db") as db:
        await migrate(db)
        await establish(stage, "establish", UsdcUnits(1_000_000_000))
        async with House.opened(stage, db, folder / "texts") as house:
            yield house


async def follow(house: House) -> None:
    """As the follower does."""
    cluster = Cluster(await house.stage.rpc.genesis_hash(), PROGRAM_ID)
    await accounts.see(house.db, cluster, await read_all(house.stage.rpc, PROGRAM_ID, Commitment.CONFIRMED))


async def test_a_market_is_listed_and_shown_from_its_first_stake_to_its_receipt(tmp_path: Path) -> None:
    async with settling(tmp_path) as house:
        listing = Listing(house.db)
        assert await listing.read() == {}
        market = await house.market()
        await follow(house)
        first = (await listing.read())[market.name]
        assert (first.state, first.finished, first.stakers, first.stake) == (MarketState.ACTIVE, False, 3, 3_000_003)
        assert (first.phase, first.status, first.worked_on) == (Phase.CLOSE, Status.READY, False)
        assert (await listing.read())[market.name] is first, "nothing changed, so nothing is made anew"
        settings = Settings(program_id=str(PROGRAM_ID), solana_rpc_url=house.stage.url)  # pyright: ignore[reportArgumentType]
        shown = await detail(house.db, settings, market.address, house.texts)
        assert shown.statement == first.statement
        assert [one.stake for one in shown.opinions] == [1_000_002, 1_000_001, 1_000_000]
        assert shown.opinions[0].odds == Fraction(1_000_002, 3_000_003)
        assert {one.score for one in shown.opinions} == {None}

        await settlements.park(house.db, market.name, "a look", "alice")
        assert (await listing.read())[market.name].reason == "a look"
        await settlements.retry(house.db, market.name, "alice")
        await house.settle(market)
        await follow(house)
        last = (await listing.read())[market.name]
        assert (last.state, last.finished, last.status) == (MarketState.SETTLED, True, Status.DONE)
        shown = await detail(house.db, settings, market.address, house.texts)
        assert shown.statement is None, "the chain keeps its hash"
        assert sum(one.won for one in shown.opinions) == 1
        assert all(one.score is not None and one.text for one in shown.opinions)
        with pytest.raises(MarketNotFound):
            await detail(house.db, settings, Pubkey.new_unique(), house.texts)


async def test_an_overview_tells_each_part_or_why_not(tmp_path: Path, valkey_server: Server) -> None:
    async with settling(tmp_path) as house:
        await house.settle(await house.market())
        await holds.place(house.db, "an upgrade", "alice")
        settings = Settings(
            program_id=str(PROGRAM_ID),
            solana_rpc_url=f"{house.stage.url},{NOWHERE}",  # pyright: ignore[reportArgumentType]
            database_url=f"sqlite:///{tmp_path}/oracle.db",
            redis_url=valkey_server.url,
        )
        async with Reader(settings) as reader:
            seen = await reader.read()
    assert seen.work.value is not None
    now = seen.work.value.standing
    assert (now.settled.count, sum(now.settled_by_hour), now.settled_by_hour[-1], now.failed) == (1, 1, 1, 0)
    assert sum(now.sent_by_hour) == now.sent_by_hour[-1] >= 9
    assert now.owed == 0
    assert seen.work.value.step == HEAD
    assert seen.work.value.hold is not None
    assert [node.slot is None for node in seen.nodes] == [False, True]
    assert seen.program.value is not None
    assert seen.program.value.deployed.built_hash == seen.program.value.deployed.hash_
    told = [one.words for one in attention(seen)]
    assert any(words.startswith("No watcher is active") for words in told)
    assert any("alice holds the oracle since" in words for words in told)
    assert any(words.startswith(f"{NOWHERE} cannot be reached") for words in told)
    assert not is_unknown(seen)
    assert json.loads(json.dumps(report(seen)))["ok"] is False


async def test_with_nothing_reachable_it_says_so(tmp_path: Path) -> None:
    settings = Settings(
        solana_rpc_url=NOWHERE,  # pyright: ignore[reportArgumentType]
        database_url="postgresql://console:the-secret@127.0.0.1:1/opinion",
        redis_url="redis://127.0.0.1:1/0",
    )
    async with Reader(settings) as reader:
        seen = await reader.read()
    assert is_unknown(seen)
    text = "\n".join(lines(seen))
    assert "the-secret" not in text
    assert {one.severity for one in attention(seen)} == {Severity.NOW, Severity.NOTE}


WELL = Overview(
    at=NOW,
    network=Network.MAINNET,
    version="1.2.3",
    work=Part(
        Work(
            Standing(
                at=NOW, due={}, settlements={("done", ""): 4}, parked={}, leases={}, markets={MarketState.ACTIVE: 2},
                randomness={}, transactions={"landed": 40}, held=False, model_available=True,
                reads={"finalized": NOW - timedelta(seconds=9)}, settled=Settled(4, 31.0),
                settled_by_hour=(*[0] * 22, 1, 3), failed=0, sent_by_hour=(*[0] * 22, 60, 100),
                owed=UsdcUnits(26_750_000),
            ),
            None,
            "watcher@host",
            HEAD,
        )
    ),
    queues=Part(Queues({"settle": Jobs(0, 0.0)}, 12)),
    nodes=(Node("https://one", Slot(1_000)), Node("https://two", Slot(998))),
    program=Part(
        Program(
            Slot(1_000), paused=False,
            authorities=[Authority("oracle", Pubkey.default(), Lamports(10**9), None, "close")],
            deployed=Deployed(Pubkey.default(), Slot(5), 97_000, "ab" * 32, "ab" * 32),
        )
    ),
    alerts=Part(AlertsSeen(
        at=NOW, standing=AlertStanding.QUIET, groups=(), watchdogs=(), silences=(), troubles=(), is_complete=True
    )),
)  # fmt: skip


def changed(**standing: object) -> Overview:
    kept = WELL.work.value
    assert kept is not None
    return replace(WELL, work=Part(replace(kept, standing=replace(kept.standing, **standing))))  # type: ignore[arg-type]


def test_where_all_is_well_nobody_is_needed() -> None:
    assert attention(WELL) == ()
    assert not needs_a_person(WELL)
    assert list(lines(WELL))[:2] == [
        "MAINNET at 2026-11-24 03:00:00 UTC, opinion-markets 1.2.3",
        "Nothing needs a person.",
    ]


def work(**parts: object) -> Overview:
    assert WELL.work.value is not None
    return replace(WELL, work=Part(replace(WELL.work.value, **parts)))  # type: ignore[arg-type]


def program(**parts: object) -> Overview:
    assert WELL.program.value is not None
    return replace(WELL, program=Part(replace(WELL.program.value, **parts)))  # type: ignore[arg-type]


BROKE = Authority("oracle", Pubkey.default(), None, None, "close")
LAGS = (WELL.nodes[0], Node("https://two", Slot(800)))
UNCAPTURED = {RequestStatus.REQUESTED: Line(2, 90.0)}


def firing(severity: AlertSeverity) -> Overview:
    """OracleDown on two hosts, one of them silenced."""
    one = ShownAlert(
        labels=Labels.of({"alertname": "OracleDown"}), annotations=Labels.of({"summary": "No \x1bwatcher."}),
        severity=severity, state=State.FIRING, since=NOW, value=None, expression=None, silenced_by=(),
        inhibited_by=(), receivers=(), servers=(), is_sent=True,
    )  # fmt: skip
    assert WELL.alerts.value is not None
    groups = (Group("OracleDown", (one, replace(one, state=State.SILENCED))),)
    return replace(WELL, alerts=Part(replace(WELL.alerts.value, standing=AlertStanding.FIRING, groups=groups)))


def blind(standing: AlertStanding) -> Overview:
    assert WELL.alerts.value is not None
    found = replace(WELL.alerts.value, standing=standing, troubles=("It cannot be known.",))
    return replace(WELL, alerts=Part(found))


HELD = Hold(why="an upgrade", placed_by="alice", placed_at=NOW)


@pytest.mark.parametrize(
    ("seen", "severity", "words", "screen"),
    [
        (changed(parked={"pay": 1}), Severity.SOON, "1 settlement is parked", Screen.MARKETS),
        (changed(due={"capture": Line(3, 61.0)}), Severity.SOON, "3 due in capture", Screen.QUEUE),
        (changed(randomness=UNCAPTURED), Severity.NOW, "2 slot hashes are not captured", Screen.MARKETS),
        (changed(model_available=False), Severity.SOON, "does not answer", Screen.MARKETS),
        (changed(reads={"finalized": NOW - timedelta(minutes=5)}), Severity.SOON, "full 300 s ago", Screen.MARKETS),
        (replace(WELL, queues=Part(Queues({}, 0))), Severity.NOW, "No worker is alive", Screen.RUNBOOKS),
        (replace(WELL, queues=Part(None, "away")), Severity.NOW, "cannot be seen: away", Screen.RUNBOOKS),
        (replace(WELL, nodes=LAGS), Severity.SOON, "https://two is 200 slots behind", Screen.RUNBOOKS),
        (replace(WELL, work=Part(None, "away")), Severity.NOW, "cannot be asked: away", Screen.RUNBOOKS),
        (work(watcher=None), Severity.NOW, "No watcher is active", Screen.RUNBOOKS),
        (work(hold=HELD), Severity.SOON, "alice holds the oracle since 03:00 UTC: an upgrade", Screen.AUDIT),
        (firing(AlertSeverity.CRITICAL), Severity.NOW, "OracleDown fires since 03:00 UTC: No ", Screen.ALERTS),
        (firing(AlertSeverity.WARNING), Severity.SOON, "OracleDown fires since 03:00 UTC: No ", Screen.ALERTS),
        (blind(AlertStanding.UNREACHABLE), Severity.SOON, "It cannot be known.", Screen.ALERTS),
        (blind(AlertStanding.WATCHDOG_MISSING), Severity.SOON, "It cannot be known.", Screen.ALERTS),
        (blind(AlertStanding.NOT_CONFIGURED), Severity.SOON, "It cannot be known.", Screen.ALERTS),
        (replace(WELL, alerts=Part(None, "away")), Severity.SOON, "cannot be read: away", Screen.ALERTS),
        (program(paused=True), Severity.NOTE, "The program is paused", Screen.DEPLOYS),
        (program(authorities=[BROKE]), Severity.NOW, "has no SOL: send it some", Screen.SIGNERS),
    ],
)
def test_what_needs_a_person_is_told_in_words(seen: Overview, severity: Severity, words: str, screen: Screen) -> None:
    [one] = attention(seen)
    assert (one.severity, one.screen) == (severity, screen)
    assert words in one.words
    assert one.words.isprintable()
    assert needs_a_person(seen) is (severity >= Severity.SOON)


def test_every_part_is_a_tile_that_leads_to_a_screen() -> None:
    told = {tile.name: tile for tile in tiles(WELL)}
    assert told["at stake"].words == "$26.75 held in escrow"
    assert told["done today"].words == "4, 95 of 100 within 31 s; 100.0% success, 0 parked"
    assert told["done today"].history[-2:] == (1, 3)
    assert told["oracle key"].words.startswith("1 SOL, at most 1,250 days at the last day's 160 transactions")
    assert told["sent"].words == "160 transactions landed in 24 h"
    assert told["sent"].history[-2:] == (60, 100)
    assert told["versions"].words == f"opinion-markets 1.2.3, database step {HEAD} of {HEAD}"
    assert [tile.words for tile in tiles(WELL) if tile.name == "rpc"] == [
        "https://one at slot 1,000",
        "https://two at slot 998, 2 behind",
    ]
    assert "no multisig is set, and only one may record scores here" in told["signers"].words
    devnet = {tile.name: tile for tile in tiles(replace(WELL, network=Network.DEVNET))}
    assert devnet["signers"].words == "1 of 1 ready: on devnet the oracle's key records scores alone"
    assert {tile.screen for tile in tiles(WELL)} == set(Screen) - {Screen.OVERVIEW}
    doubtful = {tile.name: tile for tile in tiles(changed(transactions={"landed": 40, "expired": 2, None: 1}))}
    assert doubtful["sent"].words.endswith("in 24 h, 2 expired ever, 1 under way")
    late = {tile.name: tile for tile in tiles(changed(due={"settle": Line(2, 61.0)}, parked={"pay": 1}, failed=3))}
    assert late["due"].words == "settle 2 (oldest 61 s, OVERDUE)"
    assert late["done today"].words.endswith("80.0% success, 1 parked, 3 failed runs")


PEOPLE = tuple(
    Seated(name, "Lisbon", Pubkey(bytes((n,)) * 32), "vote", True, Lamports(10**9), True)
    for n, name in enumerate(("Ana", "Ben", "Chloe"), 1)
)
CRANK = Seated("the oracle", "-", Pubkey(bytes((9,)) * 32), "propose, execute", False, Lamports(10**9), False)
VAULT = Pubkey(bytes((8,)) * 32)
ASKED = Waiting(7, MultisigStatus.ACTIVE, False, NOW - timedelta(minutes=45), None, 1, ("Ana",), ("Ben", "Chloe"))
COUNCIL = CouncilStanding(
    "settlement", "Squad", NOW, threshold=2, seats=(*PEOPLE, CRANK), open=(ASKED,), authority=VAULT
)


def with_council(**changes: object) -> Overview:
    """All is well, and a vault is the oracle."""
    program = WELL.program.value
    assert program is not None
    authorities = [
        replace(held, key=VAULT, balance=None) if held.role == "oracle" else held for held in program.authorities
    ]
    changed_one = replace(COUNCIL, **changes)
    return replace(WELL, program=Part(replace(program, authorities=authorities, councils=(changed_one,))))


def test_signers_are_told_with_what_waits_for_them() -> None:
    told = {tile.name: tile for tile in tiles(with_council())}
    assert told["signers"].words == "3 ready, 2 needed; proposal 7 waits for 45 min, ask Ben, Chloe"
    assert told["oracle key"].words.endswith(str(CRANK.key))
    [long] = attention(with_council())
    assert (long.severity, long.screen) == (Severity.SOON, Screen.SIGNERS)
    assert long.words == "Proposal 7 waits, since 02:15 UTC: ask Ben, Chloe."
    assert attention(with_council(open=())) == ()
    assert json.loads(json.dumps(report(with_council())))["ok"] is False


def test_a_multisig_that_is_not_as_agreed_on_comes_first() -> None:
    seen = with_council(differences=("the threshold is 1, and 2 was agreed on",), open=())
    [wrong] = attention(seen)
    assert wrong.severity is Severity.NOW
    assert wrong.words == "The settlement multisig is not as agreed on: the threshold is 1, and 2 was agreed on."
    assert {tile.name: tile for tile in tiles(seen)}["signers"].words.startswith("NOT AS AGREED: the threshold")


def test_signers_who_cannot_pay_and_a_key_that_cannot_are_told() -> None:
    poor = [replace(person, balance=Lamports(0), ready=False) for person in PEOPLE[1:]]
    [few] = attention(with_council(seats=(PEOPLE[0], *poor, CRANK), open=()))
    assert few.words == "1 signer of the settlement multisig is ready, and 2 are needed."
    [key] = attention(with_council(seats=(*PEOPLE, replace(CRANK, balance=Lamports(5))), open=()))
    assert key.severity is Severity.NOW
    assert str(CRANK.key) in key.words


def test_what_is_owed_is_read_where_a_market_keeps_it() -> None:
    market = sample(Market, liability=UsdcUnits(123_456_789))
    assert market.to_bytes()[LIABILITY_OFFSET : LIABILITY_OFFSET + 8] == (123_456_789).to_bytes(8, "little")


def test_alerts_that_nobody_watches_matter_on_mainnet_alone() -> None:
    assert attention(replace(blind(AlertStanding.NOT_CONFIGURED), network=Network.DEVNET)) == ()
    assert attention(firing(AlertSeverity.INFO)) == ()
    assert "alerts       It cannot be known." in lines(blind(AlertStanding.NOT_CONFIGURED))
