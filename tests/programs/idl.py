"""The program's IDL as codecs, made from the JSON alone.

Written apart from `chain/` on purpose: the tests hold the program, the IDL and the Python client against each other,
so they must not share a reading of it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

from solders.pubkey import Pubkey

IDL_PATH = Path(__file__).parents[2] / "programs" / "idl" / "opinion_market.json"

Value: TypeAlias = Any
"""A decoded field: int, bool, str, bytes or Pubkey."""

_NUMBERS = {"u8": "B", "u32": "I", "u64": "Q", "i64": "q", "bool": "?"}


def snake(name: str) -> str:
    """`vrfRequest` -> `vrf_request`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def discriminator(space: str, name: str) -> bytes:
    """The first eight bytes of sha256("space:name"), Anchor's convention."""
    return hashlib.sha256(f"{space}:{name}".encode()).digest()[:8]


@dataclass(frozen=True)
class Field:
    """One field of a Borsh struct."""

    name: str
    kind: str
    size: int

    @property
    def format(self) -> str:
        """Its struct format."""
        return _NUMBERS.get(self.kind, f"{self.size}s")

    def take(self, raw: Value) -> Value:
        """What struct unpacked, as the type that tests read."""
        return Pubkey(raw) if self.kind == "publicKey" else raw

    def give(self, value: Value) -> Value:
        """What struct packs."""
        return bytes(value) if self.kind in ("publicKey", "bytes") else value


def _field(raw: Mapping[str, Any]) -> Field:
    kind = raw["type"]
    if isinstance(kind, dict):
        inner, size = kind["array"]
        assert inner == "u8", raw
        return Field(snake(raw["name"]), "bytes", size)
    sizes = {"publicKey": 32, "string": 0}
    size = sizes[kind] if kind in sizes else struct.calcsize("<" + _NUMBERS[kind])
    return Field(snake(raw["name"]), kind, size)


@dataclass(frozen=True)
class Layout:
    """A Borsh struct after its discriminator."""

    name: str
    prefix: bytes
    fields: tuple[Field, ...]

    @functools.cached_property
    def _head(self) -> tuple[Field, ...]:
        strings = [at for at, field in enumerate(self.fields) if field.kind == "string"]
        return self.fields[: strings[0]] if strings else self.fields

    @functools.cached_property
    def _struct(self) -> struct.Struct:
        return struct.Struct("<8s" + "".join(field.format for field in self._head))

    @property
    def size(self) -> int:
        """Bytes with the discriminator, every string empty."""
        return 8 + sum(4 if f.kind == "string" else f.size for f in self.fields)

    def offset(self, name: str) -> int:
        """Where a field begins; only for fields before the first string."""
        at = 8
        for field in self.fields:
            if field.name == name:
                return at
            assert field.kind != "string", f"{self.name}.{name} has no fixed offset"
            at += field.size
        raise KeyError(f"{self.name}.{name}")

    def decode(self, data: bytes) -> SimpleNamespace:
        """The fields by name; `rest` is what follows them. Raises ValueError for another discriminator."""
        if data[:8] != self.prefix:
            raise ValueError(f"not a {self.name}")
        _, *raws = self._struct.unpack_from(data)
        values = {f.name: f.take(raw) for f, raw in zip(self._head, raws, strict=True)}
        at = self._struct.size
        for field in self.fields[len(self._head) :]:
            if field.kind == "string":
                (length,) = struct.unpack_from("<I", data, at)
                values[field.name] = data[at + 4 : at + 4 + length].decode()
                at += 4 + length
            else:
                (raw,) = struct.unpack_from("<" + field.format, data, at)
                values[field.name] = field.take(raw)
                at += field.size
        return SimpleNamespace(**values, rest=data[at:])

    def encode(self, values: Mapping[str, Value]) -> bytes:
        """Discriminator and fields. A `bytes` value for a string goes in as it is, so that tests can send invalid
        UTF-8."""
        assert set(values) == {f.name for f in self.fields}, (self.name, sorted(values))
        out = [self.prefix]
        for field in self.fields:
            value = values[field.name]
            if field.kind == "string":
                raw = value if isinstance(value, bytes) else value.encode()
                out.append(struct.pack("<I", len(raw)) + raw)
            else:
                out.append(struct.pack("<" + field.format, field.give(value)))
        return b"".join(out)


@dataclass(frozen=True)
class AccountSpec:
    """An instruction's account: name and flags."""

    name: str
    writable: bool
    signer: bool


@dataclass(frozen=True)
class InstructionSpec:
    """An instruction: its accounts in order and its data."""

    name: str
    accounts: tuple[AccountSpec, ...]
    data: Layout


@dataclass(frozen=True)
class Idl:
    """Everything the JSON declares, by snake_case name (accounts and events by their own names)."""

    instructions: Mapping[str, InstructionSpec]
    accounts: Mapping[str, Layout]
    events: Mapping[str, Layout]
    errors: Mapping[int, str]

    def events_in(self, logs: Iterable[str]) -> list[tuple[str, SimpleNamespace]]:
        """The program's events in the logs, in order. Raises KeyError for an event that the IDL does not declare,
        ValueError for bytes left over."""
        by_prefix = {layout.prefix: layout for layout in self.events.values()}
        found: list[tuple[str, SimpleNamespace]] = []
        for line in logs:
            if line.startswith("Program data: "):
                data = base64.b64decode(line.removeprefix("Program data: "))
                layout = by_prefix[data[:8]]
                event = layout.decode(data)
                if event.__dict__.pop("rest"):
                    raise ValueError(f"{layout.name}: bytes left over")
                found.append((layout.name.removesuffix("Event"), event))
        return found


@functools.cache
def load() -> Idl:
    """The program's IDL."""
    raw = json.loads(IDL_PATH.read_text())
    instructions: dict[str, InstructionSpec] = {}
    for item in raw["instructions"]:
        name = snake(item["name"])
        specs = tuple(AccountSpec(snake(a["name"]), a["isMut"], a["isSigner"]) for a in item["accounts"])
        data = Layout(name, discriminator("global", name), tuple(map(_field, item["args"])))
        instructions[name] = InstructionSpec(name, specs, data)
    accounts = {
        a["name"]: Layout(a["name"], discriminator("account", a["name"]), tuple(map(_field, a["type"]["fields"])))
        for a in raw["accounts"]
    }
    events = {
        e["name"]: Layout(e["name"], discriminator("event", e["name"]), tuple(map(_field, e["fields"])))
        for e in raw["events"]
    }
    errors = {e["code"]: e["name"] for e in raw["errors"]}
    return Idl(instructions, accounts, events, errors)
