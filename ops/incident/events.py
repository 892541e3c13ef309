"""What happened, as events: from acts, runs of phases, alerts, holds and runs of runbooks; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Series
from ops.alerts.seen import NAME, WATCHDOG
from ops.explanation import span as lasted
from ops.markdown import quoted, shortened
from ops.times import Span
from store.audit_log import Entry
from store.runbooks import Run
from store.spans import PhasesDone, PhaseSeen, Stop


class Kind(StrEnum):
    """Of what an event is."""

    ALERT = "alert"
    ACT = "act"
    STOP = "stop"
    RUNBOOK = "runbook"
    PHASE = "phase"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened at `at`. Each `{}` in `words`, which are ours, is one of `said`, which are not."""

    at: datetime
    kind: Kind
    words: str
    said: tuple[str, ...] = ()

    def markdown(self) -> str:
        """Return it as a line of Markdown, what was said in code spans."""
        return self.words.format(*map(quoted, self.said))

    def plain(self) -> str:
        """Return it as a line of text."""
        return self.words.format(*map(shortened, self.said))


KINDS = {
    **dict.fromkeys(("hold", "resume", "pause", "unpause"), Kind.STOP),
    **dict.fromkeys(("start runbook", "end runbook"), Kind.RUNBOOK),
}
"""Of acts that concern every market; other acts are of `Kind.ACT`."""


def acts(entries: Iterable[Entry]) -> Iterator[Event]:
    """Yield what was done by whom to what."""
    for entry in entries:
        details = entry.told()
        words = "{}: {} {}" + (": {}" if details else "")
        said = (entry.actor, entry.act, entry.subject, *([details] if details else []))
        yield Event(at=entry.at, kind=KINDS.get(entry.act, Kind.ACT), words=words, said=said)


def troubles(runs: Iterable[PhaseSeen]) -> Iterator[Event]:
    """Yield the runs that failed, were lost, met an outage, or have no end."""
    for run in runs:
        took = f" after {lasted((run.ended_at - run.started_at).total_seconds())}" if run.ended_at else ""
        outcome = "{}" if run.outcome else "no end: under way, or its worker died"
        words = f"{{}} of {{}}, attempt {run.attempt}: {outcome}{took}{': {}' if run.reason else ''}, by {{}}"
        said = (run.phase, run.market, run.outcome, run.reason, run.worker)
        yield Event(at=run.started_at, kind=Kind.PHASE, words=words, said=tuple(one for one in said if one))


def successes(runs: Iterable[PhaseSeen]) -> Iterator[Event]:
    """Yield the runs that did what they should, one by one."""
    for run in runs:
        took = lasted(((run.ended_at or run.started_at) - run.started_at).total_seconds())
        words = "{} of {} done in " + took
        yield Event(at=run.started_at, kind=Kind.SETTLED, words=words, said=(run.phase, run.market))


def counted(found: Iterable[PhasesDone], part: timedelta) -> Iterator[Event]:
    """Yield how many runs did what they should in each part of the time."""
    for start, phases in groupby(found, key=lambda one: one.start):
        many = list(phases)
        each = ", ".join(f"{{}} {one.count:,}" for one in many)
        total = sum(one.count for one in many)
        words = f"{total:,} phases done until {start + part:%H:%M:%S}: {each}"
        yield Event(at=start, kind=Kind.SETTLED, words=words, said=tuple(one.phase for one in many))


def at_the_start(stops: Iterable[Stop], runs: Iterable[Run], span: Span) -> Iterator[Event]:
    """Yield what held, or was under way, before the time begins; what began later is an act."""
    for stop in stops:
        if stop.placed_at < span.since:
            words = "the queue {} is paused" if stop.queue is not None else "the whole oracle is held"
            said = (stop.queue,) if stop.queue is not None else ()
            words += f" since {stop.placed_at:%Y-%m-%d %H:%M:%S}, by {{}}: {{}}"
            yield Event(at=stop.placed_at, kind=Kind.STOP, words=words, said=(*said, stop.placed_by, stop.why))
    for run in runs:
        if run.started_at < span.since:
            words = f"the runbook {{}} is gone through since {run.started_at:%Y-%m-%d %H:%M:%S}, begun by {{}}"
            yield Event(at=run.started_at, kind=Kind.RUNBOOK, words=words, said=(run.runbook, run.started_by))


def alerts(series: Sequence[Series], span: Span, step: timedelta) -> Iterator[Event]:
    """Yield when alerts began to fire and when they ended, each to within a step."""
    for one in series:
        name = one.labels.get(NAME)
        if name == WATCHDOG:
            continue
        said = (name or "an alert without a name", _labels_words(one.labels))
        for first, last in intervals(one, step):
            begun = "fires already" if first - span.since < step else "fires"
            yield Event(at=first, kind=Kind.ALERT, words=f"{{}} {begun}: {{}}", said=said)
            if span.until - last > step:
                after = f"after {lasted((last - first).total_seconds())}"
                yield Event(at=last, kind=Kind.ALERT, words=f"{{}} ends {after}: {{}}", said=said)


def silent(series: Sequence[Series], span: Span, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times without a Watchdog: what fired then may not be known."""
    known = [one for found in series if found.labels.get(NAME) == WATCHDOG for one in intervals(found, step)]
    heard = span.since
    for first, last in sorted(known):
        if first - heard > 2 * step:
            yield heard, first
        heard = max(heard, last)
    if span.until - heard > 2 * step:
        yield heard, span.until


def intervals(series: Series, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield (first, last) of each row of values without a gap."""
    first = last = None
    for at in sorted(series.points):
        if first is None or last is None:
            first = at
        elif at - last > step * 3 / 2:
            yield first, last
            first = at
        last = at
    if first is not None and last is not None:
        yield first, last


_OUT = (NAME, "__name__", "alertstate")


def _labels_words(labels: Labels) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels if name not in _OUT) or "no labels"
