"""The table: rows at their places, the cursor on its row, and nothing painted but what changed."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Region

from console.widgets.table import Column, LiveTable


@dataclass(frozen=True)
class Item:
    name: str
    size: int
    words: str = ""


COLUMNS: tuple[Column[Item], ...] = (
    Column("name", "name", 6, lambda item: item.name, lambda item: item.name),
    Column("size", "size", 6, lambda item: str(item.size), lambda item: item.size, right=True),
    Column("words", "words", 10, lambda item: item.words, lambda item: item.words, flex=1, drop=1),
)


class Shown(App[None]):
    """One table."""

    stays_first = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "#888888", "row-cursor-background": "#333366", "row-cursor-foreground": "#ffffff"}

    def compose(self) -> ComposeResult:
        yield LiveTable(COLUMNS, sort="size", empty="nothing here", stays_first=self.stays_first)

    @property
    def table(self) -> LiveTable[Item]:
        return self.query_one(LiveTable)

    def lines(self) -> list[str]:
        table = self.table
        return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


def items(*sizes: int) -> dict[str, Item]:
    return {f"k{size}": Item(f"k{size}", size, f"words of {size}") for size in sizes}


async def test_rows_are_sorted_and_the_cursor_stays_on_its_row() -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.focus()
        app.table.replace_rows(items(3, 1, 2))
        await pilot.press("j")
        assert app.table.cursor == "k2"
        app.table.update_rows({"k9": Item("k9", 0, "new")})
        assert [line.split()[0] for line in app.lines()[1:5]] == ["k9", "k1", "k2", "k3"]
        assert app.table.cursor == "k2"
        app.table.update_rows({"k2": Item("k2", 99)})
        assert app.lines()[4].split()[0] == "k2"
        assert app.table.cursor == "k2"
        app.table.update_rows({}, ["k2"])
        assert app.table.cursor == "k3", "the row that took its place"
        app.table.replace_rows({})
        assert (app.table.cursor, app.lines()[1]) == (None, "nothing here")


async def test_a_cursor_on_the_first_row_stays_first_where_it_shall_and_any_other_on_its_row() -> None:
    app = Shown()
    app.stays_first = True
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.focus()
        app.table.replace_rows(items(3, 1, 2))
        assert app.table.cursor == "k1"
        app.table.update_rows({"k9": Item("k9", 0, "new")})
        assert app.table.cursor == "k9"
        app.table.update_rows({}, ["k9"])
        assert app.table.cursor == "k1"
        await pilot.press("j")
        app.table.update_rows({"k9": Item("k9", 0, "new")})
        assert app.table.cursor == "k2"
        app.table.replace_rows({})
        assert app.table.cursor is None


async def test_keys_move_as_in_vim_and_pages_are_what_is_shown() -> None:
    app = Shown()
    async with app.run_test(size=(40, 11)) as pilot:
        app.table.focus()
        app.table.replace_rows(items(*range(100)))
        for keys, place in (("G", 99), ("g", 0), ("ctrl+f", 10), ("ctrl+d", 15), ("ctrl+b", 5), ("k", 4), ("down", 5)):
            await pilot.press(keys)
            assert app.table.cursor == f"k{place}", keys
        assert app.table.scroll_offset.y <= 5 < app.table.scroll_offset.y + 10


async def test_the_header_sorts_by_a_click_and_a_second_click_opens(monkeypatch: object) -> None:
    app = Shown()
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.replace_rows(items(3, 1, 2))
        await pilot.click(LiveTable, offset=(2, 0))
        assert app.table.sorted_by == ("name", False)
        await pilot.click(LiveTable, offset=(2, 0))
        assert app.table.sorted_by == ("name", True)
        assert [line.split()[0] for line in app.lines()[1:4]] == ["k3", "k2", "k1"]
        await pilot.click(LiveTable, offset=(2, 3))
        assert app.table.cursor == "k1"


async def test_where_it_is_narrow_the_least_important_columns_go() -> None:
    app = Shown()
    async with app.run_test(size=(20, 5)):
        app.table.replace_rows(items(1))
        assert app.lines()[0].split() == ["name", "size\N{UPWARDS ARROW}"]
    wide = Shown()
    async with wide.run_test(size=(60, 5)):
        wide.table.replace_rows(items(1))
        assert "words of 1" in wide.lines()[1]


async def test_a_cell_that_changes_is_all_that_is_painted() -> None:
    app = Shown()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.replace_rows(items(*range(1_000)))
        await pilot.pause()
        painted: list[object] = []
        refresh = app.table.refresh
        app.table.refresh = lambda *regions, **more: painted.append(regions) or refresh(*regions, **more)  # type: ignore[method-assign,assignment,func-returns-value]
        rows = dict(app.table.rows)
        app.table.update_rows({"k3": replace(rows["k3"], words="other")})
        assert [[region.area for region in regions] for regions in painted] == [[46]]
        painted.clear()
        app.table.update_rows({"k900": replace(rows["k900"], words="other")})
        app.table.update_rows({"k3": replace(rows["k3"], words="other")})
        assert painted == [], "neither what is not on the screen, nor what is as before"


async def test_a_row_that_moves_paints_the_lines_between_its_places() -> None:
    app = Shown()
    async with app.run_test(size=(60, 12)) as pilot:
        app.table.replace_rows(items(*range(10, 1_000, 10)))
        await pilot.pause()
        painted: list[Region] = []
        refresh = app.table.refresh
        app.table.refresh = lambda *regions, **more: painted.extend(regions or ["all"]) or refresh(*regions, **more)  # type: ignore[method-assign,assignment,func-returns-value,list-item]
        app.table.update_rows({"k30": Item("k30", 55)})
        assert [region.y for region in painted] == [3, 4, 5], "of ten lines"
        painted.clear()
        app.table.update_rows({"k700": Item("k700", 905)})
        assert painted == [], "it was below the screen, and is"


async def test_time_paints_the_cells_that_it_changes() -> None:
    app, minute = Shown(), 0
    columns: tuple[Column[Item], ...] = (
        COLUMNS[0],
        Column("left", "left", 6, lambda item: str(max(item.size - minute, 0)), lambda item: item.size),
    )
    async with app.run_test(size=(60, 12)) as pilot:
        table: LiveTable[Item] = LiveTable(columns, sort="left")
        await app.mount(table)
        table.replace_rows(items(0, 1, 2, 5))
        await pilot.pause()
        table.refresh_column("left")
        painted: list[Region] = []
        table.refresh = lambda *regions, **_: painted.extend(regions)  # type: ignore[method-assign,assignment]
        minute = 2
        table.refresh_column("left")
        table.refresh_column("left")
        assert [(region.y, region.width) for region in painted] == [(2, 6), (3, 6), (4, 6)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-5, 5), st.booleans()), min_size=1, max_size=12))
async def test_what_is_painted_in_parts_is_what_would_be_painted_at_once(changes: list[tuple[int, int, bool]]) -> None:
    app = Shown()
    async with app.run_test(size=(40, 9)) as pilot:
        app.table.replace_rows(items(*range(20)))
        await pilot.pause()
        seen = app.lines()
        for key, size, gone in changes:
            painted: set[int] = set()

            def note(*regions: Region, painted: set[int] = painted, **_: object) -> None:
                painted.update(y for region in regions for y in range(region.y, region.bottom))
                painted.update(() if regions else range(99))

            app.table.refresh = note  # type: ignore[method-assign,assignment]
            name = f"k{key}"
            app.table.update_rows({} if gone else {name: Item(name, size, f"now {size}")}, [name] if gone else ())
            now = app.lines()
            assert {y for y, line in enumerate(now) if line != seen[y]} <= painted
            seen = now


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(-5, 5), st.booleans()), max_size=40), st.booleans())
def test_whatever_comes_and_goes_the_order_is_as_if_sorted_anew(
    changes: list[tuple[int, int, bool]], reverse: bool
) -> None:
    table: LiveTable[Item] = LiveTable(COLUMNS, sort="size", reverse=reverse)
    table.set_filter(lambda item: item.size != 3)
    rows: dict[str, Item] = {}
    for key, size, gone in changes:
        name = f"k{key}"
        if gone:
            rows.pop(name, None)
            table.update_rows({}, [name])
        else:
            rows[name] = Item(name, size)
            table.update_rows({name: rows[name]})
        wanted = sorted(((row.size, key) for key, row in rows.items() if row.size != 3), reverse=reverse)
        assert [table._key_at(place) for place in range(table.shown)] == [key for _, key in wanted]
        assert (table.cursor in {key for _, key in wanted}) or not wanted
