"""The file in which the multisigs are written down: which they are, who their members are, what was agreed on.

It is kept apart from the chain and read at every start, so that a look-alike or a change that nobody agreed on shows:

    [settlement]
    squads = "v4"
    address = "…"
    create_key = "…"
    vault = 0
    threshold = 3
    time_lock_seconds = 0

    [[settlement.members]]
    name = "Ana"
    region = "Lisbon"
    key = "…"
    may = ["vote"]

and the same under [upgrade]. `program` names another multisig program than Squads' own, as a localnet has.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from solders.pubkey import Pubkey

from chain.errors import RosterError
from chain.multisig.adapter import Adapter
from chain.multisig.model import Member, Roles
from chain.multisig.pinned import Pinned
from chain.multisig.v3 import addresses as v3_addresses
from chain.multisig.v3.adapter import SquadsV3
from chain.multisig.v4 import addresses as v4_addresses
from chain.multisig.v4.adapter import SquadsV4
from chain.units import Seconds

T = TypeVar("T", str, int, list[Any])

_VERSIONS = {"v3": (SquadsV3, v3_addresses.PROGRAM_ID), "v4": (SquadsV4, v4_addresses.PROGRAM_ID)}
_ROLES = {"propose": Roles.INITIATE, "vote": Roles.VOTE, "execute": Roles.EXECUTE}
_COUNCIL = ("squads", "program", "address", "create_key", "vault", "threshold", "time_lock_seconds", "members")
_MEMBER = ("name", "region", "key", "may")


@dataclass(frozen=True)
class Person:
    """Whoever holds a key. The oracle's own key is one too."""

    name: str
    region: str


@dataclass(frozen=True)
class Council:
    """One multisig as it is written down. `vault` is the number of the vault that holds the authority."""

    adapter: Adapter
    pinned: Pinned
    vault: int
    people: Mapping[Pubkey, Person]

    @property
    def authority(self) -> Pubkey:
        """The vault that holds the authority."""
        return self.adapter.authority(self.pinned.address, self.vault)

    def name(self, key: Pubkey) -> str:
        """Who that is, or the key where nobody is known by it."""
        return self.people[key].name if key in self.people else str(key)


@dataclass(frozen=True)
class Roster:
    """Who settles and who upgrades, None where it is not written down."""

    settlement: Council | None
    upgrade: Council | None


def parse_roster(text: str) -> Roster:
    """Read the file's text. Raises RosterError, which names the entry."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RosterError(f"it is not TOML: {error}") from None
    _refuse_others(told, ("settlement", "upgrade"), "it")
    return Roster(_council(told, "settlement"), _council(told, "upgrade"))


def _council(told: Mapping[str, object], name: str) -> Council | None:
    if name not in told:
        return None
    table = _table(told[name], f"[{name}]")
    _refuse_others(table, _COUNCIL, f"[{name}]")
    squads = _entry(table, "squads", str, name)
    if squads not in _VERSIONS:
        raise RosterError(f"[{name}] has squads {squads!r}: it can be v3 or v4")
    adapter, program = _VERSIONS[squads]
    if "program" in table:
        program = _key(table, "program", name)
    people: dict[Pubkey, Person] = {}
    members: set[Member] = set()
    for each in _entry(table, "members", list, name):
        key, person, roles = _member(each, f"{name}.members", every_role=squads == "v3")
        if key in people:
            raise RosterError(f"[[{name}.members]] has {key} twice")
        people[key] = person
        members.add(Member(key, roles))
    pinned = Pinned(
        address=_key(table, "address", name),
        create_key=_key(table, "create_key", name),
        members=frozenset(members),
        threshold=_entry(table, "threshold", int, name),
        time_lock=Seconds(_entry(table, "time_lock_seconds", int, name)),
    )
    council = Council(adapter(program), pinned, _entry(table, "vault", int, name), people)
    _check(council, name)
    return council


def _check(council: Council, name: str) -> None:
    """Refuse what cannot be, before it is compared with anything."""
    pinned, vault = council.pinned, council.vault
    if council.adapter.address(pinned.create_key) != pinned.address:
        raise RosterError(f"[{name}] has address {pinned.address}, which does not follow from its create_key")
    voters = sum(Roles.VOTE in member.roles for member in pinned.members)
    if not 1 <= pinned.threshold <= voters:
        raise RosterError(f"[{name}] has threshold {pinned.threshold} with {voters} members who may vote")
    if not 0 <= vault <= 255:
        raise RosterError(f"[{name}] has vault {vault}: it is a number from 0 to 255")
    if pinned.time_lock < 0:
        raise RosterError(f"[{name}] has time_lock_seconds {pinned.time_lock}: it cannot be negative")


def _member(told: object, where: str, *, every_role: bool) -> tuple[Pubkey, Person, Roles]:
    table = _table(told, f"[[{where}]]")
    _refuse_others(table, _MEMBER, f"[[{where}]]")
    person = Person(_entry(table, "name", str, where), _entry(table, "region", str, where))
    if every_role:
        if "may" in table:
            raise RosterError(f"[[{where}]] of {person.name} has may, and v3 knows no roles: leave it out")
        return _key(table, "key", where), person, Roles.INITIATE | Roles.VOTE | Roles.EXECUTE
    roles = Roles(0)
    for word in _entry(table, "may", list, where):
        if word not in _ROLES:
            raise RosterError(f"[[{where}]] of {person.name} has may {word!r}: it can be {', '.join(_ROLES)}")
        roles |= _ROLES[word]
    return _key(table, "key", where), person, roles


def _refuse_others(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    if others := sorted(table.keys() - set(known)):
        raise RosterError(f"{where} has {others[0]!r}: it can have {', '.join(known)}")


def _table(told: object, where: str) -> Mapping[str, object]:
    if not isinstance(told, dict):
        raise RosterError(f"{where} is no table")
    return cast("Mapping[str, object]", told)


def _entry(table: Mapping[str, object], name: str, kind: type[T], where: str) -> T:
    value = table.get(name)
    # TOML's true is an int to Python.
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = {str: "a text", int: "a whole number", list: "a list"}[kind]
        raise RosterError(f"[{where}] wants {name}, {wanted}")
    return value


def _key(table: Mapping[str, object], name: str, where: str) -> Pubkey:
    text = _entry(table, name, str, where)
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise RosterError(f"[{where}] has {name} {text!r}, which is no base58 address") from None
