"""The IDL as anchorpy reads it: the independent opinion that our encodings are held against."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from enum import IntEnum, IntFlag
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from anchorpy_core.idl import Idl
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits

PATH = Path(__file__).parents[2] / "programs" / "idl" / "opinion_market.json"


@cache
def raw() -> Mapping[str, Any]:
    """The IDL's JSON."""
    return json.loads(PATH.read_text())


@cache
def parsed() -> Idl:
    """The IDL as anchorpy takes it."""
    return Idl.from_json(PATH.read_text())


def snake(name: str) -> str:
    """camelCase to snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """snake_case to camelCase."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


pubkeys = st.binary(min_size=32, max_size=32).map(Pubkey)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=70)
_INTEGERS = {"B": 8, "H": 16, "I": 32, "Q": 64}
_NAMED = {UsdcUnits: 64, Slot: 64, BasisPoints: 32}


def _strategy(hint: Any) -> st.SearchStrategy[Any]:
    """Values of one annotation of chain.wire."""
    if hint in _NAMED:
        return st.integers(0, 2 ** _NAMED[hint] - 1)
    if hint is UnixTime:
        return st.integers(-(2**63), 2**63 - 1)
    if hint is bool:
        return st.booleans()
    if hint is str:
        return texts
    if hint is Pubkey:
        return pubkeys
    if isinstance(hint, type) and issubclass(hint, IntFlag):
        return st.integers(0, sum(hint)).map(hint)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(hint)
    if get_origin(hint) is not Annotated:
        return _of_any_length(hint)
    code = get_args(hint)[1]
    if code in _INTEGERS:
        return st.integers(0, 2 ** _INTEGERS[code] - 1)
    return st.binary(min_size=int(code[:-1]), max_size=int(code[:-1]))


def _of_any_length(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation whose length its bytes tell."""
    if hint is bytes:
        return st.binary(max_size=20)
    if get_origin(hint) is tuple:
        return st.lists(_strategy(get_args(hint)[0]), max_size=4).map(tuple)
    if isinstance(hint, UnionType):
        return st.one_of(st.none() if member is NoneType else _strategy(member) for member in get_args(hint))
    return values_of(hint)


def values_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Instances of a dataclass of ours with any value that its layout can hold."""
    hints = get_type_hints(cls, include_extras=True)
    strategies = {f.name: _strategy(hints[f.name]) for f in fields(cls)}
    if "version" in strategies:
        strategies["version"] = st.just(1)
    return st.builds(cls, **strategies)


def anchor_fields(value: Any) -> dict[str, Any]:
    """A dataclass of ours as anchorpy wants it: arrays of u8 as lists, enums as numbers."""
    return {f.name: anchor_value(getattr(value, f.name)) for f in fields(value)}


def anchor_value(value: Any) -> Any:
    """One value as anchorpy wants it."""
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, IntEnum):
        return int(value)
    return value
