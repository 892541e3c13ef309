"""A timeline as Markdown: pure."""

from collections.abc import Iterator
from datetime import datetime

from ops.explanation import span as lasted
from ops.explanation import utc
from ops.incident.events import Event
from ops.incident.timeline import Timeline
from ops.markdown import Document, quoted, section
from settings import Network


def document(told: Timeline, network: Network, who: str, now: datetime) -> Document:
    """Return the timeline as a document, made by `who` at `now`."""
    since = told.span.since
    return Document(
        title=f"Timeline since {since:%Y-%m-%d %H:%M} UTC",
        text="\n".join(_lines(told, network, who, now)) + "\n",
        file_name=f"timeline-{since:%Y%m%dT%H%M}Z.md",
    )


def _lines(told: Timeline, network: Network, who: str, now: datetime) -> Iterator[str]:
    span = told.span
    yield f"# What happened on {network.upper()}\n"
    yield f"From {utc(span.since)} to {utc(span.until)} ({lasted(span.seconds)}). All times are UTC."
    yield f"Made {utc(now)} by {quoted(who)}."
    if told.market:
        yield f"\nOf the market {quoted(told.market)}; alerts, holds and runbooks are of all."
    yield f"\nIn all: {told.counts}."
    yield from section("At the start", (one.markdown() for one in told.at_the_start), "Nothing was held or under way.")
    several = span.since.date() != span.until.date()
    yield from section("In its order", (_line(one, several) for one in told.events), "Nothing happened.")
    yield from section("Deployed", [told.deployed.markdown()], "")
    yield from section("What this does not tell", (one.markdown() for one in told.limits), "Nothing is left out.")


def _line(event: Event, several_days: bool) -> str:
    at = f"{event.at:%Y-%m-%d %H:%M:%S}" if several_days else f"{event.at:%H:%M:%S}"
    return f"{at} **{event.kind}** {event.markdown()}"
