"""SOL and USDC for anyone who asks, by real transactions."""

from types import SimpleNamespace

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet import faucet
from opinion_localnet.addresses import USDC_MINT, associated_token_address

from .process import Localnet, RpcFailureError
from .wallet import CONFIRMED, SOL


def usdc(node: Localnet, owner: Pubkey) -> str:
    account = str(associated_token_address(owner, USDC_MINT))
    return node.call("getTokenAccountBalance", account, CONFIRMED)["value"]["amount"]


def test_the_mint_is_where_it_is_documented(node: Localnet) -> None:
    assert str(USDC_MINT) == "AgxzmMjrTMYmqbTFxDFAYiLKsUksJQgub5ksrDgvKpm8"
    assert node.call("localnet_info")["usdcMint"] == str(USDC_MINT)
    parsed = node.call("getAccountInfo", str(USDC_MINT), {"encoding": "jsonParsed"})["value"]["data"]["parsed"]
    assert parsed["info"]["decimals"] == 6
    assert parsed["info"]["mintAuthority"] == node.call("localnet_info")["usdcAuthority"]


def test_usdc_is_minted_by_a_signed_transaction(node: Localnet) -> None:
    owner = Keypair().pubkey()
    supply = int(node.call("getTokenSupply", str(USDC_MINT), CONFIRMED)["value"]["amount"])
    signature = node.call("localnet_faucetUsdc", str(owner), 5_250_000)
    node.wait([signature])
    assert usdc(node, owner) == "5250000"
    assert int(node.call("getTokenSupply", str(USDC_MINT), CONFIRMED)["value"]["amount"]) >= supply + 5_250_000
    found = node.call("getTransaction", signature, CONFIRMED)
    assert found["transaction"]["message"]["accountKeys"][0] == node.call("localnet_info")["usdcAuthority"]
    (balance,) = found["meta"]["postTokenBalances"]
    assert (balance["owner"], balance["uiTokenAmount"]["uiAmountString"]) == (str(owner), "5.25")


def test_asking_twice_in_one_slot_gives_twice(node: Localnet) -> None:
    owner = Keypair().pubkey()
    signatures = [node.call("localnet_faucetUsdc", str(owner), 10) for _ in range(5)]
    signatures += [node.call("requestAirdrop", str(owner), SOL) for _ in range(5)]
    assert len(set(signatures)) == 10
    node.wait(signatures)
    assert usdc(node, owner) == "50"
    assert node.call("getBalance", str(owner), CONFIRMED)["value"] == 5 * SOL


def test_the_last_of_many_like_requests_signs_no_more_than_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[str] = set()
    bank = SimpleNamespace(
        status=lambda signature: signature if signature in taken else None, load=lambda transaction: transaction
    )

    def submit(loaded: VersionedTransaction, wire: bytes) -> SimpleNamespace:
        taken.add(str(loaded.signatures[0]))
        return SimpleNamespace(signature=str(loaded.signatures[0]))

    node = SimpleNamespace(bank=bank, keys=SimpleNamespace(faucet=Keypair()), submit=submit)
    signed: list[object] = []

    def sign(*parts: object) -> VersionedTransaction:
        signed.append(parts)
        return VersionedTransaction(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(faucet, "VersionedTransaction", sign)
    to, recent = Keypair().pubkey(), Hash.new_unique()
    for _ in range(100):
        faucet.send_sol(node, to, SOL, recent)  # type: ignore[arg-type]
    assert len(taken) == 100
    assert len(signed) <= 200


def test_an_airdrop_that_cannot_land_says_why(node: Localnet) -> None:
    with pytest.raises(RpcFailureError) as refused:
        node.call("requestAirdrop", str(Keypair().pubkey()), SOL, {"recentBlockhash": str(Pubkey.default())})
    assert refused.value.data["err"] == "BlockhashNotFound"


@pytest.mark.parametrize("params", [[], ["x", 5], ["1" * 32, -5], ["1" * 32, "5"], ["1" * 32, 5, 5]])
def test_a_wrong_request_is_refused(node: Localnet, params: list[object]) -> None:
    with pytest.raises(RpcFailureError) as refused:
        node.call("localnet_faucetUsdc", *params)
    assert refused.value.code == -32602
