"""What people type to find acts: `who:ann act:park -subject:queue since:2h "bond vault" by:person`; pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from console.filters import FilterError, Kind, Typed, check_colon, placed, typed
from ops.errors import UsageError
from ops.times import parse_moment
from store.audit_log import BY_PERSON, Term, Wanted, Where

_ACTS = (
    "analyse", "cancel", "drain", "hold", "move", "park", "pause", "requeue", "resume", "retry", "settle", "sign",
    "silence", "start", "unpause",
)  # fmt: skip
"""For completion; others can be typed."""
_BY = ("person", "oracle")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to find acts by."""

    name: str
    kind: Kind = Kind.WORDS
    values: tuple[str, ...] = ()


FIELDS: tuple[Field, ...] = (
    Field("who"),
    Field("act", values=_ACTS),
    Field("subject"),
    Field("by", values=_BY),
    Field("since", Kind.TIME),
    Field("until", Kind.TIME),
)


def wanted_of(words: str, now: datetime) -> Wanted:
    """Return what is looked for. Raises FilterError, which says what cannot be meant and what could be."""
    found = Wanted()
    for term in typed(words, [field.name for field in FIELDS]):
        try:
            found = _with(found, term, now)
        except FilterError as error:
            raise placed(error, term) from None
    if found.since is not None and found.until is not None and found.since >= found.until:
        raise FilterError("since is not before until: nothing can be found")
    return found


def _with(found: Wanted, term: Typed, now: datetime) -> Wanted:
    """What was found, and this."""
    if term.name is None:
        return replace(found, terms=(*found.terms, Term(words=term.value, turned=term.turned)))
    check_colon(term)
    if not term.value:
        return found
    if term.name in ("since", "until"):
        return _timed(found, term, now)
    if term.name == "by":
        return replace(found, terms=(*found.terms, _by(term)))
    one = Term(words=term.value, where=Where(term.name), turned=term.turned)
    return replace(found, terms=(*found.terms, one))


def _by(term: Typed) -> Term:
    meant = [who for who in _BY if who.startswith(term.value.casefold())]
    if not meant:
        raise FilterError(f"{term.value!r} does nothing here: write by:person or by:oracle")
    return Term(words=BY_PERSON, where=Where.ACTOR, turned=term.turned is (meant[0] == "person"))


def _timed(found: Wanted, term: Typed, now: datetime) -> Wanted:
    if term.turned:
        other = "until" if term.name == "since" else "since"
        raise FilterError(f"-{term.name} is {other}: write {other}:{term.value}")
    try:
        at = parse_moment(term.value, now)
    except UsageError as error:
        raise FilterError(str(error).removesuffix(".")) from None
    if term.name == "since":
        return replace(found, since=at if found.since is None else max(at, found.since))
    return replace(found, until=at if found.until is None else min(at, found.until))
