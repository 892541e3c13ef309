"""Reading accounts: encodings, filters, slices, and the view from each commitment."""

import base64

import pytest
import zstandard
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from opinion_localnet import base58
from opinion_localnet.addresses import TOKEN_PROGRAM, USDC_MINT, associated_token_address

from .process import Localnet, RpcFailureError
from .wallet import CONFIRMED, SOL, Wallet


@pytest.fixture(scope="module")
def holders(node: Localnet) -> list[Pubkey]:
    owners = [Keypair().pubkey() for _ in range(5)]
    node.wait([node.call("localnet_faucetUsdc", str(owner), 100 + n) for n, owner in enumerate(owners)])
    return owners


def program_accounts(node: Localnet, *filters: object, **config: object) -> list[dict]:
    options = {"encoding": "base64", "filters": list(filters)} | CONFIRMED | config
    return node.call("getProgramAccounts", str(TOKEN_PROGRAM), options)


def test_every_encoding_holds_the_same_bytes(node: Localnet, holders: list[Pubkey]) -> None:
    address = str(USDC_MINT)

    def data(encoding: str) -> object:
        return node.call("getAccountInfo", address, {"encoding": encoding} | CONFIRMED)["value"]["data"]

    text, kind = data("base64")
    raw = base64.b64decode(text)
    assert (len(raw), kind) == (82, "base64")
    assert base58.decode(data("base58")[0]) == raw
    assert base58.decode(data("binary")) == raw
    assert zstandard.ZstdDecompressor().decompress(base64.b64decode(data("base64+zstd")[0])) == raw
    assert data("jsonParsed")["parsed"]["type"] == "mint"


def test_base58_of_long_data_is_refused(node: Localnet, holders: list[Pubkey]) -> None:
    account = associated_token_address(holders[0], USDC_MINT)
    with pytest.raises(RpcFailureError) as refused:
        node.call("getAccountInfo", str(account), {"encoding": "base58"} | CONFIRMED)
    assert refused.value.code == -32600


@pytest.mark.parametrize(
    ("offset", "length", "expected"), [(0, 32, 32), (80, 32, 2), (82, 1, 0), (2**40, 2**40, 0), (3, 0, 0)]
)
def test_a_slice_is_cut_from_the_data(node: Localnet, offset: int, length: int, expected: int) -> None:
    config = {"encoding": "base64", "dataSlice": {"offset": offset, "length": length}}
    value = node.call("getAccountInfo", str(USDC_MINT), config)["value"]
    assert len(base64.b64decode(value["data"][0])) == expected
    assert value["space"] == 82


def test_filters_are_all_applied(node: Localnet, holders: list[Pubkey]) -> None:
    owner = holders[2]
    by_owner = {"memcmp": {"offset": 32, "bytes": str(owner)}}
    by_mint = {"memcmp": {"offset": 0, "bytes": base64.b64encode(bytes(USDC_MINT)).decode(), "encoding": "base64"}}
    (found,) = program_accounts(node, {"dataSize": 165}, by_mint, by_owner, {"memcmp": {"offset": 64, "bytes": [102]}})
    assert found["pubkey"] == str(associated_token_address(owner, USDC_MINT))
    assert program_accounts(node, {"dataSize": 166}, by_owner) == []
    assert len(program_accounts(node, {"dataSize": 165}, by_mint)) >= len(holders)
    with_context = program_accounts(node, by_owner, withContext=True)
    assert with_context["value"][0] == found


def test_program_accounts_change_hands_at_each_commitment(node: Localnet) -> None:
    owner = Keypair().pubkey()
    signature = node.call("localnet_faucetUsdc", str(owner), 5)
    by_owner = {"memcmp": {"offset": 32, "bytes": str(owner)}}
    assert len(program_accounts(node, by_owner, commitment="processed")) == 1
    assert program_accounts(node, by_owner, commitment="finalized") == []
    node.wait([signature])
    assert len(program_accounts(node, by_owner, commitment="confirmed")) == 1
    node.call("localnet_warp", {"slots": 40})
    assert len(program_accounts(node, by_owner, commitment="finalized")) == 1


def test_balances_differ_by_commitment_until_final(node: Localnet) -> None:
    wallet = Wallet(node, sol=5)
    address = str(wallet.address)
    assert node.call("getBalance", address)["value"] == 0
    assert node.call("getBalance", address, CONFIRMED)["value"] == 5 * SOL
    node.call("localnet_warp", {"slots": 40})
    assert node.call("getBalance", address)["value"] == 5 * SOL


def test_many_accounts_come_in_order_with_gaps(node: Localnet, holders: list[Pubkey]) -> None:
    wanted = [str(USDC_MINT), str(Pubkey.new_unique()), str(associated_token_address(holders[0], USDC_MINT))]
    value = node.call("getMultipleAccounts", wanted, {"encoding": "jsonParsed"} | CONFIRMED)["value"]
    assert [account and account["data"]["parsed"]["type"] for account in value] == ["mint", None, "account"]


def test_tokens_are_found_by_owner(node: Localnet, holders: list[Pubkey]) -> None:
    config = {"encoding": "jsonParsed"} | CONFIRMED
    for wanted in ({"mint": str(USDC_MINT)}, {"programId": str(TOKEN_PROGRAM)}):
        (found,) = node.call("getTokenAccountsByOwner", str(holders[1]), wanted, config)["value"]
        assert found["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"] == "101"
    largest = node.call("getTokenLargestAccounts", str(USDC_MINT), CONFIRMED)["value"]
    assert int(largest[0]["amount"]) >= 104
