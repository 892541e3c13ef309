"""Nothing that is quoted can become anything else; and files that are a person's own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ops.errors import OperatorError
from ops.markdown import MOST, quoted, section, shortened
from ops.new_file import write_new

HOSTILE = st.text(st.sampled_from("`*_[]()<>#|\\\n\r\t!&~-=+1. ab\u2028\u202e\0"), max_size=40) | st.text(max_size=40)


def spans(markdown: str) -> list[str]:
    """What a reader of Markdown takes for code, having seen to it that there is nothing else but one list of text."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    blocks = [token.type for token in tokens]
    assert blocks == [
        "heading_open", "inline", "heading_close", "bullet_list_open", "list_item_open", "paragraph_open", "inline",
        "paragraph_close", "list_item_close", "bullet_list_close",
    ]  # fmt: skip
    [title, line] = [token.children or [] for token in tokens if token.type == "inline"]
    assert [token.content for token in title] == ["What happened"]
    assert {token.type for token in line} <= {"text", "code_inline", "strong_open", "strong_close"}
    return [token.content for token in line if token.type == "code_inline"]


@given(st.lists(HOSTILE, min_size=1, max_size=3))
def test_what_is_quoted_stays_what_it_is(words: list[str]) -> None:
    line = "03:00:12 **act** " + ": ".join(map(quoted, words)) + ", by somebody"
    found = spans("\n".join(section("What happened", [line], "Nothing.")))
    assert found == [shortened(one) for one in words if shortened(one)]


@given(HOSTILE)
def test_a_quotation_is_one_line_that_no_terminal_obeys(words: str) -> None:
    assert quoted(words).isprintable()
    assert len(shortened(words)) <= MOST


def test_what_is_long_is_cut_and_what_is_empty_is_said() -> None:
    assert shortened("x" * 400) == "x" * (MOST - 1) + "\N{HORIZONTAL ELLIPSIS}"
    assert quoted(" \n ") == "(nothing)"
    assert quoted("a `b` ``c``") == "``` a `b` ``c`` ```"


def test_a_file_is_its_writers_alone_and_none_is_overwritten(tmp_path: Path) -> None:
    path = write_new(str(tmp_path / "timeline.md"), "# What happened\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("# What happened\n", 0o600)
    with pytest.raises(OperatorError, match="is there already"):
        write_new(str(path), "other")
    assert path.read_text() == "# What happened\n"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name, why in ((tmp_path / "link", "already"), (tmp_path / "no" / "x", "No such file"), ("~nobody-here/x", "~")):
        with pytest.raises(OperatorError, match=why):
            write_new(str(name), "other")
    assert not (tmp_path / "elsewhere").exists()
