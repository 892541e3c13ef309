"""Words from outside cannot steer a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from console.text import safe, safe_text
from console.widgets.table import Column, LiveTable


def test_what_cannot_be_seen_is_shown_as_such() -> None:
    assert safe("a\x1b[2Jb\u202eevil\u200b\ud800") == "a\ufffd[2Jb\ufffdevil\ufffd\ufffd"
    assert safe("two\nlines\tand") == "two lines and"
    assert (
        safe_text("\N{CJK UNIFIED IDEOGRAPH-6F22}" * 5, 5)
        == "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 2 + "\N{HORIZONTAL ELLIPSIS}"
    )


def test_marks_do_not_pile_up_and_empty_letters_are_shown() -> None:
    assert safe("e" + "\u0301" * 500 + "f") == "e\u0301\u0301\u0301f"
    assert safe("a\u3164b\u2800") == "a\ufffdb\ufffd"
    assert safe("\u2764\ufe0f") == "\u2764"


async def test_a_table_paints_hostile_words_as_words() -> None:
    column: Column[str] = Column("words", "[bold]words", 30, lambda row: row, lambda row: row)

    class Shown(App[None]):
        def get_theme_variable_defaults(self) -> dict[str, str]:
            return {"muted": "#888888", "row-cursor-background": "#333366", "row-cursor-foreground": "#ffffff"}

        def compose(self) -> ComposeResult:
            yield LiveTable((column,), sort="words")

    app = Shown()
    async with app.run_test(size=(40, 4)):
        table = app.query_one(LiveTable)
        table.replace_rows({"k": "[red]\x1b]0;title\x07\u202e[/]"})
        assert table.render_line(0).text.startswith("[bold]words")
        assert table.render_line(1).text.startswith("[red]\ufffd]0;title\ufffd\ufffd[/]")


@given(st.text(max_size=80), st.integers(0, 30))
def test_nothing_harmful_gets_through_and_it_fits(words: str, width: int) -> None:
    shown = safe_text(words, width)
    assert cell_len(shown) <= width
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in shown)
