"""Whatever an endpoint answers becomes an error of ours: no exception of solders or httpx gets out."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solana.rpc.core import RPCException
from solders.rpc import responses

from chain.errors import ChainError, EndpointFailed, MalformedAnswer, RateLimited, RpcRefused, TransactionError
from chain.translation import ask

PARSERS: dict[str, Any] = {
    "getBalance": responses.GetBalanceResp,
    "getBlockHeight": responses.GetBlockHeightResp,
    "getLatestBlockhash": responses.GetLatestBlockhashResp,
    "getMultipleAccounts": responses.GetMultipleAccountsResp,
    "getProgramAccounts": responses.GetProgramAccountsResp,
    "getSignatureStatuses": responses.GetSignatureStatusesResp,
    "getSignaturesForAddress": responses.GetSignaturesForAddressResp,
    "getTransaction": responses.GetTransactionResp,
    "sendTransaction": responses.SendTransactionResp,
    "simulateTransaction": responses.SimulateTransactionResp,
}
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False),
    st.text(max_size=50),
    st.just("1" * 88),
)
keys = st.sampled_from(
    [
        "value",
        "context",
        "slot",
        "err",
        "logs",
        "data",
        "owner",
        "lamports",
        "blockhash",
        "lastValidBlockHeight",
        "meta",
    ]
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=12,
)


async def answer_of(method: str, text: str, take: Callable[[Any], Any] = lambda answer: answer.value) -> Any:
    """What one call makes of this body, as solana-py would parse it."""

    async def call() -> Any:
        parsed = PARSERS[method].from_json(text)
        if (
            type(parsed).__module__.startswith("solders.rpc.errors")
            or type(parsed).__name__ == "RpcCustomErrorFieldless"
        ):
            raise RPCException(parsed)
        return parsed

    return await ask("http://node", method, 5, call, take)


@pytest.mark.parametrize("method", PARSERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_any_json_is_an_answer_or_an_error_of_ours(method: str, data: st.DataObject) -> None:
    body = {"jsonrpc": "2.0", "id": 0, data.draw(st.sampled_from(["result", "error"])): data.draw(junk)}
    with contextlib.suppress(ChainError):
        await answer_of(method, json.dumps(body))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ({"code": 429, "message": "slow"}, RateLimited, "too many requests"),
        ({"code": -32603, "message": "Internal error"}, EndpointFailed, "Internal error"),
        ({"code": -32005, "message": "behind", "data": {"numSlotsBehind": 3}}, EndpointFailed, "behind"),
        ({"code": -32602, "message": "Invalid params"}, RpcRefused, "Invalid params"),
        ({"code": -32003, "message": "signature"}, RpcRefused, "SignatureVerificationFailure"),
        ({"code": 77, "message": "?"}, EndpointFailed, "its own error 77"),
        ({"code": "?"}, MalformedAnswer, "is it a Solana RPC"),
    ],
)
async def test_each_refusal_has_its_error(error: dict[str, Any], kind: type[ChainError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        await answer_of("sendTransaction", json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}))
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


async def test_a_failed_preflight_is_the_transactions_error() -> None:
    data = {"err": {"InstructionError": [0, "InvalidAccountData"]}, "logs": ["Program log: a"], "accounts": None}
    error = {"code": -32002, "message": "Transaction simulation failed", "data": data}
    with pytest.raises(TransactionError) as caught:
        await answer_of("sendTransaction", json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}))
    assert (caught.value.logs, caught.value.instruction) == (("Program log: a",), 0)
    assert "invalid account data" in str(caught.value)


async def test_what_take_cannot_take_is_malformed() -> None:
    good = json.dumps({"jsonrpc": "2.0", "id": 0, "result": {"context": {"slot": 1}, "value": 5}})
    assert await answer_of("getBalance", good) == 5
    with pytest.raises(MalformedAnswer, match="no attribute"):
        await answer_of("getBalance", good, lambda answer: answer.value.nothing)
