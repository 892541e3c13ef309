"""Hands on silences: each act stands in the audit log before it is done, and its outcome after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitoring.clients.alertmanager import Matcher, Place, Silence
from monitoring.clients.errors import MonitoringError
from monitoring.clients.server import Merged
from ops.alerts.matching import matchers_words
from ops.alerts.watching import Watch
from ops.errors import OperatorError, UsageError
from store import audit
from store.audit import Json
from store.database import Database
from store.errors import StoreError

LONGEST_COMMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A silence that somebody wants: from now on, for so long."""

    matchers: tuple[Matcher, ...]
    duration: timedelta
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done, at which servers, and why not at others."""

    places: tuple[Place, ...]
    ends_at: datetime
    missing: tuple[str, ...]
    """A sentence for each server that does not have it."""


async def silence(watch: Watch, db: Database, wish: Wish, who: str) -> Done:
    """Silence what matches. Raises UsageError without a comment, OperatorError where nobody took it, StoreError.

    Where the audit log cannot be written, nothing is silenced.
    """
    comment = checked_comment(wish.comment)
    ends_at = datetime.now(UTC) + wish.duration
    words = matchers_words(wish.matchers)
    details: dict[str, Json] = {"until": ends_at.isoformat(timespec="seconds"), "comment": comment}
    alertmanager = watch.alertmanager
    await _note(db, who, "silence", words, details)
    try:
        done = await alertmanager.create(wish.matchers, ends_at=ends_at, created_by=who, comment=comment)
    except MonitoringError as error:
        await _note(db, who, "silence failed", words, {"why": str(error)})
        raise OperatorError(f"Nothing is silenced: {error}.") from None
    await _outcome(db, who, "silenced", words, done, "The silence works")
    return _done(done, ends_at)


async def expire(watch: Watch, db: Database, ended: Silence, who: str) -> Done:
    """End the silence now. Raises OperatorError where it could not be ended, StoreError as for `silence`."""
    words = matchers_words(ended.matchers)
    details: dict[str, Json] = {"silence": list(ended.ids), "comment": ended.comment, "by": ended.created_by}
    alertmanager = watch.alertmanager
    await _note(db, who, "expire silence", words, details)
    try:
        done = await alertmanager.expire(ended)
    except MonitoringError as error:
        await _note(db, who, "expire silence failed", words, {"why": str(error)})
        raise OperatorError(f"The silence was not ended: {error}.") from None
    await _outcome(db, who, "silence expired", words, done, "The silence is ended")
    return _done(done, datetime.now(UTC))


def checked_comment(comment: str) -> str:
    """Return the comment without space around it. Raises UsageError for none, or one that is too long."""
    words = comment.strip()
    if not words or len(words) > LONGEST_COMMENT:
        raise UsageError(f"A comment has 1 to {LONGEST_COMMENT} characters: whoever comes next reads it.")
    return words


async def _note(db: Database, who: str, act: str, subject: str, details: dict[str, Json]) -> None:
    # Not around the act: a row that waits for a server would keep the oracle from its own.
    async with db.write() as connection:
        await audit.append(connection, who, act, subject, {"matchers": subject, **details})


async def _outcome(db: Database, who: str, act: str, subject: str, done: Merged[tuple[Place, ...]], works: str) -> None:
    places: list[Json] = [f"{place.server} {place.id}" for place in done.value]
    try:
        await _note(db, who, act, subject, {"places": places, "missing": list[Json](_missing(done))})
    except StoreError as error:
        raise OperatorError(f"{works}, but the audit log has only that it was asked for: {error}.") from None


def _done(done: Merged[tuple[Place, ...]], ends_at: datetime) -> Done:
    return Done(places=done.value, ends_at=ends_at, missing=tuple(_missing(done)))


def _missing(done: Merged[tuple[Place, ...]]) -> Sequence[str]:
    return [f"{one.server} {one.why}" for one in done.reach if one.why]
