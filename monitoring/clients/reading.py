"""JSON from outside, taken apart at the edge: what is not as the API promises raises MonitoringError."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from monitoring.clients.errors import MonitoringError
from monitoring.clients.labels import Labels

Json = dict[str, object]


def mapping(value: object, what: str) -> Json:
    """Return the JSON object."""
    if not isinstance(value, dict):
        raise MonitoringError(f"answers with {what} that is no object")
    return cast("Json", value)


def sequence(value: object, what: str) -> Sequence[object]:
    """Return the JSON list; `null`, which Go writes for an empty one, is empty."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MonitoringError(f"answers with {what} that is no list")
    return cast("list[object]", value)


def text(table: Json, name: str, *, default: str | None = None) -> str:
    """Return a string; `default` where it is missing, if there is one."""
    value = table.get(name, default)
    if not isinstance(value, str):
        raise MonitoringError(f"answers with a {name} that is no text")
    return value


def flag(table: Json, name: str, *, default: bool) -> bool:
    """Return true or false."""
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise MonitoringError(f"answers with a {name} that is neither true nor false")
    return value


def texts(value: object, what: str) -> tuple[str, ...]:
    """Return a list of strings."""
    found = sequence(value, what)
    if not all(isinstance(one, str) for one in found):
        raise MonitoringError(f"answers with {what} that are no texts")
    return tuple(cast("Sequence[str]", found))


def labels(value: object, what: str) -> Labels:
    """Return an object of strings."""
    table = {} if value is None else mapping(value, what)
    if not all(isinstance(one, str) for one in table.values()):
        raise MonitoringError(f"answers with {what} that are no texts")
    return Labels.of(cast("dict[str, str]", table))


def moment(table: Json, name: str) -> datetime:
    """Return a time of RFC 3339 as UTC, cut to microseconds."""
    try:
        found = datetime.fromisoformat(text(table, name))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MonitoringError(f"answers with a {name} that is no time")


def number(value: object, what: str) -> float:
    """Return a number as Prometheus writes it, `NaN` and `+Inf` among them."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise MonitoringError(f"answers with {what} that is no number")
