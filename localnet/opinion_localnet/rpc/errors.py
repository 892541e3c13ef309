"""JSON-RPC errors, with Agave's codes and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opinion_localnet.bank.records import ErrorJson
from opinion_localnet.encoding.errors import describe

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
PREFLIGHT_FAILURE = -32002
SIGNATURE_VERIFICATION_FAILURE = -32003
BLOCK_NOT_AVAILABLE = -32004
SLOT_SKIPPED = -32007
NO_SNAPSHOT = -32008
UNSUPPORTED_TRANSACTION_VERSION = -32015
MIN_CONTEXT_SLOT_NOT_REACHED = -32016
TRANSACTION_NOT_FOUND = -32020


class RpcError(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def body(self) -> dict[str, object]:
        """The answer's `error` member."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def invalid_params(message: str) -> RpcError:
    """The caller's parameters are wrong."""
    return RpcError(INVALID_PARAMS, message)


def preflight_failure(err: ErrorJson, simulation: Mapping[str, Any]) -> RpcError:
    """A transaction that was not sent because its simulation failed; `simulation` holds the logs."""
    return RpcError(PREFLIGHT_FAILURE, f"Transaction simulation failed: {describe(err)}", dict(simulation))


def min_context_slot_not_reached(slot: int) -> RpcError:
    """The node is not yet where the caller has been."""
    return RpcError(MIN_CONTEXT_SLOT_NOT_REACHED, "Minimum context slot has not been reached", {"contextSlot": slot})


def block_not_available(slot: int) -> RpcError:
    """The slot is in the future, or not yet confirmed."""
    return RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")


def transaction_not_found(signature: str) -> RpcError:
    """The signature that a page of history should begin or end at is nowhere in the ledger."""
    return RpcError(TRANSACTION_NOT_FOUND, f"Transaction {signature} not found")


def subscription_refused() -> RpcError:
    """There are as many subscriptions as the node will serve."""
    return RpcError(INTERNAL_ERROR, "Internal Error: Subscription refused. Node subscription limit reached")


def slot_skipped(slot: int) -> RpcError:
    """No block was made in that slot."""
    return RpcError(SLOT_SKIPPED, f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot")
