"""Comparing answers by shape: the same members of the same types, whatever their values."""

from collections.abc import Collection
from typing import Any


def differences(ours: Any, theirs: Any, ignored: Collection[str] = (), path: str = "") -> list[str]:
    """Where two answers differ in shape; paths in `ignored` (`.meta.rewards`, `[]` for any index) are passed."""
    if path in ignored:
        return []
    if _kind(ours) != _kind(theirs):
        return [f"{path}: {_show(ours)} instead of {_show(theirs)}"]
    if isinstance(ours, dict):
        return _members(ours, theirs, ignored, path)
    if isinstance(ours, list):
        return _items(ours, theirs, ignored, path)
    return []


def _members(ours: dict[str, Any], theirs: dict[str, Any], ignored: Collection[str], path: str) -> list[str]:
    found: list[str] = []
    for name in sorted(ours.keys() | theirs.keys()):
        inner = f"{path}.{name}"
        if inner in ignored:
            continue
        if name not in ours:
            found.append(f"{inner}: missing, should be {_show(theirs[name])}")
        elif name not in theirs:
            found.append(f"{inner}: {_show(ours[name])} should not be there")
        else:
            found += differences(ours[name], theirs[name], ignored, inner)
    return found


def _items(ours: list[Any], theirs: list[Any], ignored: Collection[str], path: str) -> list[str]:
    if bool(ours) != bool(theirs):
        return [f"{path}: {_show(ours)} instead of {_show(theirs)}"]
    found: list[str] = []
    for one, other in zip(ours, theirs, strict=False):
        found += differences(one, other, ignored, f"{path}[]")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {type(None): "null", str: "string", list: "list", dict: "object"}[type(value)]


def _show(value: Any) -> str:
    return repr(value)[:160]
