"""An account as JSON-RPC writes it with base64 data."""

from base64 import b64decode
from typing import Any

from solders.pubkey import Pubkey

from chain.answers import ChainAccount
from chain.units import Lamports, Slot


def keyed_account(value: Any, slot: int) -> ChainAccount:
    """From `{"pubkey", "account"}`. Raises KeyError, TypeError or ValueError for anything else."""
    account = value["account"]
    text, encoding = account["data"]
    if encoding != "base64":
        raise ValueError(f"the data are encoded as {encoding}, not as base64")
    return ChainAccount(
        key=Pubkey.from_string(value["pubkey"]),
        owner=Pubkey.from_string(account["owner"]),
        lamports=Lamports(int(account["lamports"])),
        data=b64decode(text, validate=True),
        executable=bool(account["executable"]),
        slot=Slot(int(slot)),
    )
