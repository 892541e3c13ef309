"""A table of rows that change while one looks: ten thousand of them, and only the cells that changed are painted.

Textual's own table measures and keeps every cell and paints all of itself for each change. This one keeps the rows'
data and their order, makes the strips that are on the screen, and refreshes the regions of cells whose words changed.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.text import safe_text

Row = TypeVar("Row")
GAP = 1
"""Cells between columns."""
HEADER = 1
"""Lines above the rows."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. Where the table is narrow, those of the highest `drop` go first; `flex` shares out what is left."""

    name: str
    title: str
    width: int
    words: Callable[[Row], str]
    order: Callable[[Row], Any]
    """What the column sorts by; comparable among all rows."""
    style: Callable[[Row], str] = lambda _: ""
    """A component class of the table, such as `table--bad`, or nothing."""
    flex: int = 0
    drop: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class _Place(Generic[Row]):
    column: Column[Row]
    x: int
    width: int


class LiveTable(ScrollView, Generic[Row], can_focus=True):
    """Rows by key. The cursor stays on its row wherever that goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("ctrl+d", "move_page(0.5)", show=False),
        Binding("ctrl+u", "move_page(-0.5)", show=False),
        Binding("ctrl+f,pagedown,space", "move_page(1)", show=False),
        Binding("ctrl+b,pageup", "move_page(-1)", show=False),
        Binding("g,home", "jump('first')", show=False),
        Binding("G,end", "jump('last')", show=False),
        Binding("enter", "choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--muted",
        "table--bad",
        "table--warning",
        "table--good",
    }
    DEFAULT_CSS = """
    LiveTable { height: 1fr; background: $background; color: $foreground; overflow-x: hidden;
        scrollbar-size-vertical: 1; }
    LiveTable > .table--header { color: $primary; text-style: bold; }
    LiveTable > .table--cursor { background: $row-cursor-background; color: $row-cursor-foreground; }
    LiveTable > .table--muted { color: $muted; }
    LiveTable > .table--bad { color: $error; text-style: bold; }
    LiveTable > .table--warning { color: $warning; }
    LiveTable > .table--good { color: $success; }
    LiveTable.stale { color: $muted; }
    """

    class Chosen(Message):
        """Enter, or a click on the row that has the cursor."""

        def __init__(self, table: "LiveTable[Any]", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Highlighted(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, table: "LiveTable[Any]", key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        sort: str,
        reverse: bool = False,
        empty: str = "Nothing is here.",
        unmatched: str | None = None,
        stays_first: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`empty` is said where there is no row, `unmatched` where the filter lets none through.

        A cursor on the first row stays on the first row, whichever comes there, where it `stays_first`; else every
        cursor goes with its row.
        """
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._sort = next(column for column in columns if column.name == sort)
        self._reverse = reverse
        self._empty = empty
        self._unmatched = unmatched
        self._stays_first = stays_first
        self._rows: dict[str, Row] = {}
        self._order: list[tuple[Any, str]] = []
        """(what it sorts by, key) of every row that the filter lets through, ascending."""
        self._at: dict[str, tuple[Any, str]] = {}
        self._filter: Callable[[Row], bool] | None = None
        self._cursor: str | None = None
        self._cursor_at = 0
        self._places: tuple[_Place[Row], ...] = ()
        self._ticked: dict[str, dict[str, str]] = {}
        """What a column said on the screen when it was painted last by `refresh_column`."""

    # The rows.

    @property
    def rows(self) -> Mapping[str, Row]:
        """Every row by its key, those that the filter leaves out too."""
        return self._rows

    @property
    def shown(self) -> int:
        """How many rows the filter lets through."""
        return len(self._order)

    @property
    def cursor(self) -> str | None:
        """The key of the row that has the cursor; None where there is no row."""
        return self._cursor

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The column's name, and whether the order is turned round."""
        return self._sort.name, self._reverse

    def replace_rows(self, rows: Mapping[str, Row]) -> None:
        """Show these and no others."""
        gone, known = self._rows.keys() - rows.keys(), self._rows
        # Most are the same objects: to compare their values takes many times as long.
        changed = {key: row for key, row in rows.items() if known.get(key) is not row and known.get(key) != row}
        if known and len(gone) + len(changed) < len(rows) // 4:
            self.update_rows(changed, gone)
            return
        self._rows = dict(rows)
        self._arrange()

    def update_rows(self, changed: Mapping[str, Row], gone: Iterable[str] = ()) -> None:
        """Take these in place of what they were; paints nothing but what they changed on the screen."""
        on_screen, cursor = self._on_screen(), self._cursor
        moved: set[str] = set()
        stayed: list[tuple[str, Row]] = []
        for key in gone:
            self._rows.pop(key, None)
            if self._take_out(key):
                moved.add(key)
        for key, row in changed.items():
            before = self._rows.get(key)
            if before == row:
                continue
            self._rows[key] = row
            entry = (self._sort.order(row), key) if self._passes(row) else None
            if entry is not None and self._at.get(key) == entry and before is not None:
                stayed.append((key, before))
                continue
            if self._take_out(key):
                moved.add(key)
            if entry is not None:
                insort(self._order, entry)
                self._at[key] = entry
                moved.add(key)
        if moved:
            self._settle()
            self._refresh_moved(on_screen, cursor, moved)
        dirty = [region for key, before in stayed for region in self._changed_cells(key, before, self._rows[key])]
        if dirty:
            self.refresh(*dirty)

    def say_empty(self, words: str) -> None:
        """Say this where there is no row."""
        if words != self._empty:
            self._empty = words
            if not self._order:
                self.refresh()

    def set_filter(self, passes: Callable[[Row], bool] | None) -> None:
        """Show only the rows that pass; None shows all."""
        self._filter = passes
        self._arrange()

    def sort_by(self, name: str, *, reverse: bool = False) -> None:
        """Sort by the column of this name (KeyError)."""
        by_name = {column.name: column for column in self._columns}
        self._sort, self._reverse = by_name[name], reverse
        self._arrange()

    def sort_by_next(self) -> str:
        """Sort by the next column that is shown; returns its title."""
        shown = [place.column for place in self._places] or list(self._columns)
        at = next((number for number, column in enumerate(shown) if column is self._sort), -1)
        column = shown[(at + 1) % len(shown)]
        self.sort_by(column.name)
        return column.title

    def go_to(self, key: str) -> bool:
        """Put the cursor on the row; False where it is not shown."""
        if key not in self._at:
            return False
        self._set_cursor(self._view(self._index(key)))
        return True

    def go_on_to(self, wanted: Callable[[Row], bool], by: int = 1) -> bool:
        """Put the cursor on the next row that is wanted, from the last on to the first; False where there is none."""
        for step in range(1, len(self._order) + 1):
            place = (self._cursor_at + step * by) % len(self._order)
            if wanted(self._rows[self._key_at(place)]):
                self._set_cursor(place)
                return True
        return False

    def refresh_column(self, name: str) -> None:
        """Paint the cells of a column that say something else than when this was called last: of one whose words depend
        on more than its rows, such as the time."""
        place = next((place for place in self._places if place.column.name == name), None)
        if place is None:
            return
        before = self._ticked.get(name, {})
        now = {key: place.column.words(self._rows[key]) for key in self._on_screen()}
        self._ticked[name] = now
        dirty = [
            Region(place.x, y, place.width, 1)
            for y, (key, words) in enumerate(now.items(), HEADER)
            if before.get(key) != words
        ]
        if dirty:
            self.refresh(*dirty)

    def _passes(self, row: Row) -> bool:
        return self._filter is None or self._filter(row)

    def _take_out(self, key: str) -> bool:
        entry = self._at.pop(key, None)
        if entry is None:
            return False
        del self._order[bisect_left(self._order, entry)]
        return True

    def _arrange(self) -> None:
        """Sort all anew."""
        order = self._sort.order
        self._order = sorted((order(row), key) for key, row in self._rows.items() if self._passes(row))
        self._at = {entry[1]: entry for entry in self._order}
        self._settle()
        self.refresh()

    def _settle(self) -> None:
        """Rows are at other places now."""
        if self._stays_first and self._cursor_at == 0 and self._order:
            if self._cursor != self._key_at(0):
                self._cursor = self._key_at(0)
                self.post_message(self.Highlighted(self, self._cursor))
        elif self._cursor in self._at:
            self._cursor_at = self._view(self._index(self._cursor))
        elif self._order:
            self._cursor_at = min(self._cursor_at, len(self._order) - 1)
            self._cursor = self._key_at(self._cursor_at)
            self.post_message(self.Highlighted(self, self._cursor))
        elif self._cursor is not None:
            self._cursor, self._cursor_at = None, 0
            self.post_message(self.Highlighted(self, None))
        self.virtual_size = Size(self.size.width, len(self._order) + HEADER)

    def _on_screen(self) -> list[str]:
        """The keys that the screen shows, from above."""
        top = self.scroll_offset.y
        return [self._key_at(place) for place in range(top, min(top + self.size.height - HEADER, len(self._order)))]

    def _refresh_moved(self, before: list[str], cursor: str | None, moved: set[str]) -> None:
        """Paint the lines that show another row than before, or one that moved, or gained or lost the cursor."""
        after = self._on_screen()
        if not before or not after:
            self.refresh()
            return
        turned = {cursor, self._cursor} if cursor != self._cursor else set[str | None]()
        for line, (old, new) in enumerate(zip_longest(before, after)):
            if old != new or new in moved or new in turned:
                self._refresh_line(self.scroll_offset.y + line)

    def _index(self, key: str) -> int:
        return bisect_left(self._order, self._at[key])

    def _view(self, index: int) -> int:
        """From the place in ascending order to the one on the screen, and back."""
        return len(self._order) - 1 - index if self._reverse else index

    def _key_at(self, place: int) -> str:
        return self._order[self._view(place)][1]

    # The cursor.

    def action_move(self, by: int) -> None:
        """Move by rows."""
        self._set_cursor(self._cursor_at + by)

    def action_move_page(self, pages: float) -> None:
        """Move by what the screen shows."""
        self._set_cursor(self._cursor_at + int(pages * max(self.size.height - HEADER, 1)))

    def action_jump(self, where: str) -> None:
        """To the first row, or the last."""
        self._set_cursor(0 if where == "first" else len(self._order) - 1)

    def action_choose(self) -> None:
        """Open the row."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """The header sorts, a row takes the cursor, a row that has it opens."""
        if event.y < HEADER:
            hit = next((place for place in self._places if place.x <= event.x < place.x + place.width), None)
            if hit is not None:
                self.sort_by(hit.column.name, reverse=hit.column is self._sort and not self._reverse)
            return
        place = event.y - HEADER + self.scroll_offset.y
        if place >= len(self._order):
            return
        if place == self._cursor_at:
            self.action_choose()
        else:
            self._set_cursor(place)

    def _set_cursor(self, place: int) -> None:
        if not self._order:
            return
        place = min(max(place, 0), len(self._order) - 1)
        before, self._cursor_at = self._cursor_at, place
        key = self._key_at(place)
        if key == self._cursor:
            return
        self._cursor = key
        height = max(self.size.height - HEADER, 1)
        top = self.scroll_offset.y
        if place < top or place >= top + height:
            self.scroll_to(y=place if place < top else place - height + 1, animate=False, force=True)
        self._refresh_line(before)
        self._refresh_line(place)
        self.post_message(self.Highlighted(self, key))

    def _refresh_line(self, place: int) -> None:
        y = place - self.scroll_offset.y + HEADER
        if HEADER <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # Painting.

    def on_resize(self) -> None:
        """Other columns may fit."""
        self._places = _laid_out(self._columns, self.scrollable_content_region.width)
        self.virtual_size = Size(self.size.width, len(self._order) + HEADER)
        self.refresh()

    def _changed_cells(self, key: str, before: Row, row: Row) -> list[Region]:
        y = self._view(self._index(key)) - self.scroll_offset.y + HEADER
        if not HEADER <= y < self.size.height:
            return []
        return [
            Region(place.x, y, place.width, 1)
            for place in self._places
            if place.column.words(before) != place.column.words(row)
            or place.column.style(before) != place.column.style(row)
        ]

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header stays, the rows scroll under it."""
        width = self.size.width
        base = self.rich_style
        if y < HEADER:
            return self._header(width, base + self.get_component_rich_style("table--header", partial=True))
        place = y - HEADER + self.scroll_offset.y
        if not self._order:
            said = self._unmatched if self._rows and self._unmatched is not None else self._empty
            words = safe_text(said, width) if y == HEADER else ""
            muted = base + self.get_component_rich_style("table--muted", partial=True)
            return Strip([Segment(words, muted)]).adjust_cell_length(width, base)
        if place >= len(self._order):
            return Strip.blank(width, base)
        row = self._rows[self._key_at(place)]
        is_cursor = place == self._cursor_at
        if is_cursor:
            base += self.get_component_rich_style("table--cursor", partial=True)
        segments: list[Segment] = []
        x = 0
        for spot in self._places:
            segments.append(Segment(" " * (spot.x - x), base))
            style = spot.column.style(row)
            named = self.get_component_rich_style(style, partial=True) if style and not is_cursor else Style.null()
            segments.append(Segment(_fitted(spot.column.words(row), spot.width, spot.column.right), base + named))
            x = spot.x + spot.width
        return Strip(segments).adjust_cell_length(width, base)

    def _header(self, width: int, style: Style) -> Strip:
        segments: list[Segment] = []
        x = 0
        for spot in self._places:
            mark = (
                ("\N{DOWNWARDS ARROW}" if self._reverse else "\N{UPWARDS ARROW}") if spot.column is self._sort else ""
            )
            # The mark stands, whatever of the title has room beside it.
            words = _fitted(spot.column.title[: max(spot.width - len(mark), 0)] + mark, spot.width, spot.column.right)
            segments += [Segment(" " * (spot.x - x), style), Segment(words, style)]
            x = spot.x + spot.width
        return Strip(segments).adjust_cell_length(width, style)


def _fitted(words: str, width: int, right: bool) -> str:
    shown = safe_text(words, width)
    space = " " * (width - cell_len(shown))
    return space + shown if right else shown + space


def _laid_out(columns: Sequence[Column[Row]], width: int) -> tuple[_Place[Row], ...]:
    """Return which columns fit and where; of those that may be dropped, the highest number goes first."""
    kept = list(columns)

    def needed() -> int:
        return sum(column.width + GAP for column in kept) - GAP

    while len(kept) > 1 and needed() > width and (worst := max(column.drop for column in kept)) > 0:
        kept.remove(next(column for column in reversed(kept) if column.drop == worst))
    spare, flex = max(width - needed(), 0), sum(column.flex for column in kept)
    places: list[_Place[Row]] = []
    x = 0
    for column in kept:
        extra = spare * column.flex // flex if flex else 0
        fits = min(column.width + extra, max(width - x, 0))
        places.append(_Place(column, x, fits))
        x += fits + GAP
    return tuple(places)
