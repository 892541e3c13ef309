"""The lines of the overview: what needs a person, then every part; of a part that is away, how it was last. Pure."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from console.sparkline import sparkline
from console.text import safe
from ops.status import Overview, Screen, Severity, attention
from ops.status_words import Source, Tile, depths, tiles

SIGNS = 12
"""So many signs show a history."""
_EVERY = timedelta(minutes=1)
_KEPT = 60
_LEAST_WIDTH = 20
_MARKS = {Severity.NOW: "!! NOW", Severity.SOON: "! soon", Severity.NOTE: "note"}
_STYLES = {Severity.NOW: "table--bad", Severity.SOON: "table--warning", Severity.NOTE: "table--muted"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, its words, and where Enter leads."""

    place: int
    name: str
    words: str
    style: str
    screen: Screen
    filter_words: str = ""
    history: str = ""
    """How it was, where there is room beside the words."""


@dataclass(frozen=True, slots=True)
class Known:
    """The newest overview, and what earlier ones knew."""

    now: Overview
    last: Overview
    """Of each part the newest value that there ever was."""
    since: Mapping[Source, datetime]
    """When each part that is away now was had last."""
    depths: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """By tile, what waited there in each minute at its most, the newest last."""
    minute: datetime | None = None
    """When the newest of these minutes began."""


def following(before: Known | None, seen: Overview) -> Known:
    """Return what is known once this overview has come."""
    if before is None:
        return _counted(None, Known(seen, seen, {}))
    last, since = seen, dict[Source, datetime]()
    if seen.work.value is None and before.last.work.value is not None:
        last, since[Source.DATABASE] = replace(last, work=before.last.work), _had(before, Source.DATABASE)
    if seen.queues.value is None and before.last.queues.value is not None:
        last, since[Source.REDIS] = replace(last, queues=before.last.queues), _had(before, Source.REDIS)
    if seen.program.value is None and before.last.program.value is not None:
        last, since[Source.PROGRAM] = replace(last, program=before.last.program), _had(before, Source.PROGRAM)
    return _counted(before, Known(seen, last, since))


def _had(before: Known, source: Source) -> datetime:
    return before.since.get(source, before.now.at)


def _counted(before: Known | None, known: Known) -> Known:
    """With what waits now, in this minute or in a new one."""
    began = None if before is None else before.minute
    is_new = began is None or known.now.at - began >= _EVERY
    found = dict({} if before is None else before.depths)
    for name, depth in depths(known.now).items():
        past = found.get(name, ())
        found[name] = (*past, depth)[-_KEPT:] if is_new or not past else (*past[:-1], max(past[-1], depth))
    return replace(known, depths=found, minute=known.now.at if is_new else began)


def lines_of(known: Known, width: int) -> dict[str, Line]:
    """Return the lines by key, what needs a person first; words that are longer than `width` go on in further lines."""
    found: dict[str, Line] = {}
    for key, line in _whole(known):
        folds = textwrap.wrap(safe(line.words), max(width, _LEAST_WIDTH)) or [""]
        if len(folds[-1]) + len(line.history) <= width:
            folds[-1] += line.history
        for number, words in enumerate(folds):
            name = line.name if number == 0 else ""
            found[f"{key} {number}"] = replace(line, place=len(found), name=name, words=words)
    return found


def _whole(known: Known) -> Iterator[tuple[str, Line]]:
    needed = attention(known.now)
    for number, one in enumerate(needed):
        yield (
            f"! {number}",
            Line(0, _MARKS[one.severity], one.words, _STYLES[one.severity], one.screen, one.words_after),
        )
    if not needed:
        yield "!", Line(0, "ok", "Nothing needs a person.", "table--good", Screen.OVERVIEW)
    seen = Counter[str]()
    for tile, style in _tiles(known):
        seen[tile.name] += 1
        line = Line(0, tile.name, tile.words, style, tile.screen, tile.words_after, _history(known, tile))
        yield f"{tile.name} {seen[tile.name]}", line


def _tiles(known: Known) -> Iterator[tuple[Tile, str]]:
    """Each part; of one that is away why, and in grey how it was last."""
    now, last = list(tiles(known.now)), list(tiles(known.last))
    for source in Source:
        at = known.since.get(source)
        for tile in (tile for tile in now if tile.source is source):
            kept = "" if at is None else f"; what stands below in grey is as of {at:%H:%M:%S} UTC"
            yield replace(tile, words=f"{tile.words}{kept}"), ""
        if at is not None:
            yield from ((tile, "table--muted") for tile in last if tile.source is source)


def _history(known: Known, tile: Tile) -> str:
    past = known.depths.get(tile.name, ())
    if any(tile.history):
        return f"  {sparkline(tile.history, SIGNS)} 24 h"
    if any(past) and len(past) > 1:
        return f"  {sparkline(past, SIGNS)} {len(past)} min"
    return ""
