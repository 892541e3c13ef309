"""What people type to find acts, and what the screen says of an act and of the chain."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.audit_filter import FIELDS, wanted_of
from console.audit_lines import chain_line, entry_lines, line_of, time_words
from console.filters import FilterError, complete
from store.audit_log import ChainState, Entry, Term, Wanted, Where, Whole

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
ENTRY = Entry(
    number=7, at=NOW, actor="ann@bastion (pts/1)", act="park", subject="M", details='{"reason":"h\\u00e9 \\u001b[2J"}'
)


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ("", []),
        ("who:", []),
        ("bond -act:sign", [Term(words="bond"), Term(words="sign", where=Where.ACT, turned=True)]),
        (
            'subject:"queue settle" "two words"',
            [Term(words="queue settle", where=Where.SUBJECT), Term(words="two words")],
        ),
        ('"who:ann" other:thing', [Term(words="who:ann"), Term(words="other:thing")]),
        ("by:p", [Term(words="@", where=Where.ACTOR)]),
        ("by:oracle", [Term(words="@", where=Where.ACTOR, turned=True)]),
        ("-by:oracle", [Term(words="@", where=Where.ACTOR)]),
    ],
)
def test_terms_are_all_to_hold(words: str, terms: list[Term]) -> None:
    assert wanted_of(words, NOW) == Wanted(terms=tuple(terms))


def test_times_narrow_each_other_down() -> None:
    found = wanted_of("since:2h since:01:00 until:10m until:02:25", NOW)
    assert (found.since, found.until) == (NOW.replace(hour=1, minute=0), NOW - timedelta(minutes=10))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("since:soon", r"^'soon' is no time: write 2h, 14:30 or 2026-11-24T02:00 \(UTC\) \(character 1\)$"),
        ("x until:2x", r"is no time: .* \(character 3\)$"),
        ("who>ann", "who takes a colon: who:ann"),
        ("by:nobody", "write by:person or by:oracle"),
        ("-since:2h", "write until:2h"),
        ("since:1h until:2h", "since is not before until"),
    ],
)
def test_what_cannot_be_meant_says_what_could_be(words: str, told: str) -> None:
    with pytest.raises(FilterError, match=told):
        wanted_of(words, NOW)


@given(st.text(max_size=60))
def test_no_words_do_worse_than_being_refused(words: str) -> None:
    with suppress(FilterError):
        assert wanted_of(words, NOW).holds(ENTRY) in (True, False)


def test_fields_and_their_values_complete() -> None:
    assert complete("s", FIELDS) == ["subject:", "since:"]
    assert complete("who:ann -act:par", FIELDS) == ["who:ann -act:park"]
    assert complete("by:", FIELDS) == ["by:person", "by:oracle"]


def test_an_act_is_shown_whole_and_nothing_in_it_steers_the_terminal() -> None:
    whole = Whole(entry=ENTRY, hash_="ab", previous="cd", as_written=True)
    lines = list(entry_lines(ENTRY, whole))
    assert '    "reason": "hé \\u001b[2J"' in lines
    assert lines[-1] == "ok: the hash is that of this row"
    changed = Whole(entry=ENTRY, hash_="ab", previous="cd", as_written=False)
    assert list(entry_lines(ENTRY, changed))[-1].startswith("BAD: this row was changed")
    assert not any("hash" in line for line in entry_lines(ENTRY, None))
    assert (
        line_of(ENTRY)
        == "7 2026-11-24 02:30:00 UTC ann@bastion (pts/1): park M reason: hé \N{REPLACEMENT CHARACTER}[2J"
    )


def test_times_are_as_short_as_their_day_allows() -> None:
    times = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=400)]
    assert [time_words(at, NOW) for at in times] == ["02:30:00", "11-23 02:30", "2025-10-20"]


def test_the_chain_is_told_by_words_and_sign() -> None:
    state = ChainState(rows=1000, checked=290, whole_at=None, first_bad=None, head="", words="")
    assert chain_line(state) == ("...: 25% of 1,000 rows are checked, each as it was written so far", "")
    whole = ChainState(rows=1000, checked=10, whole_at=NOW, first_bad=None, head="", words="")
    assert chain_line(whole) == ("ok: 1,000 rows, each as it was written, seen whole at 02:30 UTC", "good")
    bad = ChainState(rows=9, checked=2, whole_at=None, first_bad=3, head="", words="row 3 was changed")
    assert chain_line(bad)[0].startswith("BAD: row 3 was changed. Hold the oracle (H)")
