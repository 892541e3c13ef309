"""What a shift hands over: from a real database, and with whatever people wrote in it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from monitoring.clients.alertmanager import Matcher, Silence, SilenceState
from monitoring.clients.labels import Labels
from ops import handover
from ops.alerts.seen import AlertsSeen, Group, Severity, ShownAlert, Standing, State
from ops.handover import Read, document, read
from ops.markdown import shortened
from ops.status import Overview, Part
from ops.times import Span
from settings import Network
from store import audit, holds, pauses, runbooks, settlements
from store.audit_log import Chain, ChainState
from store.database import Database
from store.migrations import migrate
from store.runbooks import Outcome
from store.settlements import Phase, Queue
from tests.ops.test_markdown import HOSTILE

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
SPAN = Span(NOW - timedelta(hours=8), NOW)
WHOLE = ChainState(rows=1_234, checked=1_234, whole_at=NOW, first_bad=None, head="ab" * 32, words="")
AWAY = Overview(
    at=NOW, network=Network.DEVNET, version="0", work=Part(None, "it is away"), queues=Part(None, "it is away"),
    nodes=(), program=Part(None, "it is away"), alerts=Part(None, "nobody answers"),
)  # fmt: skip


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as found:
        await migrate(found)
        yield found


async def kept(db: Database) -> Read:
    now = await db.now() + timedelta(seconds=1)
    return await read(db, Span(now - timedelta(hours=8), now))


def told(kept: Read, seen: Overview = AWAY, chain: ChainState | None = WHOLE) -> str:
    return document(kept, seen, chain, SPAN, Network.DEVNET, "ann@bastion").text


def part(text: str, title: str) -> list[str]:
    """The lines of one section."""
    return text.partition(f"## {title}\n\n")[2].partition("\n\n## ")[0].splitlines()


async def test_all_that_stands_open_and_all_that_people_did_is_handed_over(db: Database) -> None:
    await holds.place(db, "an upgrade", "ann@bastion")
    await pauses.place(db, Queue.ANALYSE, "the model", "bob@bastion")
    await pauses.place(db, Queue.SETTLE, "a look", "bob@bastion")
    await pauses.lift(db, Queue.SETTLE, "bob@bastion")
    await settlements.add(db, "M", Phase.PROVE, Queue.SETTLE)
    await settlements.park(db, "M", "no key", "ann@bastion")
    await settlements.add(db, "N", Phase.PROVE, Queue.SETTLE)
    await settlements.park(db, "N", "three attempts failed", "vm:1:a")
    await runbooks.start(db, "oracle-down", "d", "ann@bastion")
    ended, _ = await runbooks.start(db, "ended", "d", "ann@bastion")
    await runbooks.end(db, ended.id, Outcome.FINISHED, "", (), "ann@bastion")
    text = told(await kept(db))
    assert [line.partition(" since")[0] for line in part(text, "Holds and pauses")] == [
        "- the whole oracle is held",
        "- the queue `analyse` is paused",
    ]
    assert part(text, "Parked markets") == ["- `M` in prove: `no key`", "- `N` in prove: `three attempts failed`"]
    assert [line.partition(" since")[0] for line in part(text, "Runbooks under way")] == ["- `oracle-down`"]
    did = part(text, "Who did what")
    assert did[:2] == ["- `ann@bastion`: 5 acts", "- `bob@bastion`: 3 acts"]
    assert [line.split("`")[3] for line in did[2:]] == [
        "hold", "pause", "pause", "unpause", "park", "start runbook", "start runbook", "end runbook",
    ]  # fmt: skip
    assert part(text, "Audit log") == [
        "- ok: 1,234 rows, each as it was written, seen whole at 2026-11-24 06:00:00 UTC",
        f"- the newest row has the hash `{'ab' * 32}`",
    ]


async def test_a_quiet_shift_says_so(db: Database) -> None:
    text = told(await kept(db), chain=await Chain().look(db))
    assert part(text, "Parked markets") == ["None is parked."]
    assert part(text, "Who did what") == ["Nobody did anything."]
    assert part(text, "Settlements of the shift")[0] == "- 0 ended"
    assert part(text, "What needs a person now")[0] == "- **NOW** `The database cannot be asked: it is away.`"
    assert part(text, "Alerts and silences") == ["- not known: `nobody answers`"]


async def test_more_than_is_told_is_said(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST", 3)
    async with db.write() as connection:
        for number in range(5):
            await audit.append(connection, "ann@bastion", f"act {number}", "M", {})
    did = part(told(await kept(db)), "Who did what")
    assert did[:2] == [
        "- `ann@bastion`: 3 acts",
        "- these are the newest 3 acts; 'opinion audit search by:person' has older ones",
    ]
    assert [line.split("`")[3] for line in did[2:]] == ["act 2", "act 3", "act 4"]


async def test_a_log_that_is_not_as_it_was_written_is_told(db: Database) -> None:
    bad = replace(WHOLE, first_bad=3, whole_at=None, words="row 3 was changed")
    found = await kept(db)
    assert part(told(found, chain=bad), "Audit log")[0] == "- **BAD** `row 3 was changed`"
    assert "it was not looked at" in told(found, chain=None)
    assert "12 of 1,234 rows" in told(found, chain=replace(WHOLE, whole_at=None, checked=12))


@given(st.lists(HOSTILE, min_size=5, max_size=5))
def test_no_words_break_the_document(words: list[str]) -> None:
    def structure(words: list[str]) -> list[str]:
        name, comment, by, summary, why = words
        silence = Silence(
            places=(), matchers=(Matcher("alertname", name),), starts_at=NOW, ends_at=NOW, created_by=by,
            comment=comment, state=SilenceState.ACTIVE,
        )  # fmt: skip
        alert = ShownAlert(
            labels=Labels.of({"alertname": name}), annotations=Labels.of({"summary": summary}),
            severity=Severity.CRITICAL, state=State.FIRING, since=NOW, value=None, expression=None, silenced_by=(),
            inhibited_by=(), receivers=(), servers=(), is_sent=True,
        )  # fmt: skip
        seen = AlertsSeen(
            at=NOW, standing=Standing.FIRING, groups=(Group(name, (alert,)),), watchdogs=(), silences=(silence,),
            troubles=(why,), is_complete=True,
        )  # fmt: skip
        nothing = Read(acts=(), rest=False, settling=SETTLING, stops=(), parked=(), runs=())
        text = told(nothing, replace(AWAY, alerts=Part(seen)))
        return [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]

    assert structure(words) == structure(["x" if shortened(one) else "" for one in words])


SETTLING = handover.Settling(done=12, refunded=2, p95_s=93.5, failed=3, failed_markets=1)


def test_settlements_are_told_with_how_long_they_took() -> None:
    text = told(Read(acts=(), rest=False, settling=SETTLING, stops=(), parked=(), runs=()))
    assert part(text, "Settlements of the shift") == [
        "- 12 ended, 95 of 100 within 1 min 34 s",
        "- 2 of them were refunded",
        "- 3 phases failed, of 1 markets",
    ]
