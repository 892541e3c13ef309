"""What people type to see less: `state:closed stake>100 "solana" -parked`; pure."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Generic, Protocol, TypeAlias, TypeVar

Row = TypeVar("Row")
Term: TypeAlias = Callable[[Row], bool]
_COMPARES: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
    ":": lambda a, b: a == b,
}
_TERM = re.compile(r"(?P<name>[a-z_]+)(?P<sign>>=|<=|[:<>=])(?P<value>.*)", re.DOTALL)
_PART = re.compile(r'(?P<minus>-(?=\S))?(?P<body>(?:"[^"]*(?:"|$)|[^\s"])+)')
"""One term: up to a space outside of quotes. The last quote may still be missing while it is typed."""
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Kind(Enum):
    """How a field is compared."""

    WORDS = "words"
    NUMBER = "number"
    DURATION = "duration"
    TIME = "time"


class Named(Protocol):
    """What can stand before a colon."""

    @property
    def name(self) -> str:
        """The word."""
        ...

    @property
    def kind(self) -> Kind:
        """How it is compared."""
        ...

    @property
    def values(self) -> tuple[str, ...]:
        """For completion."""
        ...


@dataclass(frozen=True, slots=True)
class Typed:
    """One term as it was typed. `name` is None for words without a field; `place` is its first character's, from 1."""

    name: str | None
    sign: str
    value: str
    turned: bool
    place: int


@dataclass(frozen=True, slots=True)
class Field(Generic[Row]):
    """One thing to filter by. `of` gives words, a number, or the seconds of a duration; None never matches."""

    name: str
    kind: Kind
    of: Callable[[Row], str | Decimal | int | None]
    values: tuple[str, ...] = ()
    """For completion."""


class FilterError(ValueError):
    """The words make no filter: says which, and what would."""


def parse(words: str, fields: Sequence[Field[Row]], text: Callable[[Row], str]) -> Callable[[Row], bool] | None:
    """Return whether a row passes, None where every row does. Raises FilterError.

    Terms are all to hold; `-` before one turns it round. Words without a field are looked for in `text`.
    """
    by_name = {field.name: field for field in fields}
    terms = [_term(one, by_name, text) for one in typed(words, by_name)]
    if not terms:
        return None
    return lambda row: all(term(row) for term in terms)


def typed(words: str, names: Collection[str]) -> Iterator[Typed]:
    """Yield the terms, taken apart; a field is one of `names`."""
    for part in _PART.finditer(words):
        body = part["body"]
        bare = body.replace('"', "")
        # What begins with a quote is looked for as it is, whatever it looks like.
        match = None if body.startswith('"') else _TERM.fullmatch(bare)
        is_field = match is not None and match["name"] in names
        name, sign, value = match.group("name", "sign", "value") if match and is_field else (None, "", bare)
        if bare:
            yield Typed(name, sign, value, part["minus"] is not None, part.start() + 1)


def placed(error: FilterError, term: Typed) -> FilterError:
    """Return the error with where it is."""
    return FilterError(f"{error} (character {term.place})")


def complete(words: str, fields: Sequence[Named]) -> list[str]:
    """Return whole lines that begin as `words` does, with one more field or value."""
    head, _, last = words.rpartition(" ")
    head = f"{head} " if head else ""
    sign = "-" if last.startswith("-") else ""
    name, colon, value = last.removeprefix("-").partition(":")
    if colon:
        found = next((field for field in fields if field.name == name), None)
        values = found.values if found else ()
        return [f"{head}{sign}{name}:{option}" for option in values if option.startswith(value.lower())]
    if not name:
        return []
    ends = {Kind.WORDS: ":", Kind.NUMBER: ">", Kind.DURATION: "<", Kind.TIME: ":"}
    return [f"{head}{sign}{field.name}{ends[field.kind]}" for field in fields if field.name.startswith(name)]


def _term(term: Typed, by_name: Mapping[str, Field[Row]], text: Callable[[Row], str]) -> Term[Row]:
    if term.name is None:
        wanted = term.value.casefold()
        return _turned(lambda row: wanted in text(row).casefold(), term)
    try:
        return _turned(_of_field(by_name[term.name], term), term)
    except FilterError as error:
        raise placed(error, term) from None


def _turned(passes: Term[Row], term: Typed) -> Term[Row]:
    return (lambda row: not passes(row)) if term.turned else passes


def _of_field(field: Field[Row], term: Typed) -> Term[Row]:
    if field.kind is Kind.WORDS:
        check_colon(term)
        begins = term.value.casefold()
        return lambda row: str(field.of(row) or "").casefold().startswith(begins)
    return _compared(field, term.sign, term.value)


def check_colon(term: Typed) -> None:
    """Raise FilterError where the field, which is words, is compared as if it were a number."""
    if term.sign != ":":
        raise FilterError(f"{term.name} takes a colon: {term.name}:{term.value}")


def _compared(field: Field[Row], sign: str, value: str) -> Term[Row]:
    if not value:
        return lambda _: True
    number = _number(field, value)
    compare = _COMPARES[sign]

    def passes(row: Row) -> bool:
        found = field.of(row)
        return found is not None and compare(Decimal(found), number)

    return passes


def _number(field: Field[Row], value: str) -> Decimal:
    factor = 1
    if field.kind is Kind.DURATION and value[-1:] in _UNITS:
        value, factor = value[:-1], _UNITS[value[-1]]
    try:
        number = Decimal(value.lstrip("$")) * factor
    except ArithmeticError:
        # No number at all, or one beyond every exponent.
        number = Decimal("NaN")
    if not number.is_finite():
        example = "2h" if field.kind is Kind.DURATION else "100"
        raise FilterError(f"{value!r} is no {field.kind.value}: write {field.name}>{example}")
    return number
