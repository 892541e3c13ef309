"""What feeds tell, as JSON and back: dataclasses and enums by their names, and the few plain types they are made of.

Decoding builds nothing but dataclasses, enums and those types, whatever a file says.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from importlib import import_module
from typing import Any, cast

from solders.pubkey import Pubkey

from console.errors import RecordingError

OURS = ("chain.", "monitoring.", "store.", "oracle.", "ops.", "settings.")
"""Where a dataclass or an enum may come from."""
_KIND, _VALUE = "$", "="


def encoded(value: object) -> Any:
    """Return the value as JSON can say it. Raises TypeError for what no feed tells."""
    if value is None or isinstance(value, bool) or type(value) in (int, float, str):
        return value
    if isinstance(value, Enum):
        return {_KIND: _name(type(value)), _VALUE: value.value}
    if is_dataclass(value):
        told = {field.name: encoded(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: _name(type(value)), **told}
    if isinstance(value, list | tuple | set | frozenset):
        several = cast("Collection[object]", value)
        items = [encoded(item) for item in several]
        return items if isinstance(several, list) else {_KIND: type(several).__name__, _VALUE: items}
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {_KIND: "mapping", _VALUE: [[encoded(key), encoded(item)] for key, item in pairs]}
    return {_KIND: type(value).__name__, _VALUE: _leaf(value)}


def _leaf(value: object) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return [value.days, value.seconds, value.microseconds]
        case Fraction() | Pubkey():
            return str(value)
        case bytes():
            return value.hex()
        case _:
            raise TypeError(f"a feed told a {type(value).__name__}, which a recording has no words for")


def decoded(told: Any) -> Any:
    """Return the value that `encoded` said. Raises RecordingError for what it never says."""
    if isinstance(told, list):
        return [decoded(item) for item in cast("list[object]", told)]
    if not isinstance(told, dict):
        return told
    parts = cast("dict[str, Any]", told)
    kind, value = parts.get(_KIND), parts.get(_VALUE)
    try:
        match kind:
            case "tuple":
                return tuple(decoded(value))
            case "set" | "frozenset":
                return frozenset(decoded(value))
            case "mapping":
                return {decoded(key): decoded(item) for key, item in value or ()}
            case "datetime":
                return datetime.fromisoformat(str(value)).astimezone(UTC)
            case "timedelta":
                return timedelta(*cast("list[int]", value))
            case "Fraction":
                return Fraction(str(value))
            case "Pubkey":
                return Pubkey.from_string(str(value))
            case "bytes":
                return bytes.fromhex(str(value))
            case str():
                return _made(kind, parts)
            case _:
                raise RecordingError("the recording says something that no console wrote")
    except (TypeError, ValueError, AttributeError, ImportError):
        raise RecordingError(
            f"the recording has a {kind!r} that this version does not know: replay it with the one that wrote it"
        ) from None


def _made(kind: str, parts: dict[str, Any]) -> Any:
    module, _, name = kind.partition(":")
    if not f"{module}.".startswith(OURS):
        raise ValueError(kind)
    made = getattr(import_module(module), name)
    if isinstance(made, type) and issubclass(made, Enum):
        return made(parts[_VALUE])
    if isinstance(made, type) and is_dataclass(made):
        return made(**{name: decoded(item) for name, item in parts.items() if name != _KIND})
    raise ValueError(kind)


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
