"""The multisig that the settings name, against the one that the chain shows.

Addresses are compared whole: there are look-alikes that list the real members and begin and end as the real one does.
A multisig is never looked for by its members.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain.multisig.adapter import Adapter
from chain.multisig.model import Member, Multisig, Roles
from chain.units import Seconds


@dataclass(frozen=True)
class Pinned:
    """What was agreed on when the multisig was made, and is kept apart from the chain."""

    address: Pubkey
    create_key: Pubkey
    members: frozenset[Member]
    threshold: int
    time_lock: Seconds


def differences(pinned: Pinned, adapter: Adapter, found: Multisig) -> list[str]:
    """Each way in which the chain differs from what is pinned, a sentence each; none where all is as agreed."""
    return list(_differences(pinned, adapter, found))


def _differences(pinned: Pinned, adapter: Adapter, found: Multisig) -> Iterator[str]:
    if adapter.address(pinned.create_key) != pinned.address:
        yield f"{pinned.address} does not follow from the create key {pinned.create_key}: one of the two is wrong"
    if found.address != pinned.address or found.create_key != pinned.create_key:
        yield f"{found.address} of create key {found.create_key} is another multisig than {pinned.address}"
    if found.config_authority is not None:
        yield f"{found.config_authority} can change the multisig without anybody's vote"
    members = frozenset(found.members)
    for member in sorted(members - pinned.members, key=str):
        yield f"{member.key} is a member who may {_roles(member.roles)}, which was not agreed on"
    for member in sorted(pinned.members - members, key=str):
        yield f"{member.key} is no member any more who may {_roles(member.roles)}"
    if found.threshold != pinned.threshold:
        yield f"the threshold is {found.threshold}, and {pinned.threshold} was agreed on"
    if found.time_lock != pinned.time_lock:
        yield f"the time lock is {found.time_lock} s, and {pinned.time_lock} s were agreed on"


def _roles(roles: Roles) -> str:
    words = {Roles.INITIATE: "propose", Roles.VOTE: "vote", Roles.EXECUTE: "execute"}
    return ", ".join(word for role, word in words.items() if role in roles) or "do nothing"
