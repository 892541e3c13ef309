"""The acts that somebody looks at: the newest are read again and again, older ones when asked for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from store.audit_log import Entry, Page, Wanted, search
from store.database import Database

PAGE = 200
MOST = 5_000
"""Acts that are kept at once; who looks for others narrows them down."""


@dataclass(frozen=True, slots=True)
class Known:
    """The acts found so far, newest first, of rows from `top` down to `below` (None: down to the first)."""

    wanted: Wanted
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    """By number, as text."""
    top: int = 0
    below: int | None = None

    @property
    def is_full(self) -> bool:
        """Whether no more are kept."""
        return len(self.entries) >= MOST


class Trail:
    """Reads what is wanted, in pieces none of which takes long; `known` is what came of it."""

    def __init__(self, db: Callable[[], Awaitable[Database]]) -> None:
        self._db = db
        self._wanted = Wanted()
        self._older = False
        self.known = Known(self._wanted)

    @property
    def wanted(self) -> Wanted:
        """What is looked for."""
        return self._wanted

    @property
    def more(self) -> bool:
        """Whether older rows were not looked at yet."""
        return self.known.below is not None and not self.known.is_full

    def want(self, wanted: Wanted) -> None:
        """Look for this from now on."""
        self._wanted, self._older = wanted, False

    def older(self) -> None:
        """Look at older rows in the next reading too."""
        self._older = True

    async def read(self) -> Mapping[str, Entry]:
        """Return what is known after a look at the newest rows, and at older ones if asked for. Raises StoreError."""
        db = await self._db()
        while True:
            wanted, known = self._wanted, self.known
            known = await _newer(db, known) if known.wanted == wanted and known.top else await _first(db, wanted)
            if self._older and known.below is not None and not known.is_full:
                known = _with_older(known, await search(db, wanted, below=known.below, limit=PAGE))
            # Somebody may have typed on meanwhile.
            if self._wanted is wanted:
                break
        self._older, self.known = False, known
        return known.entries


async def _first(db: Database, wanted: Wanted) -> Known:
    page = await search(db, wanted, limit=PAGE)
    return Known(wanted, _by_number(page), page.top, page.below)


async def _newer(db: Database, known: Known) -> Known:
    page = await search(db, known.wanted, above=known.top, limit=PAGE)
    if page.below is not None or page.top < known.top or len(known.entries) >= 2 * MOST:
        # More than one look can tell, another database, or a long day: what was known is left.
        return await _first(db, known.wanted)
    if not page.entries:
        return replace(known, top=page.top)
    return replace(known, entries={**_by_number(page), **known.entries}, top=page.top)


def _with_older(known: Known, page: Page) -> Known:
    return replace(known, entries={**known.entries, **_by_number(page)}, below=page.below)


def _by_number(page: Page) -> dict[str, Entry]:
    return {str(entry.number): entry for entry in page.entries}
