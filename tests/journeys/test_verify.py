"""`opinion verify` trusts nothing that the program or the node says of the outcome."""

import asyncio
import json
from pathlib import Path

import pytest
from solders.keypair import Keypair

from chain import addresses
from chain.constants import PROGRAM_ID
from ops.demo.market import DemoMarket
from ops.demo.stage import open_stage
from ops.localnet import read_keys
from tests.journeys.conftest import Localnet, one_sentence, opinion
from tests.journeys.lying_node import lying_node

# Offsets from docs/protocol.md: fields of a Market, and of its VrfRequest.
MARKET_FIELDS = {"winner": 243, "winner_start": 275, "draw": 291, "fee": 227, "prize": 235, "statement": 320}
REQUEST_FIELDS = {"slot_hash": 116, "alpha": 156, "proof": 190, "output": 270}


@pytest.fixture(scope="module")
def told(localnet: Localnet) -> list[dict[str, object]]:
    """What the demo tells of a market, up to its receipt."""
    done = opinion("demo", "--rpc", localnet.url, "--keys", localnet.keys, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def finished(told: list[dict[str, object]]) -> str:
    """A market of which only the receipt is left."""
    return str(told[-1]["market"])


@pytest.fixture
def record(told: list[dict[str, object]], tmp_path: Path) -> Path:
    """The record of its analysis, as a file."""
    path = tmp_path / "record.json"
    path.write_text(next(str(step["record"]) for step in told if step["step"] == "score"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def settled(localnet: Localnet, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A market that is settled and paid, with all its accounts still there."""
    return asyncio.run(market_after(localnet, tmp_path_factory.mktemp("settled") / "journal", 16))


async def market_after(localnet: Localnet, journal: Path, steps: int) -> str:
    """A market left as it is after so many of the demo's steps."""
    async with open_stage(PROGRAM_ID, localnet.url, read_keys(localnet.keys), journal) as stage:
        market = DemoMarket(stage)
        telling = market.steps()
        for _ in range(steps):
            await anext(telling)
        await telling.aclose()
        return str(market.address)


def test_a_settled_market_verifies_in_words(localnet: Localnet, settled: str) -> None:
    done = opinion("verify", settled, "--rpc", localnet.url)

    assert done.returncode == 0, done.stderr
    assert "ok: The ECVRF proof holds for the key" in done.stdout
    assert "FAILED" not in done.stdout


def test_a_finished_markets_receipt_verifies_for_ever(localnet: Localnet, finished: str) -> None:
    done = opinion("verify", finished, "--rpc", localnet.url)

    assert done.returncode == 0, done.stderr
    assert f"market: {finished}" in done.stdout
    assert "FAILED" not in done.stdout
    assert "open:" not in done.stdout


def test_the_score_is_computed_again_from_its_record(localnet: Localnet, finished: str, record: Path) -> None:
    done = opinion("verify", finished, "--rpc", localnet.url, "--record", record)
    told = json.loads(opinion("verify", finished, "--rpc", localnet.url, "--record", record, "--json").stdout)

    assert done.returncode == 0, done.stdout
    assert "ok: The record hashes to the summary hash on the chain" in done.stdout
    assert "6 of 6 opinions are no longer on the chain" in " ".join(done.stdout.split())
    results = {check["check"]: check["result"] for check in told["checks"] if check["check"].startswith("record")}
    assert results == {
        "record hash": "ok",
        "record market": "ok",
        "record score": "ok",
        "record stakes": "ok",
        "record inputs": "not checkable",
    }


def test_another_record_is_found(localnet: Localnet, finished: str, record: Path) -> None:
    record.write_bytes(record.read_bytes().replace(b'"stake":500000', b'"stake":500001'))
    done = opinion("verify", finished, "--rpc", localnet.url, "--record", record)

    assert done.returncode == 3, done.stdout
    assert "FAILED: The record hashes to" in done.stdout


def test_a_record_that_cannot_be_read_is_told_in_one_sentence(localnet: Localnet, finished: str) -> None:
    done = opinion("verify", finished, "--rpc", localnet.url, "--record", "no-such-file")

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert "no-such-file" in done.stderr


@pytest.mark.parametrize("network", ["devnet", "testnet", "mainnet"])
def test_another_network_than_the_nodes_is_refused(localnet: Localnet, finished: str, network: str) -> None:
    done = opinion("verify", finished, "--rpc", localnet.url, NETWORK=network)

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert f"NETWORK is {network}" in done.stderr


def test_the_same_as_json(localnet: Localnet, settled: str) -> None:
    told = json.loads(opinion("verify", settled, "--json", SOLANA_RPC_URL=localnet.url).stdout)

    assert told["ok"] is True
    assert told["market"] == settled
    assert {check["result"] for check in told["checks"]} == {"ok"}


@pytest.mark.parametrize("field", MARKET_FIELDS)
def test_a_lie_about_the_market_is_found(localnet: Localnet, settled: str, field: str) -> None:
    def lie(address: str, data: bytes) -> bytes:
        return flipped(data, MARKET_FIELDS[field]) if address == settled else data

    with lying_node(localnet.url, lie) as url:
        done = opinion("verify", settled, "--rpc", url)

    assert done.returncode == 3, done.stdout
    assert "FAILED" in done.stdout


@pytest.mark.parametrize("field", REQUEST_FIELDS)
def test_a_lie_about_the_randomness_is_found(localnet: Localnet, settled: str, field: str) -> None:
    from solders.pubkey import Pubkey

    request = str(addresses.vrf_request(Pubkey.from_string(settled)))

    def lie(address: str, data: bytes) -> bytes:
        return flipped(data, REQUEST_FIELDS[field]) if address == request else data

    with lying_node(localnet.url, lie) as url:
        done = opinion("verify", settled, "--rpc", url)

    assert done.returncode == 3, done.stdout
    assert "FAILED" in done.stdout


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(("steps", "state"), [(2, "active"), (13, "awaiting randomness")])
def test_a_market_without_an_outcome_is_not_verified(
    localnet: Localnet, tmp_path: Path, steps: int, state: str
) -> None:
    market = asyncio.run(market_after(localnet, tmp_path / "journal", steps))
    done = opinion("verify", market, "--rpc", localnet.url)

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert f"is {state}" in done.stderr


def test_what_is_no_market_is_told_in_one_sentence(localnet: Localnet) -> None:
    for address, code in (("market", 2), (str(Keypair().pubkey()), 1), (str(PROGRAM_ID), 1)):
        done = opinion("verify", address, "--rpc", localnet.url)

        assert done.returncode == code, done.stdout
        assert one_sentence(done.stderr), done.stderr
        assert address in done.stderr


def test_an_unreachable_node_is_told_in_one_sentence(settled: str) -> None:
    done = opinion("verify", settled, "--rpc", "http://127.0.0.1:9")

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert "127.0.0.1:9" in done.stderr
