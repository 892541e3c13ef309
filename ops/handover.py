"""What one shift hands over to the next: what needs a person, what is held or parked, and what was done."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ops.alerts.matching import matchers_words
from ops.alerts.seen import State, sentences, silence_words
from ops.explanation import span as lasted
from ops.explanation import utc
from ops.incident.events import Event, acts
from ops.markdown import Document, quoted, section
from ops.status import Overview, attention
from ops.times import Span
from settings import Network
from store import runbooks, settlements, spans
from store.audit_log import BY_PERSON, ChainState, Entry, Term, Wanted, Where, search
from store.database import Database
from store.runbooks import Run
from store.settlements import Settlement, Status
from store.spans import Settling, Stop

DEFAULT = "8h"
"""How long a shift is unless somebody says otherwise."""
MOST = 200
"""Acts of people that are told one by one."""
_LOOKS = 10
"""So often the log is looked through for them; each look is of many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of the database. One more act than MOST, or `rest`, mean that older ones are not told."""

    acts: tuple[Entry, ...]
    """Of people, newest first."""
    rest: bool
    settling: Settling
    stops: tuple[Stop, ...]
    parked: tuple[Settlement, ...]
    runs: tuple[Run, ...]


async def read(db: Database, span: Span) -> Read:
    """Read it. Raises StoreError."""
    found, rest = await _acts_of_people(db, span)
    standing = await spans.stops(db, span.until, span.until)
    return Read(
        acts=found,
        rest=rest,
        settling=await spans.settling(db, span.since, span.until),
        stops=tuple(stop for stop in standing if stop.lifted_at is None),
        parked=tuple(await settlements.all_of(db, Status.PARKED)),
        runs=await runbooks.unended(db),
    )


async def _acts_of_people(db: Database, span: Span) -> tuple[tuple[Entry, ...], bool]:
    """At most one more than MOST, and whether there are older ones that were not looked at."""
    person = Term(words=BY_PERSON, where=Where.ACTOR)
    wanted, below = Wanted(terms=(person,), since=span.since, until=span.until), None
    found: tuple[Entry, ...] = ()
    for _ in range(_LOOKS):
        page = await search(db, wanted, below=below, limit=MOST + 1 - len(found))
        found, below = (*found, *page.entries), page.below
        if below is None or len(found) > MOST:
            break
    return found, below is not None


def document(kept: Read, seen: Overview, chain: ChainState | None, span: Span, network: Network, who: str) -> Document:
    """Return what is handed over as a document, made by `who` at the end of the span. `seen` is how everything is,
    `chain` how far the audit log is known to be as it was written, None where it was not looked at."""
    return Document(
        title=f"Handover at {span.until:%Y-%m-%d %H:%M} UTC",
        text="\n".join(_lines(kept, seen, chain, span, network, who)) + "\n",
        file_name=f"handover-{span.until:%Y%m%dT%H%M}Z.md",
    )


def _lines(
    kept: Read, seen: Overview, chain: ChainState | None, span: Span, network: Network, who: str
) -> Iterator[str]:
    yield f"# Shift handover on {network.upper()}\n"
    yield f"From {utc(span.since)} to {utc(span.until)} ({lasted(span.seconds)}). All times are UTC."
    yield f"Made by {quoted(who)}."
    needed = [f"**{one.severity.name}** {quoted(one.words)}" for one in attention(seen)]
    yield from section("What needs a person now", needed, "Nothing needs a person.")
    yield from section("Holds and pauses", map(_stop, kept.stops), "Nothing is held or paused.")
    yield from section("Parked markets", map(_parked, kept.parked), "None is parked.")
    yield from section("Runbooks under way", map(_run, kept.runs), "None.")
    yield from section("Alerts and silences", _alerts(seen), "Nothing is firing, and nothing is silenced.")
    yield from section("Settlements of the shift", _settled(kept.settling), "")
    yield from section("Who did what", _by_whom(kept), "Nobody did anything.")
    yield from section("Audit log", _chain(chain), "")


def _stop(stop: Stop) -> str:
    what = "the whole oracle is held" if stop.queue is None else f"the queue {quoted(stop.queue)} is paused"
    return f"{what} since {utc(stop.placed_at)}, by {quoted(stop.placed_by)}: {quoted(stop.why)}"


def _parked(row: Settlement) -> str:
    reason = quoted(row.reason) if row.reason else "no reason is kept"
    return f"{quoted(row.market)} in {row.phase}: {reason}"


def _run(run: Run) -> str:
    return f"{quoted(run.runbook)} since {utc(run.started_at)}, begun by {quoted(run.started_by)}"


def _alerts(seen: Overview) -> Iterator[str]:
    found = seen.alerts.value
    if found is None:
        yield f"not known: {quoted(seen.alerts.why or 'no reason is told')}"
        return
    # Counts and troubles, the gravest first; each alert that fires and each silence after them.
    yield from (quoted(words) for words in sentences(found) if not words.startswith("Nothing is firing"))
    for alert in found.alerts:
        if alert.state is State.FIRING:
            severity = alert.severity.name.lower()
            yield f"**{severity}** {quoted(alert.name)} since {utc(alert.since)}: {quoted(alert.words)}"
    for silence in found.silences:
        yield f"silence {quoted(silence_words(silence))} of {quoted(matchers_words(silence.matchers))}"


def _settled(found: Settling) -> Iterator[str]:
    p95 = f", 95 of 100 within {lasted(found.p95_s)}" if found.p95_s is not None else ""
    yield f"{found.done:,} ended{p95}"
    yield f"{found.refunded:,} of them were refunded"
    yield f"{found.failed:,} phases failed, of {found.failed_markets:,} markets"


def _by_whom(kept: Read) -> Iterator[str]:
    told = kept.acts[:MOST]
    for who, count in Counter(entry.actor for entry in told).most_common():
        yield f"{quoted(who)}: {count:,} acts"
    if len(kept.acts) > MOST or kept.rest:
        yield f"these are the newest {len(told):,} acts; 'opinion audit search by:person' has older ones"
    yield from map(_act, acts(reversed(told)))


def _act(event: Event) -> str:
    return f"{event.at:%Y-%m-%d %H:%M:%S} {event.markdown()}"


def _chain(chain: ChainState | None) -> Iterator[str]:
    if chain is None:
        yield "it was not looked at: 'opinion audit verify' does"
        return
    if chain.first_bad is not None:
        yield f"**BAD** {quoted(chain.words)}"
    elif chain.whole_at is not None:
        yield f"ok: {chain.rows:,} rows, each as it was written, seen whole at {utc(chain.whole_at)}"
    else:
        yield f"{chain.checked:,} of {chain.rows:,} rows are checked, each as it was written so far"
    yield f"the newest row has the hash {quoted(chain.head)}"
