"""No confirmed transaction is lost, whatever kills the node."""

import http.client
import random
import threading
import time
from pathlib import Path

from solders.keypair import Keypair

from .conftest import Nodes
from .process import Localnet
from .wallet import CONFIRMED, SOL, Wallet


def test_a_kill_loses_no_confirmed_transaction(nodes: Nodes, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    node = nodes(tmp_path / "ledger").start()
    genesis = node.call("getGenesisHash")
    confirmed: dict[str, int] = {}
    for _ in range(4):
        confirmed |= _pay_until_killed(node, generator.uniform(0.05, 0.6))
        before = max(confirmed.values(), default=0)
        node.start()
        assert node.call("getGenesisHash") == genesis
        assert node.call("getSlot", CONFIRMED) >= before
        _assert_all_there(node, confirmed)
    assert confirmed
    node.kill()


def _pay_until_killed(node: Localnet, seconds: float) -> dict[str, int]:
    """Pay as fast as possible; returns the slot of every signature that was seen confirmed."""
    wallet = Wallet(node, sol=1000)
    killer = threading.Timer(seconds, node.kill)
    killer.start()
    sent: list[str] = []
    confirmed: dict[str, int] = {}
    try:
        while True:
            blockhash = wallet.blockhash()
            sent += [
                wallet.send(wallet.pay(Keypair().pubkey(), SOL // 100, blockhash), skipPreflight=True)
                for _ in range(10)
            ]
            for signature, status in zip(
                sent[-256:], node.call("getSignatureStatuses", sent[-256:])["value"], strict=True
            ):
                if status and status["confirmationStatus"] != "processed":
                    confirmed[signature] = status["slot"]
    except (OSError, http.client.HTTPException):
        killer.join()
    return confirmed


def _assert_all_there(node: Localnet, confirmed: dict[str, int]) -> None:
    for signature, slot in confirmed.items():
        found = node.call("getTransaction", signature, CONFIRMED)
        assert found is not None, f"{signature} of slot {slot} is lost"
        assert found["slot"] == slot
        to = found["transaction"]["message"]["accountKeys"][1]
        assert node.call("getBalance", to, CONFIRMED)["value"] == SOL // 100


def test_state_slots_and_time_go_on_where_they_were(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    wallet = Wallet(node, sol=7)
    transaction = wallet.pay(Keypair().pubkey(), SOL)
    signature = wallet.send(transaction)
    node.wait([signature])
    warped = node.call("localnet_warp", {"seconds": 10 * 86_400})
    assert node.stop() == 0
    node.start()
    assert node.call("getSlot", {"commitment": "processed"}) >= warped["slot"]
    assert node.call("localnet_info")["unixTimestamp"] >= warped["unixTimestamp"]
    status = node.call("getSignatureStatuses", [signature], {"searchTransactionHistory": True})["value"][0]
    assert status["confirmationStatus"] == "finalized"
    assert node.call("getBalance", str(wallet.address))["value"] == 6 * SOL - 5000
    node.kill()


def test_a_duplicate_is_still_known_after_a_restart(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger", slot_ms=50).start()
    wallet = Wallet(node)
    transaction = wallet.pay(Keypair().pubkey(), SOL)
    signature = wallet.send(transaction)
    node.wait([signature])
    node.kill()
    node.start()
    assert wallet.send(transaction, skipPreflight=True) == signature
    node.wait([node.call("requestAirdrop", str(Keypair().pubkey()), SOL)])
    assert node.call("getBalance", str(wallet.address), CONFIRMED)["value"] == 99 * SOL - 5000
    node.kill()


def test_time_never_runs_backwards_across_a_restart(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    node.call("localnet_warp", {"slots": 100})
    before = node.call("localnet_info")["unixTimestamp"]
    node.kill()
    time.sleep(0.1)
    node.start()
    assert node.call("localnet_info")["unixTimestamp"] >= before
    node.kill()


def test_a_full_disk_ends_it_in_one_sentence_and_loses_nothing(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger", slot_ms=100)
    node.start(most_bytes=700_000)
    confirmed: list[str] = []
    try:
        while True:
            signature = node.call("requestAirdrop", str(Keypair().pubkey()), SOL)
            node.wait([signature])
            confirmed.append(signature)
            for _ in range(100):
                node.call("requestAirdrop", str(Keypair().pubkey()), SOL)
    except (OSError, http.client.HTTPException):
        pass
    code, output = node.wait_for_end()
    assert code == 1
    assert "The ledger cannot be written" in output
    assert "Traceback" not in output
    node.start()
    assert confirmed
    for signature in confirmed:
        assert node.call("getTransaction", signature, CONFIRMED) is not None
