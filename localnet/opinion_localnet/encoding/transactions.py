"""Stored transactions as JSON, in each encoding and at each level of detail."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import cast

from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet import addresses, base58
from opinion_localnet.bank.messages import message_of
from opinion_localnet.encoding.instructions import RawInstruction, parse_instruction
from opinion_localnet.ledger.history import StoredTransaction

_ACCOUNTS_META = (
    "err",
    "status",
    "fee",
    "preBalances",
    "postBalances",
    "preTokenBalances",
    "postTokenBalances",
    "rewards",
)


class VersionNotSupportedError(ValueError):
    """The client did not say that it understands this transaction's version."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version}")
        self.version = version


def encode_transaction(stored: StoredTransaction, encoding: str, max_version: int | None) -> dict[str, object]:
    """`{"transaction", "meta", "version"?}`; raises VersionNotSupportedError."""
    transaction = VersionedTransaction.from_bytes(stored.wire)
    message = message_of(transaction)
    answer: dict[str, object] = {"meta": stored.meta} | _version(message, max_version)
    if encoding in ("binary", "base58", "base64"):
        answer["transaction"] = _binary(stored.wire, encoding)
        return answer
    keys = _all_keys(message, stored.meta)
    if encoding == "jsonParsed":
        answer["meta"] = _parsed_meta(stored.meta, keys)
        body = _parsed_message(message, keys)
    else:
        body = _json_message(message)
    answer["transaction"] = {"signatures": [str(s) for s in transaction.signatures], "message": body}
    return answer


def encode_accounts(stored: StoredTransaction, max_version: int | None, rewards: bool) -> dict[str, object]:
    """As encode_transaction, with nothing of the message but its accounts."""
    transaction = VersionedTransaction.from_bytes(stored.wire)
    message = message_of(transaction)
    keys = _all_keys(message, stored.meta)
    body = {
        "signatures": [str(s) for s in transaction.signatures],
        "accountKeys": _key_objects(message, keys),
    }
    meta = {name: stored.meta[name] for name in _ACCOUNTS_META if rewards or name != "rewards"}
    return {"transaction": body, "meta": meta} | _version(message, max_version)


def _version(message: Message | MessageV0, max_version: int | None) -> dict[str, object]:
    if isinstance(message, Message):
        return {} if max_version is None else {"version": "legacy"}
    if max_version is None:
        raise VersionNotSupportedError(0)
    return {"version": 0}


def _binary(wire: bytes, encoding: str) -> object:
    if encoding == "base64":
        return [base64.b64encode(wire).decode(), "base64"]
    text = base58.encode(wire)
    return text if encoding == "binary" else [text, "base58"]


def _all_keys(message: Message | MessageV0, meta: Mapping[str, object]) -> list[str]:
    loaded = cast("Mapping[str, Sequence[str]]", meta["loadedAddresses"])
    return [*(str(key) for key in message.account_keys), *loaded["writable"], *loaded["readonly"]]


def _json_message(message: Message | MessageV0) -> dict[str, object]:
    header = message.header
    body: dict[str, object] = {
        "accountKeys": [str(key) for key in message.account_keys],
        "header": {
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
            "numRequiredSignatures": header.num_required_signatures,
        },
        "instructions": [
            {
                "accounts": list(instruction.accounts),
                "data": base58.encode(instruction.data),
                "programIdIndex": instruction.program_id_index,
                "stackHeight": 1,
            }
            for instruction in message.instructions
        ],
        "recentBlockhash": str(message.recent_blockhash),
    }
    return body | _lookups(message)


def _lookups(message: Message | MessageV0) -> dict[str, object]:
    if isinstance(message, Message):
        return {}
    return {
        "addressTableLookups": [
            {
                "accountKey": str(lookup.account_key),
                "readonlyIndexes": list(lookup.readonly_indexes),
                "writableIndexes": list(lookup.writable_indexes),
            }
            for lookup in message.address_table_lookups
        ]
    }


def _parsed_message(message: Message | MessageV0, keys: Sequence[str]) -> dict[str, object]:
    instructions = [
        parse_instruction(
            RawInstruction(
                program=keys[instruction.program_id_index],
                accounts=tuple(keys[index] for index in instruction.accounts),
                data=instruction.data,
                stack_height=1,
            )
        )
        for instruction in message.instructions
    ]
    body: dict[str, object] = {
        "accountKeys": _key_objects(message, keys),
        "instructions": instructions,
        "recentBlockhash": str(message.recent_blockhash),
    }
    return body | _lookups(message)


def _key_objects(message: Message | MessageV0, keys: Sequence[str]) -> list[dict[str, object]]:
    header = message.header
    static = len(message.account_keys)
    signers = header.num_required_signatures
    loaded_writable = 0
    if isinstance(message, MessageV0):
        loaded_writable = sum(len(lookup.writable_indexes) for lookup in message.address_table_lookups)
    invoked = {instruction.program_id_index for instruction in message.instructions}
    if str(addresses.UPGRADEABLE_LOADER) in keys:
        invoked = set[int]()

    def writable(index: int) -> bool:
        if index in invoked or Pubkey.from_string(keys[index]) in addresses.RESERVED:
            return False
        if index < signers:
            return index < signers - header.num_readonly_signed_accounts
        if index < static:
            return index < static - header.num_readonly_unsigned_accounts
        return index < static + loaded_writable

    return [
        {
            "pubkey": key,
            "signer": index < signers,
            "source": "transaction" if index < static else "lookupTable",
            "writable": writable(index),
        }
        for index, key in enumerate(keys)
    ]


def _parsed_meta(meta: Mapping[str, object], keys: Sequence[str]) -> dict[str, object]:
    parsed = {name: value for name, value in meta.items() if name != "loadedAddresses"}
    inner = cast("Sequence[Mapping[str, object]] | None", meta["innerInstructions"])
    if inner is not None:
        parsed["innerInstructions"] = parse_inner(inner, keys)
    return parsed


def parse_inner(inner: Sequence[Mapping[str, object]], keys: Sequence[str]) -> list[dict[str, object]]:
    """Inner instructions with their programs' meaning."""
    return [
        {
            "index": group["index"],
            "instructions": [
                _parse_call(call, keys) for call in cast("Sequence[Mapping[str, object]]", group["instructions"])
            ],
        }
        for group in inner
    ]


def _parse_call(call: Mapping[str, object], keys: Sequence[str]) -> dict[str, object]:
    return parse_instruction(
        RawInstruction(
            program=keys[cast("int", call["programIdIndex"])],
            accounts=tuple(keys[index] for index in cast("Sequence[int]", call["accounts"])),
            data=base58.decode(cast("str", call["data"])),
            stack_height=cast("int", call["stackHeight"]),
        )
    )
