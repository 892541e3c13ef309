"""What happened in a transaction, as an answer's `meta` tells it."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from solders.transaction_metadata import TransactionMetadata

from opinion_localnet import addresses, base58
from opinion_localnet.bank.balances import Balances
from opinion_localnet.bank.messages import LoadedTransaction
from opinion_localnet.bank.records import ErrorJson

# Agave's cost model: per signature, per write lock, and per 32 KiB page of loaded data. The data's size
# is not known here, so one page is counted.
_SIGNATURE_COST = 720
_WRITE_LOCK_COST = 300
_PAGE_COST = 8


def inner_instructions(metadata: TransactionMetadata) -> list[dict[str, object]]:
    """Cross-program calls, grouped by the top-level instruction that made them."""
    return [
        {
            "index": index,
            "instructions": [
                {
                    "accounts": list(call.instruction().accounts),
                    "data": base58.encode(call.instruction().data),
                    "programIdIndex": call.instruction().program_id_index,
                    "stackHeight": call.stack_height(),
                }
                for call in calls
            ],
        }
        for index, calls in enumerate(metadata.inner_instructions())
        if calls
    ]


def return_data(metadata: TransactionMetadata) -> dict[str, object] | None:
    """What the last program returned, or None."""
    returned = metadata.return_data()
    data = bytes(returned.data)
    if not data:
        return None
    # A runtime keeps trailing zeros out of the answer; the whole is base64.
    return {"programId": str(returned.program_id), "data": [base64.b64encode(data).decode(), "base64"]}


def landed_meta(
    loaded: LoadedTransaction,
    err: ErrorJson | None,
    metadata: TransactionMetadata,
    before: Balances,
    after: Balances,
    executed: bool,
) -> dict[str, object]:
    """`meta` of a transaction that landed; `executed` is false if only its fee was taken."""
    units = metadata.compute_units_consumed()
    writable, readonly = loaded.loaded
    meta: dict[str, object] = {
        "err": err,
        "status": {"Ok": None} if err is None else {"Err": err},
        "fee": metadata.fee(),
        "preBalances": before.lamports,
        "postBalances": after.lamports,
        "innerInstructions": inner_instructions(metadata) if executed else None,
        "logMessages": metadata.logs() if executed else None,
        "preTokenBalances": before.tokens,
        "postTokenBalances": after.tokens,
        "rewards": [],
        "loadedAddresses": {
            "writable": [str(key) for key in writable],
            "readonly": [str(key) for key in readonly],
        },
        "computeUnitsConsumed": units,
        "costUnits": _cost(loaded, units),
    }
    returned = return_data(metadata)
    if returned is not None:
        meta["returnData"] = returned
    return meta


def _cost(loaded: LoadedTransaction, units: int) -> int:
    data = sum(len(instruction.data) for instruction in loaded.instructions)
    locks = sum(loaded.writable)
    return loaded.signer_count * _SIGNATURE_COST + locks * _WRITE_LOCK_COST + data // 4 + units + _PAGE_COST


def memo_of(loaded: LoadedTransaction) -> str | None:
    """The memos of a transaction, each with its length, as getSignaturesForAddress lists them."""
    memos = [
        _memo_text(instruction.data)
        for instruction in loaded.instructions
        if instruction.program_id_index < len(loaded.keys)
        and loaded.keys[instruction.program_id_index] in (addresses.MEMO_PROGRAM, addresses.MEMO_V1_PROGRAM)
    ]
    return _join(memos)


def _memo_text(data: bytes) -> str:
    try:
        return f"[{len(data)}] {data.decode()}"
    except UnicodeDecodeError:
        return "(unparseable)"


def _join(memos: Sequence[str]) -> str | None:
    return "; ".join(memos) if memos else None
