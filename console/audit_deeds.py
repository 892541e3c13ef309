"""The documents that the Audit screen makes, each as a dialog that asks for its times and what makes it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from console import clock
from console.feeds.hub import Hub
from console.widgets.dialog import Answers, Ask, Deed
from ops import handover
from ops.amounts import parse_address
from ops.errors import UsageError
from ops.incident.document import document as timeline
from ops.incident.reading import read
from ops.incident.timeline import assemble
from ops.markdown import Document
from ops.person import person
from ops.times import NOW, parse_moment, parse_span

Making: TypeAlias = tuple[Deed, Callable[[Answers], Awaitable[Document]]]


def telling(hub: Hub) -> Making:
    """What happened between two times."""

    async def make(answers: Answers) -> Document:
        now, sources, market = clock.now(), hub.sources, answers["market"]
        span = parse_span(answers["since"], answers["until"], now)
        found = await read(
            await sources.db(), await sources.watch(), sources.settings, await sources.rpc(), span, market
        )
        return timeline(assemble(found, span, market), sources.settings.network, person(), now)

    means = ("Acts, phases, alerts, holds and runbooks in their order, as Markdown. Nothing is changed.",)
    asks = (
        Ask("since", "From (2h, 14:30, 2026-11-24T02:00; UTC):", "1h", _wrong_time),
        Ask("until", "To:", NOW, _wrong_time),
        Ask("market", "Of one market, or empty for all:", check=_wrong_market),
    )
    return Deed("Tell what happened", means, asks), make


def handing_over(hub: Hub) -> Making:
    """What the next shift has to know."""

    async def make(answers: Answers) -> Document:
        now, sources = clock.now(), hub.sources
        span = parse_span(answers["since"], NOW, now)
        found, seen = await handover.read(await sources.db(), span), await (await sources.reader()).read()
        return handover.document(found, seen, hub.chain.snapshot.value, span, sources.settings.network, person())

    means = ("What needs a person, what is held or parked, and what was done, as Markdown. Nothing is changed.",)
    ask = Ask("since", "Since (8h, 22:00; UTC):", handover.DEFAULT, _wrong_time)
    return Deed("Hand over the shift", means, (ask,)), make


def _wrong_time(words: str) -> str | None:
    try:
        parse_moment(words, clock.now())
    except UsageError as error:
        return str(error)
    return None


def _wrong_market(words: str) -> str | None:
    try:
        if words:
            parse_address(words, "a market")
    except UsageError as error:
        return str(error)
    return None
