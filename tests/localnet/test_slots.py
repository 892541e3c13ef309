"""Slots, Clock, SlotHashes and blockhash expiry, as they pass and when time is warped."""

import base64
import struct
import time

import pytest
from solders.hash import Hash
from solders.keypair import Keypair

from .process import Localnet, RpcFailureError
from .wallet import SOL, Wallet

CLOCK = "SysvarC1ock11111111111111111111111111111111"
SLOT_HASHES = "SysvarS1otHashes111111111111111111111111111"
PROCESSED = {"commitment": "processed"}
THREE_DAYS = 3 * 86_400


def clock(node: Localnet, commitment: str = "processed") -> dict[str, int]:
    config = {"encoding": "jsonParsed", "commitment": commitment}
    return node.call("getAccountInfo", CLOCK, config)["value"]["data"]["parsed"]["info"]


def slot_hashes(node: Localnet) -> list[tuple[int, Hash]]:
    answer = node.call("getAccountInfo", SLOT_HASHES, {"encoding": "base64"} | PROCESSED)
    data = base64.b64decode(answer["value"]["data"][0])
    (count,) = struct.unpack_from("<Q", data)
    entries = [struct.unpack_from("<Q32s", data, 8 + 40 * index) for index in range(count)]
    return [(slot, Hash(digest)) for slot, digest in entries]


def wait_slots(node: Localnet, count: int) -> None:
    target = node.call("getSlot", PROCESSED) + count
    while node.call("getSlot", PROCESSED) < target:
        time.sleep(0.005)


def test_commitments_trail_each_other(node: Localnet) -> None:
    node.call("localnet_warp", {"slots": 40})
    finalized = node.call("getSlot")
    confirmed = node.call("getSlot", {"commitment": "confirmed"})
    processed = node.call("getSlot", PROCESSED)
    assert finalized < confirmed < processed
    # Slots pass between the two questions.
    assert 32 <= confirmed - finalized <= 100


def test_clock_advances_with_slots(node: Localnet) -> None:
    before = clock(node)
    wait_slots(node, 3)
    after = clock(node)
    assert after["slot"] >= before["slot"] + 3
    assert abs(after["unixTimestamp"] - node.call("localnet_info")["unixTimestamp"]) <= 2


def test_older_commitments_see_older_clocks(node: Localnet) -> None:
    assert clock(node, "finalized")["slot"] < clock(node, "confirmed")["slot"] < clock(node)["slot"] + 1


def test_slot_hashes_are_dense_and_newest_first(node: Localnet) -> None:
    node.call("localnet_warp", {"slots": 600})
    entries = slot_hashes(node)
    slots = [slot for slot, _ in entries]
    assert len(entries) == 512
    assert slots == list(range(slots[0], slots[0] - 512, -1))
    assert len({str(digest) for _, digest in entries}) == 512
    wait_slots(node, 2)
    later = dict(slot_hashes(node))
    # A hash once fixed never changes.
    assert all(later[slot] == digest for slot, digest in entries if slot in later)


def test_the_newest_slot_hash_is_the_parents(node: Localnet) -> None:
    parent = slot_hashes(node)[0][0]
    assert parent <= node.call("getSlot", PROCESSED)


def test_three_days_pass_at_once(node: Localnet) -> None:
    before, started = clock(node), time.monotonic()
    answer = node.call("localnet_warp", {"seconds": THREE_DAYS})
    assert time.monotonic() - started < 5
    after = clock(node)
    assert 0 <= after["unixTimestamp"] - before["unixTimestamp"] - THREE_DAYS <= 10
    assert after["slot"] - before["slot"] >= THREE_DAYS / 0.4
    assert answer["slot"] <= after["slot"]
    assert answer["unixTimestamp"] <= after["unixTimestamp"]
    assert len(slot_hashes(node)) == 512
    epoch = node.call("getEpochInfo", PROCESSED)
    assert epoch["epoch"] == epoch["absoluteSlot"] // 432_000 == clock(node)["epoch"]


def test_slots_before_a_warps_last_512_are_skipped(node: Localnet) -> None:
    first = node.call("getSlot", PROCESSED)
    last = node.call("localnet_warp", {"slots": 5_000})["slot"]
    with pytest.raises(RpcFailureError) as skipped:
        node.call("getBlock", first + 1_000, {"commitment": "confirmed"})
    assert skipped.value.code == -32007
    blocks = node.call("getBlocks", last - 400, last - 1, {"commitment": "confirmed"})
    assert blocks == list(range(last - 400, last))


@pytest.mark.parametrize("wrong", [{}, {"seconds": 1, "slots": 1}, {"slots": 0}, {"slots": -1}, {"slots": "x"}])
def test_a_warp_wants_one_sensible_distance(node: Localnet, wrong: dict[str, object]) -> None:
    with pytest.raises(RpcFailureError) as refused:
        node.call("localnet_warp", wrong)
    assert refused.value.code == -32602


def test_a_blockhash_expires_after_150_blocks(node: Localnet, wallet: Wallet) -> None:
    latest = node.call("getLatestBlockhash", {"commitment": "confirmed"})["value"]
    transaction = wallet.pay(Keypair().pubkey(), SOL, Hash.from_string(latest["blockhash"]))
    assert node.call("isBlockhashValid", latest["blockhash"], PROCESSED)["value"]
    while (height := node.call("getBlockHeight", PROCESSED)) < latest["lastValidBlockHeight"]:
        node.call("localnet_warp", {"slots": max(1, latest["lastValidBlockHeight"] - height - 60)})
        if latest["lastValidBlockHeight"] - height < 65:
            break
    assert node.call("isBlockhashValid", latest["blockhash"], PROCESSED)["value"]
    node.call("localnet_warp", {"slots": 100})
    assert not node.call("isBlockhashValid", latest["blockhash"], PROCESSED)["value"]
    with pytest.raises(RpcFailureError) as refused:
        wallet.send(transaction)
    assert refused.value.code == -32002
    assert refused.value.data["err"] == "BlockhashNotFound"
    signature = wallet.send(transaction, skipPreflight=True)
    wait_slots(node, 3)
    assert node.call("getSignatureStatuses", [signature])["value"] == [None]


def test_every_block_names_its_parent(node: Localnet) -> None:
    wait_slots(node, 5)
    newest = node.call("getSlot", {"commitment": "confirmed"})
    config = {"commitment": "confirmed", "transactionDetails": "none"}
    child, parent = (node.call("getBlock", slot, config) for slot in (newest, newest - 1))
    assert child["parentSlot"] == newest - 1
    assert child["previousBlockhash"] == parent["blockhash"]
    assert child["blockHeight"] == parent["blockHeight"] + 1


def test_a_future_block_is_not_available(node: Localnet) -> None:
    for method in ("getBlock", "getBlockTime"):
        with pytest.raises(RpcFailureError) as refused:
            node.call(method, 10**9)
        assert refused.value.code == -32004
