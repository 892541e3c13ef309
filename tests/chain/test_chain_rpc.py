"""The RPC client against a real HTTP server that misbehaves."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

import pytest
from chain_cluster import GENESIS, Cluster, Node, serving
from hypothesis import given
from hypothesis import strategies as st
from solders.hash import Hash
from solders.pubkey import Pubkey

from chain.answers import Commitment
from chain.errors import (
    AllEndpointsFailed,
    EndpointFailed,
    EndpointTimeout,
    EndpointUnreachable,
    InvalidValue,
    MalformedAnswer,
    RateLimited,
    RpcError,
    RpcRefused,
    WrongCluster,
)
from chain.health import LONGEST_WAIT, Health
from chain.rpc import Rpc, base58

OTHER = str(Hash(bytes([2]) * 32))


def client(nodes: Sequence[Node], rounds: int = 1, genesis: str | None = GENESIS) -> Rpc:
    """A quick client of these nodes."""
    return Rpc(
        [node.url for node in nodes],
        genesis_hash=genesis,
        timeout=0.2,
        rounds=rounds,
        first_wait=0.01,
        random=Random(1),
    )


def only(method: str, misdeed: str, times: int = 10**6):
    """A misdeed for one method, so many times."""
    left = [times]

    def misdeeds(asked: str) -> str:
        if asked != method or left[0] == 0:
            return "honest"
        left[0] -= 1
        return misdeed

    return misdeeds


FAILS_WITH = [
    ("drop", EndpointUnreachable),
    ("accept and delay", EndpointTimeout),
    ("500", EndpointFailed),
    ("429", RateLimited),
    ("garbage", MalformedAnswer),
]


@pytest.mark.parametrize(
    ("misdeed", "kind"),
    [*FAILS_WITH, ("wrong shape", MalformedAnswer), ("null", MalformedAnswer), ("behind", EndpointFailed)],
)
async def test_each_misdeed_has_its_error_and_names_the_endpoint(misdeed: str, kind: type[RpcError]) -> None:
    await fails(kind, "getSlot", misdeed, Rpc.slot)


@pytest.mark.parametrize(("misdeed", "kind"), FAILS_WITH)
async def test_a_method_that_the_library_does_not_read_fails_alike(misdeed: str, kind: type[RpcError]) -> None:
    await fails(kind, "getRecentPrioritizationFees", misdeed, lambda rpc: rpc.priority_fees([]))


async def fails(kind: type[RpcError], method: str, misdeed: str, call: Callable[[Rpc], Awaitable[object]]) -> None:
    """Hold that the call of a node that does so raises this kind, in one sentence that names the node."""
    node = Node(Cluster(), only(method, misdeed))
    async with serving(node), client([node]) as rpc:
        with pytest.raises(kind) as caught:
            await call(rpc)
        assert type(caught.value) is kind
        assert caught.value.endpoint == node.url
        assert node.url in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("misdeed", ["drop", "accept and delay", "500", "429", "garbage", "wrong shape", "behind"])
async def test_the_next_endpoint_answers_and_the_bad_one_is_left_alone(misdeed: str) -> None:
    cluster = Cluster()
    bad, good = Node(cluster, only("getSlot", misdeed)), Node(cluster)
    async with serving(bad, good), client([bad, good]) as rpc:
        assert await rpc.slot() >= 1000
        rpc.endpoints[0].health.ready_at += 60
        asked = len(bad.calls)
        assert await rpc.slot() >= 1000
        assert len(bad.calls) == asked
        assert [e.health.failures for e in rpc.endpoints] == [1, 0]


@pytest.mark.parametrize("misdeed", ["drop", "500", "429", "garbage"])
async def test_one_endpoint_is_asked_again_after_a_while(misdeed: str) -> None:
    node = Node(Cluster(), only("getSlot", misdeed, times=2))
    async with serving(node), client([node], rounds=3) as rpc:
        assert await rpc.slot() >= 1000
        assert node.calls.count("getSlot") == 3
        assert rpc.endpoints[0].health.failures == 0


async def test_when_all_fail_each_is_named() -> None:
    cluster = Cluster()
    nodes = [Node(cluster, only("getSlot", "500")), Node(cluster, only("getSlot", "drop"))]
    async with serving(*nodes), client(nodes) as rpc:
        with pytest.raises(AllEndpointsFailed) as caught:
            await rpc.slot()
        assert [type(failure) for failure in caught.value.failures] == [EndpointFailed, EndpointUnreachable]


async def test_nobody_listening_is_said_in_one_sentence() -> None:
    async with Rpc(["http://127.0.0.1:9"], timeout=0.5, rounds=1) as rpc:
        with pytest.raises(EndpointUnreachable, match=r"http://127\.0\.0\.1:9 cannot be reached"):
            await rpc.slot()


async def test_an_unknown_method_is_an_answer_and_no_failure() -> None:
    cluster = Cluster()
    nodes = [Node(cluster), Node(cluster)]
    async with serving(*nodes), client(nodes) as rpc:
        with pytest.raises(RpcRefused) as caught:
            await rpc.rent(1)
        assert caught.value.code == -32601
        assert "getMinimumBalanceForRentExemption" not in nodes[1].calls


async def test_another_cluster_is_refused_before_anything_is_asked() -> None:
    node = Node(Cluster(), genesis=OTHER)
    async with serving(node), client([node]) as rpc:
        with pytest.raises(WrongCluster, match=f"serves the cluster {OTHER}, not {GENESIS}: check the RPC setting"):
            await rpc.slot()
        assert node.calls == ["getGenesisHash"]


async def test_without_an_expected_cluster_the_first_decides() -> None:
    cluster = Cluster()
    nodes = [Node(cluster, only("getSlot", "drop")), Node(cluster, genesis=OTHER)]
    async with serving(*nodes), client(nodes, genesis=None) as rpc:
        with pytest.raises(WrongCluster):
            await rpc.slot()


async def test_views_agree_on_the_cluster_even_when_they_were_made_before_it_was_known() -> None:
    nodes = [Node(Cluster()), Node(Cluster(), genesis=OTHER)]
    async with serving(*nodes), Rpc([node.url for node in nodes], timeout=30) as rpc:
        first, second = rpc.each()
        assert await first.slot() >= 1000
        with pytest.raises(WrongCluster):
            await second.slot()


async def test_keys_in_addresses_are_not_shown() -> None:
    async with Rpc(["http://user:pw@127.0.0.1:9/v2/secret?api-key=secret2"], timeout=0.5, rounds=1) as rpc:
        with pytest.raises(RpcError) as caught:
            await rpc.slot()
        shown = f"{caught.value} {rpc.endpoints[0]!r} {rpc.endpoints[0].name}"
        assert not [word for word in ("secret", "pw", "user") if word in shown]


@pytest.mark.parametrize("url", ["", "127.0.0.1:8899", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match="http:// or https://"):
        Rpc([url])
    with pytest.raises(InvalidValue, match="at least one"):
        Rpc([])


async def test_commitment_reaches_the_node() -> None:
    node = Node(Cluster())
    async with serving(node), client([node]) as rpc:
        final, now = await rpc.block_height(Commitment.FINALIZED), await rpc.block_height()
        assert final < now
        assert Commitment.FINALIZED.reaches(Commitment.CONFIRMED)
        assert not Commitment.PROCESSED.reaches(Commitment.CONFIRMED)


@given(failures=st.integers(1, 60), retry_after=st.one_of(st.none(), st.floats(0, 1e6)))
def test_waits_grow_and_are_bounded(failures: int, retry_after: float | None) -> None:
    health = Health(random=Random(1))
    for _ in range(failures):
        # From 0, where adding and taking away the wait rounds nothing.
        health.failed(RateLimited("slow", "x", retry_after), 0.0)
    wait = health.wait(0.0)
    assert 0.1 <= wait <= LONGEST_WAIT
    assert wait >= min(retry_after or 0.0, LONGEST_WAIT)
    assert health.wait(1e9) == 0
    health.succeeded()
    assert health.wait(0.0) == 0


@given(st.binary(min_size=32, max_size=32))
def test_base58_is_bitcoins(data: bytes) -> None:
    assert base58(data) == str(Pubkey(data))


def test_base58_of_short_data() -> None:
    assert [base58(data) for data in (b"", b"\0", b"\4", b"\0\0\1")] == ["", "1", "5", "112"]


def test_an_endpoint_that_is_named_twice_is_no_second_witness() -> None:
    with pytest.raises(InvalidValue, match="configured twice"):
        Rpc(["http://127.0.0.1:1", "http://127.0.0.1:1"])
