"""Method by method, the localnet answers as Agave's validator does: results in shape, errors to the word."""

from typing import Any

import pytest

from .cluster import Cluster
from .shapes import differences

NOBODY = "11111111111111111111111111111112"
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105
WRAPPED_SOL = "So11111111111111111111111111111111111111112"
CLOCK = "SysvarC1ock11111111111111111111111111111111"
RENT = "SysvarRent111111111111111111111111111111111"
SLOT_HASHES = "SysvarS1otHashes111111111111111111111111111"
NO_SIGNATURE = "1" * 64
CONFIRMED = {"commitment": "confirmed"}

# What a localnet has no counterpart of: gossip addresses, stake, and the votes that fill every block.
UNLIKE = {
    ".result[].gossip", ".result[].pubsub", ".result[].rpc", ".result[].serveRepair", ".result[].tpuForwardsQuic",
    ".result[].tpuQuic", ".result[].tpuVote", ".result[].tvu", ".result.current",
    ".result.delinquent", ".result.rewards", ".result.transactions",
}  # fmt: skip

RESULTS: list[tuple[str, list[Any]]] = [
    ("getHealth", []),
    ("getBlocksWithLimit", [2**63, 5]),
    ("getMaxRetransmitSlot", []),
    ("getMaxShredInsertSlot", []),
    ("getVersion", []),
    ("getGenesisHash", []),
    ("getIdentity", []),
    ("getSlot", []),
    ("getSlot", [{"commitment": "processed", "minContextSlot": 0}]),
    ("getBlockHeight", []),
    ("getTransactionCount", [CONFIRMED]),
    ("getEpochInfo", []),
    ("getEpochSchedule", []),
    ("getFirstAvailableBlock", []),
    ("minimumLedgerSlot", []),
    ("getClusterNodes", []),
    ("getSlotLeader", []),
    ("getSlotLeaders", [0, 3]),
    ("getVoteAccounts", []),
    ("getInflationGovernor", []),
    ("getInflationRate", []),
    ("getStakeMinimumDelegation", []),
    ("getLatestBlockhash", []),
    ("isBlockhashValid", [NOBODY]),
    ("getBlock", [1, {"maxSupportedTransactionVersion": 0} | CONFIRMED]),
    ("getBlock", [1, {"transactionDetails": "none", "rewards": False} | CONFIRMED]),
    ("getBlockTime", [1]),
    ("getBlockCommitment", [10**9]),
    ("getBlocks", [0, 2, CONFIRMED]),
    ("getBlocks", [5, 3]),
    ("getBlocksWithLimit", [0, 2, CONFIRMED]),
    ("getBalance", [NOBODY]),
    ("getAccountInfo", [NOBODY]),
    ("getAccountInfo", [TOKEN_PROGRAM]),
    ("getAccountInfo", [TOKEN_PROGRAM, {"encoding": "base58"}]),
    ("getAccountInfo", [TOKEN_PROGRAM, {"encoding": "base64+zstd", "dataSlice": {"offset": 1, "length": 3}}]),
    ("getAccountInfo", [TOKEN_PROGRAM, {"encoding": "jsonParsed"}]),
    ("getAccountInfo", [CLOCK, {"encoding": "jsonParsed"}]),
    ("getAccountInfo", [RENT, {"encoding": "jsonParsed"}]),
    ("getAccountInfo", [SLOT_HASHES, {"encoding": "jsonParsed"} | CONFIRMED]),
    ("getAccountInfo", [WRAPPED_SOL, {"encoding": "jsonParsed"}]),
    ("getMultipleAccounts", [[NOBODY, TOKEN_PROGRAM], {"encoding": "base64"}]),
    ("getMultipleAccounts", [[]]),
    ("getMinimumBalanceForRentExemption", [165]),
    ("getProgramAccounts", [NOBODY]),
    ("getProgramAccounts", [NOBODY, {"withContext": True}]),
    ("getProgramAccounts", [TOKEN_PROGRAM, {"encoding": "base64", "filters": [{"dataSize": 82}]}]),
    ("getTokenSupply", [WRAPPED_SOL]),
    ("getTokenAccountsByOwner", [NOBODY, {"programId": TOKEN_PROGRAM}]),
    ("getTokenAccountsByOwner", [NOBODY, {"mint": WRAPPED_SOL}]),
    ("getTokenAccountsByDelegate", [NOBODY, {"programId": TOKEN_PROGRAM}]),
    ("getTokenLargestAccounts", [WRAPPED_SOL]),
    ("getSignatureStatuses", [[NO_SIGNATURE]]),
    ("getSignaturesForAddress", [NOBODY]),
    ("getTransaction", [NO_SIGNATURE]),
    ("getTransaction", [NO_SIGNATURE, "jsonParsed"]),
    ("getRecentPrioritizationFees", [[NOBODY]]),
]

ERRORS: list[tuple[str, list[Any]]] = [
    ("getSlot", [{"minContextSlot": 10**12}]),
    ("getSlot", [{}, {}]),
    ("getBlock", [10**9]),
    ("getBlock", [1, {"commitment": "processed"}]),
    ("getBlock", ["x"]),
    ("getBlockTime", [10**9]),
    ("getAccountInfo", []),
    ("getAccountInfo", ["abc"]),
    ("getAccountInfo", [5]),
    ("getAccountInfo", [None]),
    ("getAccountInfo", [NOBODY, {"encoding": "morse"}]),
    ("getAccountInfo", [NOBODY, {"minContextSlot": 10**12}]),
    ("getAccountInfo", [SLOT_HASHES, {"encoding": "base58"} | CONFIRMED]),
    ("getAccountInfo", [NOBODY, {}, 5]),
    ("getMultipleAccounts", [[NOBODY] * 101]),
    ("getMultipleAccounts", [[NOBODY, "x"]]),
    ("getMinimumBalanceForRentExemption", [-1]),
    ("getMinimumBalanceForRentExemption", [10**9]),
    ("getProgramAccounts", [NOBODY, {"filters": [{"dataSize": 5}] * 5}]),
    ("getProgramAccounts", [NOBODY, {"filters": [{"memcmp": {"offset": 0, "bytes": "!"}}]}]),
    ("getProgramAccounts", [NOBODY, {"filters": [{"memcmp": {"offset": 0, "bytes": "1" * 200}}]}]),
    ("getProgramAccounts", [NOBODY, {"filters": [{"moon": 1}]}]),
    ("getTokenAccountBalance", [NOBODY]),
    ("getTokenAccountBalance", [TOKEN_PROGRAM]),
    ("getTokenAccountBalance", [WRAPPED_SOL]),
    ("getTokenSupply", [NOBODY]),
    ("getTokenAccountsByOwner", [NOBODY]),
    ("getTokenAccountsByOwner", [NOBODY, {}]),
    ("getTokenAccountsByOwner", [NOBODY, {"mint": NOBODY}]),
    ("getTokenAccountsByOwner", [NOBODY, {"programId": NOBODY}]),
    ("getTokenLargestAccounts", [NOBODY]),
    ("getSignatureStatuses", [["x"]]),
    ("getSignatureStatuses", [[NO_SIGNATURE] * 257]),
    ("getSignaturesForAddress", [NOBODY, {"limit": 0}]),
    ("getSignaturesForAddress", [NOBODY, {"limit": 1001}]),
    ("getSignaturesForAddress", [NOBODY, {"before": "x"}]),
    ("getSignaturesForAddress", [NOBODY, {"before": NO_SIGNATURE}]),
    ("getSignaturesForAddress", [NOBODY, {"until": NO_SIGNATURE}]),
    ("getProgramAccounts", [TOKEN_PROGRAM, {"filters": [{"memcmp": {"offset": 0, "bytes": [1, 2]}}]}]),
    ("getProgramAccounts", [TOKEN_PROGRAM, {"filters": [{"memcmp": {"offset": 32, "bytes": [1, 2]}}]}]),
    ("getSignaturesForAddress", [NOBODY, {"commitment": "processed"}]),
    ("getTransaction", ["x"]),
    ("getTransaction", [NO_SIGNATURE, {"commitment": "processed"}]),
    ("isBlockhashValid", ["x"]),
    ("getFeeForMessage", ["!!"]),
    ("getRecentPrioritizationFees", [["x"]]),
    ("getRecentPrioritizationFees", [[NOBODY] * 129]),
    ("sendTransaction", []),
    ("sendTransaction", ["abc"]),
    ("sendTransaction", ["AAAA", {"encoding": "base64"}]),
    ("sendTransaction", ["!!!", {"encoding": "base64"}]),
    ("sendTransaction", ["A" * 3000, {"encoding": "base64"}]),
    ("sendTransaction", ["A" * 3000]),
    ("sendTransaction", ["AAAA", {"encoding": "jsonParsed"}]),
    ("simulateTransaction", ["AAAA", {"encoding": "base64"}]),
    ("requestAirdrop", ["x", 1]),
    ("requestAirdrop", [NOBODY, -1]),
    ("requestAirdrop", [NOBODY]),
]

BODIES = [
    b"",
    b"{",
    b"5",
    b"{}",
    b"[]",
    b'{"jsonrpc":"1.0","id":1,"method":"getHealth"}',
    b'{"jsonrpc":"2.0","id":"a","method":"getHealth"}',
    b'{"jsonrpc":"2.0","id":null,"method":"getHealth"}',
    b'{"jsonrpc":"2.0","id":1.5,"method":"getHealth"}',
    b'{"jsonrpc":"2.0","method":"getHealth"}',
    b'{"jsonrpc":"2.0","id":1,"method":"getHealth","params":{}}',
    b'{"jsonrpc":"2.0","id":1,"method":"getHealth","params":5}',
    b'{"jsonrpc":"2.0","id":1,"method":5}',
    b'[{"jsonrpc":"2.0","id":1,"method":"getHealth"},{"jsonrpc":"2.0","id":2,"method":"getIdentity","params":[]}]',
    b'[{"jsonrpc":"2.0","id":1,"method":"getHealth"},5]',
    b'[{"jsonrpc":"2.0","method":"getHealth"}]',
]


def _name(value: object) -> str:
    return str(value)[:40]


@pytest.fixture(scope="module", autouse=True)
def _something_happened(localnet: Cluster, validator: Cluster) -> None:
    """A transaction on each, so that lists of recent ones are not empty."""
    for cluster in (localnet, validator):
        cluster.wait(cluster.call("requestAirdrop", NOBODY, 10**9))


@pytest.mark.parametrize(("method", "params"), RESULTS, ids=_name)
def test_results_have_the_same_shape(localnet: Cluster, validator: Cluster, method: str, params: list[Any]) -> None:
    ours, theirs = localnet.answer(method, *params), validator.answer(method, *params)
    assert "result" in theirs, theirs
    assert differences(ours, theirs, UNLIKE) == []


@pytest.mark.parametrize(("method", "params"), ERRORS, ids=_name)
def test_errors_are_the_same(localnet: Cluster, validator: Cluster, method: str, params: list[Any]) -> None:
    ours, theirs = localnet.answer(method, *params), validator.answer(method, *params)
    assert "error" in theirs, theirs
    assert differences(ours, theirs) == []
    assert ours["error"]["code"] == theirs["error"]["code"]
    assert ours["error"]["message"] == theirs["error"]["message"]


@pytest.mark.parametrize("body", BODIES, ids=_name)
def test_bodies_are_read_alike(localnet: Cluster, validator: Cluster, body: bytes) -> None:
    ours, theirs = localnet.post(body), validator.post(body)
    assert ours.status_code == theirs.status_code
    assert bool(ours.content) == bool(theirs.content)
    if ours.content:
        assert differences(ours.json(), theirs.json()) == []


def test_an_unknown_method_has_the_same_code(localnet: Cluster, validator: Cluster) -> None:
    ours, theirs = localnet.answer("getMoon")["error"], validator.answer("getMoon")["error"]
    assert ours["code"] == theirs["code"] == -32601
    # Ours also says which.
    assert ours["message"] == f"{theirs['message']}: getMoon"


def test_wrong_content_and_huge_bodies_have_the_same_status(localnet: Cluster, validator: Cluster) -> None:
    for body, kind in ((b"{}", "text/plain"), (b" " * 60_000, "application/json")):
        ours, theirs = localnet.post(body, kind), validator.post(body, kind)
        assert (ours.status_code, ours.text.strip()) == (theirs.status_code, theirs.text.strip())
