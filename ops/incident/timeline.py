"""Puts an incident together from what was read: pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitoring.clients.server import Merged
from ops.incident import events
from ops.incident.events import Event, Kind
from ops.incident.reading import MOST, Read, cut
from ops.standing import Standing
from ops.times import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that happened between two times, in its order."""

    span: Span
    market: str
    """Empty for all."""
    counts: str
    at_the_start: tuple[Event, ...]
    events: tuple[Event, ...]
    deployed: Event
    """What the program runs now."""
    limits: tuple[Event, ...]
    """What is not known, or left out."""


def assemble(read: Read, span: Span, market: str = "") -> Timeline:
    """Put it together."""
    series = () if read.fired is None else read.fired.value
    found = [
        *events.acts(read.acts[:MOST]),
        *events.troubles(read.troubles[:MOST]),
        *events.successes(read.successes),
        *events.counted(read.counted, read.part),
        *events.alerts(series, span, read.step),
    ]
    return Timeline(
        span=span,
        market=market,
        counts=_counts(read, found),
        at_the_start=tuple(events.at_the_start(read.stops, read.runs, span)),
        events=tuple(sorted(found, key=lambda event: event.at)),
        deployed=_deployed(read.program, span),
        limits=tuple(_limits(read, span)),
    )


def report(told: Timeline) -> dict[str, Any]:
    """Return it as a JSON object; `schema` counts up when its shape changes."""
    return {
        "schema": 1,
        "since": told.span.since.isoformat(),
        "until": told.span.until.isoformat(),
        "market": told.market or None,
        "counts": told.counts,
        "at_the_start": [_event(one) for one in told.at_the_start],
        "events": [_event(one) for one in told.events],
        "deployed": told.deployed.plain(),
        "not_known": [one.plain() for one in told.limits],
    }


def _event(one: Event) -> dict[str, str]:
    return {"at": one.at.isoformat(), "kind": one.kind.value, "words": one.plain()}


def _counts(read: Read, found: list[Event]) -> str:
    people = sum(entry.by_person for entry in read.acts[:MOST])
    done = len(read.successes) + sum(one.count for one in read.counted)
    began = sum(event.kind is Kind.ALERT and " fires" in event.words for event in found)
    return (
        f"acts by people {people:,}, by the oracle {len(read.acts[:MOST]) - people:,}; alerts {began:,}; "
        f"phases that went wrong {len(read.troubles[:MOST]):,}, well {done:,}; "
        f"settlements that ended {read.settling.done:,}, refunded {read.settling.refunded:,}"
    )


def _deployed(program: Standing | str, span: Span) -> Event:
    if isinstance(program, str):
        words, said = "What the program runs is not known: {}.", (program,)
    else:
        found = program.deployed
        words = f"The program runs {{}} since slot {found.slot:,}: {found.words()}."
        said = (found.hash_,)
    return Event(at=span.until, kind=Kind.ACT, words=words, said=said)


def _limits(read: Read, span: Span) -> Iterator[Event]:
    def limit(words: str, *said: str) -> Event:
        return Event(at=span.until, kind=Kind.ACT, words=words, said=said)

    if cut(read.acts):
        yield limit(f"Only the first {MOST} acts are told, up to {read.acts[MOST].at:%Y-%m-%d %H:%M:%S}.")
    if cut(read.troubles):
        at = read.troubles[MOST].started_at
        yield limit(f"Only the first {MOST} phases that went wrong are told, up to {at:%Y-%m-%d %H:%M:%S}.")
    if read.fired is None:
        yield limit("Alerts: no Prometheus is configured (PROMETHEUS_URLS).")
    else:
        for one in read.fired.reach:
            if one.why is not None:
                yield limit("Alerts: Prometheus {} was not heard: {}.", one.server, one.why)
        if read.fired.answered:
            yield limit(f"Alerts are told to within {read.step.total_seconds():g} s, and without pending ones.")
            yield from (limit(words) for words in _silent(read.fired, read, span))
    yield limit("Signatures, analyses and mere waits are left out: 'opinion explain' tells those of one market.")
    yield limit("When the program was deployed is not recorded by this release.")


def _silent(fired: Merged[Any], read: Read, span: Span) -> Iterator[str]:
    for first, last in events.silent(fired.value, span, read.step):
        times = f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
        yield f"No Watchdog {times}: alerts of that time may be missing."
