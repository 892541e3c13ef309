"""The program's accounts as values, zero wherever nothing is said."""

from dataclasses import fields
from enum import IntEnum
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from solders.pubkey import Pubkey

from chain.accounts import Account
from chain.answers import ChainAccount
from chain.constants import ACCOUNT_VERSION, PROGRAM_ID
from chain.units import Lamports, Slot

A = TypeVar("A", bound=Account)


def key(number: int) -> Pubkey:
    """An address that is like no other."""
    return Pubkey(number.to_bytes(32, "big"))


def sample(kind: type[A], **values: Any) -> A:
    """An account of the kind with these values."""
    hints = get_type_hints(kind, include_extras=True)
    given = {"version": ACCOUNT_VERSION} | values
    return kind(
        **{f.name: given[f.name] if f.name in given else _zero(hints[f.name]) for f in fields(cast("Any", kind))}
    )


def on_chain(address: Pubkey, account: Account, slot: int = 0, owner: Pubkey = PROGRAM_ID) -> ChainAccount:
    """The account as a node tells it."""
    return ChainAccount(address, owner, Lamports(1), account.to_bytes(), executable=False, slot=Slot(slot))


def _zero(hint: Any) -> Any:
    if hint is Pubkey:
        return Pubkey(bytes(32))
    if hint is str:
        return ""
    if hint is bool:
        return False
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return hint(0)
    if get_origin(hint) is Annotated and get_args(hint)[0] is bytes:
        return bytes(int(get_args(hint)[1].rstrip("s")))
    return 0
