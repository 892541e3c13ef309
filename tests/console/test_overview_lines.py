"""The lines of the overview, from what the outside parts said one after another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console import queue_fields
from console.audit_filter import wanted_of
from console.filters import parse
from console.overview_lines import Known, Line, following, lines_of
from console.screens.markets import FIELDS
from ops.runbooks.book import runbooks
from ops.status import Overview, Part, Queues, Screen, attention
from ops.status_words import Source, tiles
from store.standing import Line as Due
from tests.ops.test_overview import NOW, WELL, changed, firing, work

LATER = timedelta(seconds=30)


def told(*seen: Overview, width: int = 200) -> dict[str, Line]:
    """The lines after these, half a minute apart, by what they are about."""
    return {line.name: line for line in lines_of(known(*seen), width).values() if line.name}


def known(*seen: Overview) -> Known:
    found: Known | None = None
    for number, one in enumerate(seen):
        found = following(found, replace(one, at=NOW + number * LATER))
    assert found is not None
    return found


AWAY = replace(WELL, work=Part(None, "away"), queues=Part(None, "gone"), program=Part(None, "nowhere"))


def test_of_what_goes_away_the_last_values_stay_in_grey_with_the_reason_and_the_time() -> None:
    first, then = told(WELL), told(WELL, AWAY, AWAY)
    assert then["database"].words == "not known: away; what stands below in grey is as of 03:00:00 UTC"
    assert then["at stake"] == replace(first["at stake"], place=then["at stake"].place, style="table--muted")
    words = [line.words for line in lines_of(known(WELL, AWAY), 200).values() if line.name == "redis"]
    assert words == ["not known: gone; what stands below in grey is as of 03:00:00 UTC", "12 workers; jobs: empty"]
    assert then["signers"].style == "table--muted"
    assert then["rpc"].style == "", "what answers is not grey"
    assert known(WELL, AWAY, WELL).since == {}
    assert told(WELL, AWAY, WELL)["at stake"].style == ""
    assert known(WELL, AWAY, AWAY, WELL, AWAY).since[Source.REDIS] == NOW + 3 * LATER


def test_what_was_never_known_is_said_without_a_time() -> None:
    assert told(AWAY)["database"].words == "not known: away"
    assert "at stake" not in told(AWAY)
    assert told(AWAY, WELL)["at stake"].words == "$26.75 held in escrow"


def test_what_waits_is_drawn_by_the_minute_at_its_most() -> None:
    deep, deeper = (changed(due={"settle": Due(count, 1.0)}) for count in (3, 9))
    found = known(WELL, deep, deeper, WELL, WELL, deep)
    assert found.depths["due"] == (3, 9, 3), "two overviews a minute"
    assert told(WELL, deep, deeper, WELL, WELL, deep)["due"].words.endswith("▁█▁ 3 min")
    many = [deep] * 200
    assert len(known(*many).depths["due"]) == 60


def test_a_history_without_room_is_left_out_and_takes_no_line() -> None:
    deep, deeper = (changed(due={"settle": Due(count, 1.0)}) for count in (3, 9))
    lines = known(WELL, deep, deeper, WELL)
    whole = lines_of(lines, 1000)["due 1 0"].words
    words, _, _ = whole.partition("  ")
    assert lines_of(lines, len(whole))["due 1 0"].words == whole
    assert lines_of(lines, len(whole) - 1)["due 1 0"].words == words
    assert "due 1 1" not in lines_of(lines, len(whole) - 1)


def test_words_too_long_for_the_screen_go_on_in_further_lines() -> None:
    long = work(watcher=" ".join(["watcher"] * 20))
    lines = [line for key, line in lines_of(known(long), 40).items() if key.startswith("watcher 1 ")]
    assert [line.name for line in lines] == ["watcher", "", "", ""]
    assert {line.screen for line in lines} == {Screen.QUEUE}
    assert all(len(line.words) <= 40 for line in lines)
    everything = list(lines_of(known(long), 40).values())
    assert [line.place for line in everything] == list(range(len(everything)))


@pytest.mark.parametrize("seen", [WELL, AWAY, changed(parked={"pay": 1}, due={"settle": Due(2, 99.0)})])
def test_what_a_line_types_on_its_screen_means_something_there(seen: Overview) -> None:
    names = runbooks()
    for one in (*tiles(seen), *attention(seen), *attention(replace(seen, queues=Part(Queues({}, 0))))):
        match one.screen:
            case Screen.MARKETS:
                parse(one.words_after, FIELDS, lambda _: "")
                values = {value for field in FIELDS for value in field.values}
                assert {term.partition(":")[2] for term in one.words_after.split()} <= values
            case Screen.RUNBOOKS:
                assert one.words_after in names
            case Screen.QUEUE:
                parse(one.words_after, queue_fields.fields(lambda: NOW), lambda _: "")
            case Screen.AUDIT:
                wanted_of(one.words_after, NOW)
            case _:
                assert one.words_after == ""


def test_an_alert_leads_to_itself() -> None:
    from ops.alerts.seen import Severity

    [one] = attention(firing(Severity.CRITICAL))
    assert (one.screen, one.words_after) == (Screen.ALERTS, "name:OracleDown")
