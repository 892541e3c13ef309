"""Words from outside cannot steer a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.text import safe, safe_text


def test_what_cannot_be_seen_is_shown_as_such() -> None:
    assert safe("a\x1b[2Jb\u202eevil\u200b\ud800") == "a\ufffd[2Jb\ufffdevil\ufffd\ufffd"
    assert safe("two\nlines\tand") == "two lines and"
    assert (
        safe_text("\N{CJK UNIFIED IDEOGRAPH-6F22}" * 5, 5)
        == "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 2 + "\N{HORIZONTAL ELLIPSIS}"
    )


@given(st.text(max_size=80), st.integers(0, 30))
def test_nothing_harmful_gets_through_and_it_fits(words: str, width: int) -> None:
    shown = safe_text(words, width)
    assert cell_len(shown) <= width
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in shown)
