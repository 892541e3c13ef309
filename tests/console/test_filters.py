"""What people type after `/`."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.filters import Field, FilterError, Kind, complete, parse

Row = dict[str, object]
FIELDS: tuple[Field[Row], ...] = (
    Field("state", Kind.WORDS, lambda row: str(row["state"]), ("active", "closed")),
    Field("stake", Kind.NUMBER, lambda row: Decimal(str(row["stake"]))),
    Field("closes", Kind.DURATION, lambda row: None if row["closes"] is None else int(str(row["closes"]))),
)
SOLANA: Row = {"state": "closed", "stake": "120.50", "closes": 60, "text": "Solana wins the day"}
OTHER: Row = {"state": "active", "stake": "5", "closes": None, "text": 'they say "no"'}


def found(words: str) -> list[bool]:
    passes = parse(words, FIELDS, lambda row: str(row["text"]))
    return [passes is None or passes(row) for row in (SOLANA, OTHER)]


@pytest.mark.parametrize(
    ("words", "which"),
    [
        ("", [True, True]),
        ("state:closed", [True, False]),
        ("state:clo", [True, False]),
        ("state:", [True, True]),
        ("-state:closed", [False, True]),
        ("stake>100", [True, False]),
        ("stake<=$120.5", [True, True]),
        ("stake=5", [False, True]),
        ("closes<2h", [True, False]),
        ("closes>1m", [False, False]),
        ("solana", [True, False]),
        ('"wins the"', [True, False]),
        ('"wins th', [True, False]),
        ("wins -solana", [False, False]),
        ("state:closed stake>100 sol", [True, False]),
        ("unknown:thing", [False, False]),
        ("stake>", [True, True]),
        ('"state:closed"', [False, False]),
        ('-"wins the"', [False, True]),
        ('"" -""', [True, True]),
        ("-", [False, False]),
        ("state:closed  -state:act", [True, False]),
    ],
)
def test_terms_are_all_to_hold(words: str, which: list[bool]) -> None:
    assert found(words) == which


@pytest.mark.parametrize(
    ("words", "told"), [("stake>much", "is no number"), ("closes<soon", "is no duration"), ("state>a", "takes a colon")]
)
def test_what_is_no_filter_says_what_would_be(words: str, told: str) -> None:
    with pytest.raises(FilterError, match=told):
        found(words)


def test_it_tells_where_the_fault_is() -> None:
    with pytest.raises(FilterError, match=r"character 12\)$"):
        found("sol  -won  stake>much")


@pytest.mark.parametrize("words", ["closes<9e999999d", "stake>1e9999999999", "stake>NaN", "stake>sNaN", "stake>-inf"])
def test_numbers_beyond_measure_are_refused(words: str) -> None:
    with pytest.raises(FilterError):
        found(words)


def test_amounts_are_exact_to_the_base_unit() -> None:
    most = 2**64 - 1
    fields: tuple[Field[int], ...] = (Field("stake", Kind.NUMBER, lambda units: Decimal(units).scaleb(-6)),)
    passes = parse("stake>18446744073709.551614", fields, str)
    assert passes is not None
    assert (passes(most), passes(most - 1)) == (True, False)


@given(st.text(min_size=1, max_size=30).filter(lambda words: '"' not in words))
def test_what_is_quoted_is_looked_for_as_it_is(words: str) -> None:
    passes = parse(f'"{words}"', FIELDS, lambda row: str(row["text"]))
    assert passes is not None
    assert passes(SOLANA | {"text": f"before {words} after"})


def test_fields_and_their_values_complete() -> None:
    assert complete("sta", FIELDS) == ["state:", "stake>"]
    assert complete("stake>1 -state:c", FIELDS) == ["stake>1 -state:closed"]
    assert complete("", FIELDS) == []


@given(st.text(max_size=60))
def test_no_words_do_worse_than_being_refused(words: str) -> None:
    with suppress(FilterError):
        assert len(found(words)) == 2
    assert all(line.startswith(words.rpartition(" ")[0]) for line in complete(words, FIELDS))
