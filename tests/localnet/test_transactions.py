"""Sending: preflight, duplicates, failures that land, nonces, lookup tables, simulation."""

import base64
import time
from pathlib import Path

import pytest
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import (
    AdvanceNonceAccountParams,
    CreateAccountParams,
    InitializeNonceAccountParams,
    advance_nonce_account,
    create_account,
    initialize_nonce_account,
)
from solders.transaction import VersionedTransaction

from .conftest import Nodes
from .process import Localnet, RpcFailureError
from .wallet import CONFIRMED, SOL, Wallet, encoded, sending, transfer_of

SYSTEM = Pubkey.default()
TABLE_PROGRAM = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")


def lamports(node: Localnet, address: Pubkey) -> int:
    return node.call("getBalance", str(address), CONFIRMED)["value"]


def transaction(node: Localnet, signature: str) -> dict:
    config = {"maxSupportedTransactionVersion": 0} | CONFIRMED
    return node.call("getTransaction", signature, config)


def test_a_transfer_moves_lamports_and_costs_its_fee(node: Localnet) -> None:
    wallet, to = Wallet(node, sol=3), Keypair().pubkey()
    signature = wallet.run([transfer_of(wallet.address, to, SOL)])
    assert lamports(node, to) == SOL
    assert lamports(node, wallet.address) == 2 * SOL - 5000
    meta = transaction(node, signature)["meta"]
    assert meta["fee"] == 5000
    assert meta["preBalances"] == [3 * SOL, 0, 1]
    assert meta["postBalances"] == [2 * SOL - 5000, SOL, 1]
    assert meta["computeUnitsConsumed"] == 150


def test_a_preflight_failure_has_logs_and_sends_nothing(node: Localnet) -> None:
    wallet = Wallet(node, sol=1)
    with pytest.raises(RpcFailureError) as refused:
        wallet.send(wallet.pay(Keypair().pubkey(), 5 * SOL))
    failure = refused.value
    assert failure.code == -32002
    assert failure.message.endswith("Error processing Instruction 0: custom program error: 0x1")
    assert failure.data["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert any("insufficient lamports" in line for line in failure.data["logs"])
    assert lamports(node, wallet.address) == SOL


def test_a_failure_without_preflight_lands_and_is_charged(node: Localnet) -> None:
    wallet = Wallet(node, sol=1)
    signature = wallet.send(wallet.pay(Keypair().pubkey(), 5 * SOL), skipPreflight=True)
    node.wait([signature])
    status = node.call("getSignatureStatuses", [signature])["value"][0]
    assert status["err"] == {"InstructionError": [0, {"Custom": 1}]}
    assert transaction(node, signature)["meta"]["err"] == status["err"]
    assert lamports(node, wallet.address) == SOL - 5000
    history = node.call("getSignaturesForAddress", str(wallet.address), CONFIRMED)
    assert history[0]["signature"] == signature
    assert history[0]["err"] == status["err"]


def test_a_missing_program_costs_the_fee(node: Localnet) -> None:
    wallet = Wallet(node, sol=1)
    signature = wallet.run([Instruction(Pubkey.new_unique(), b"", [])], skipPreflight=True)
    meta = transaction(node, signature)["meta"]
    assert meta["err"] == "ProgramAccountNotFound"
    assert meta["logMessages"] is None
    assert lamports(node, wallet.address) == SOL - 5000


def test_a_duplicate_is_refused_and_changes_nothing(node: Localnet) -> None:
    wallet, to = Wallet(node, sol=3), Keypair().pubkey()
    payment = wallet.pay(to, SOL)
    signature = wallet.send(payment)
    node.wait([signature], "confirmed")
    with pytest.raises(RpcFailureError) as refused:
        wallet.send(payment)
    assert refused.value.data["err"] == "AlreadyProcessed"
    assert wallet.send(payment, skipPreflight=True) == signature
    assert lamports(node, to) == SOL


def test_a_duplicate_that_the_preflight_does_not_see_yet_is_answered(nodes: Nodes, tmp_path: Path) -> None:
    # Slots slow enough that nothing is finalized between the two.
    node = nodes(tmp_path / "ledger", slot_ms=100).start()
    wallet, to = Wallet(node, sol=3), Keypair().pubkey()
    node.wait([node.call("requestAirdrop", str(wallet.address), SOL)], "finalized")
    payment = wallet.pay(to, SOL, Hash.from_string(node.call("getLatestBlockhash")["value"]["blockhash"]))
    signature = wallet.send(payment)
    node.wait([signature], "confirmed")
    assert wallet.send(payment, preflightCommitment="finalized") == signature
    assert lamports(node, to) == SOL


def test_a_wrong_signature_never_lands(node: Localnet) -> None:
    wallet = Wallet(node, sol=3)
    payment = wallet.pay(Keypair().pubkey(), SOL)
    forged = VersionedTransaction.populate(payment.message, [Keypair().sign_message(b"else")])
    with pytest.raises(RpcFailureError) as refused:
        wallet.send(forged)
    assert refused.value.data["err"] == "SignatureFailure"
    wallet.send(forged, skipPreflight=True)
    wallet.run([transfer_of(wallet.address, Keypair().pubkey(), SOL)])
    assert lamports(node, wallet.address) == 2 * SOL - 5000


def test_a_payer_without_money_never_lands(node: Localnet) -> None:
    poor = Wallet(node, sol=0)
    with pytest.raises(RpcFailureError) as refused:
        poor.send(poor.pay(Keypair().pubkey(), 1))
    assert refused.value.data["err"] == "AccountNotFound"


def test_rent_is_what_the_runtime_charges(node: Localnet, wallet: Wallet) -> None:
    for space in (0, 1, 165, 5000):
        minimum = node.call("getMinimumBalanceForRentExemption", space)
        assert minimum == (128 + space) * 6333
        for given, succeeds in ((minimum, True), (minimum - 1, False)):
            key = Keypair()
            create = create_account(
                CreateAccountParams(
                    from_pubkey=wallet.address,
                    to_pubkey=key.pubkey(),
                    lamports=given,
                    space=space,
                    owner=Pubkey.new_unique(),
                )
            )
            attempt = encoded(wallet.sign([create], key))
            outcome = node.call("simulateTransaction", attempt, {"encoding": "base64"} | CONFIRMED)
            assert (outcome["value"]["err"] is None) is succeeds


def _nonce(node: Localnet, wallet: Wallet) -> tuple[Pubkey, Hash]:
    key = Keypair()
    create = create_account(
        CreateAccountParams(
            from_pubkey=wallet.address,
            to_pubkey=key.pubkey(),
            lamports=node.call("getMinimumBalanceForRentExemption", 80),
            space=80,
            owner=SYSTEM,
        )
    )
    initialize = initialize_nonce_account(
        InitializeNonceAccountParams(nonce_pubkey=key.pubkey(), authority=wallet.address)
    )
    wallet.run([create, initialize], key)
    return key.pubkey(), _stored_nonce(node, key.pubkey())


def _stored_nonce(node: Localnet, address: Pubkey) -> Hash:
    account = node.call("getAccountInfo", str(address), {"encoding": "jsonParsed"} | CONFIRMED)["value"]
    assert account["data"]["program"] == "nonce"
    return Hash.from_string(account["data"]["parsed"]["info"]["blockhash"])


@pytest.mark.parametrize("succeeds", [True, False])
def test_a_durable_nonce_waits_and_is_used_once(node: Localnet, succeeds: bool) -> None:
    wallet = Wallet(node)
    address, nonce = _nonce(node, wallet)
    advance = advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=address, authorized_pubkey=wallet.address))
    pay = transfer_of(wallet.address, Keypair().pubkey(), SOL if succeeds else 10**6 * SOL)
    waiting = wallet.sign([advance, pay], blockhash=nonce)
    node.call("localnet_warp", {"seconds": 86_400})
    signature = wallet.send(waiting, skipPreflight=True)
    node.wait([signature])
    assert (transaction(node, signature)["meta"]["err"] is None) is succeeds
    # It advanced even if the rest failed, so the transaction cannot be played again.
    assert _stored_nonce(node, address) != nonce
    node.call("localnet_warp", {"slots": 400})
    with pytest.raises(RpcFailureError) as refused:
        wallet.send(waiting)
    assert refused.value.data["err"] == "BlockhashNotFound"


def test_a_lookup_table_is_used_by_a_v0_transaction(node: Localnet) -> None:
    wallet, to = Wallet(node), Keypair().pubkey()
    slot = node.call("getSlot", CONFIRMED)
    table, bump = Pubkey.find_program_address([bytes(wallet.address), slot.to_bytes(8, "little")], TABLE_PROGRAM)
    accounts = [
        AccountMeta(table, is_signer=False, is_writable=True),
        AccountMeta(wallet.address, is_signer=True, is_writable=False),
        AccountMeta(wallet.address, is_signer=True, is_writable=True),
        AccountMeta(SYSTEM, is_signer=False, is_writable=False),
    ]
    create = (0).to_bytes(4, "little") + slot.to_bytes(8, "little") + bytes([bump])
    extend = (2).to_bytes(4, "little") + (1).to_bytes(8, "little") + bytes(to)
    wallet.run([Instruction(TABLE_PROGRAM, data, accounts) for data in (create, extend)])
    parsed = node.call("getAccountInfo", str(table), {"encoding": "jsonParsed"} | CONFIRMED)["value"]
    assert parsed["data"]["parsed"]["info"]["addresses"] == [str(to)]
    node.call("localnet_warp", {"slots": 1})
    message = MessageV0.try_compile(
        wallet.address,
        [transfer_of(wallet.address, to, SOL)],
        [AddressLookupTableAccount(table, [to])],
        wallet.blockhash(),
    )
    assert len(message.address_table_lookups) == 1
    signature = wallet.send(VersionedTransaction(message, [wallet.key]))
    node.wait([signature])
    assert lamports(node, to) == SOL
    found = transaction(node, signature)
    assert found["version"] == 0
    assert found["meta"]["loadedAddresses"] == {"writable": [str(to)], "readonly": []}
    with pytest.raises(RpcFailureError) as refused:
        node.call("getTransaction", signature, CONFIRMED)
    assert refused.value.code == -32015


def test_simulation_shows_accounts_and_keeps_nothing(node: Localnet) -> None:
    wallet, to = Wallet(node, sol=3), Keypair().pubkey()
    config = {
        "encoding": "base64",
        "replaceRecentBlockhash": True,
        "accounts": {"encoding": "base64", "addresses": [str(to)]},
    } | CONFIRMED
    unsigned = wallet.pay(to, SOL, Hash.default())
    value = node.call("simulateTransaction", encoded(unsigned), config)["value"]
    assert value["err"] is None
    assert value["accounts"][0]["lamports"] == SOL
    assert value["replacementBlockhash"]["lastValidBlockHeight"] > 0
    assert lamports(node, to) == 0


def test_preflight_sees_the_past_at_an_older_commitment(node: Localnet) -> None:
    node.call("localnet_warp", {"slots": 40})
    wallet = Wallet(node, sol=3)
    finalized = Hash.from_string(node.call("getLatestBlockhash")["value"]["blockhash"])
    payment = wallet.pay(Keypair().pubkey(), SOL, finalized)
    with pytest.raises(RpcFailureError) as refused:
        node.call("sendTransaction", encoded(payment), {"encoding": "base64"})
    assert refused.value.data["err"] == "AccountNotFound"
    # The simulation put everything back.
    assert lamports(node, wallet.address) == 3 * SOL
    assert wallet.send(payment)


def test_a_node_behind_the_caller_says_so(node: Localnet, wallet: Wallet) -> None:
    payment = encoded(wallet.pay(Keypair().pubkey(), SOL))
    with pytest.raises(RpcFailureError) as refused:
        node.call("sendTransaction", payment, sending({"minContextSlot": 10**12}))
    assert refused.value.code == -32016
    assert refused.value.data["contextSlot"] > 0


def test_statuses_grow_up(node: Localnet, wallet: Wallet) -> None:
    signature = wallet.send(wallet.pay(Keypair().pubkey(), SOL))
    seen: list[str] = []
    deadline = time.monotonic() + 10
    while "finalized" not in seen:
        assert time.monotonic() < deadline
        word = node.call("getSignatureStatuses", [signature])["value"][0]["confirmationStatus"]
        if word not in seen:
            seen.append(word)
    assert seen in (["processed", "confirmed", "finalized"], ["confirmed", "finalized"])


def test_history_pages_backwards(node: Localnet) -> None:
    wallet = Wallet(node)
    sent = [wallet.run([transfer_of(wallet.address, Keypair().pubkey(), SOL)]) for _ in range(5)]
    newest_first = sent[::-1]
    address = str(wallet.address)

    def page(**config: object) -> list[str]:
        return [entry["signature"] for entry in node.call("getSignaturesForAddress", address, config | CONFIRMED)]

    assert page()[:5] == newest_first
    assert page(limit=2) == newest_first[:2]
    assert page(limit=2, before=newest_first[1]) == newest_first[2:4]
    assert page(until=newest_first[3]) == newest_first[:3]
    assert page(before=newest_first[0], until=newest_first[2]) == [newest_first[1]]


@pytest.mark.parametrize("bound", ["before", "until"])
def test_a_page_cannot_begin_or_end_at_an_unknown_signature(node: Localnet, bound: str) -> None:
    with pytest.raises(RpcFailureError) as refused:
        node.call("getSignaturesForAddress", "1" * 32, {bound: "1" * 64})
    assert (refused.value.code, refused.value.message) == (-32020, f"Transaction {'1' * 64} not found")


def test_priority_fees_are_charged_and_listed(node: Localnet) -> None:
    from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price

    wallet = Wallet(node, sol=3)
    budget = [set_compute_unit_limit(10_000), set_compute_unit_price(1_000_000)]
    signed = wallet.sign([*budget, transfer_of(wallet.address, Keypair().pubkey(), SOL)])
    message = base64.b64encode(bytes(signed.message)).decode()
    assert node.call("getFeeForMessage", message, CONFIRMED)["value"] == 15_000
    signature = wallet.send(signed)
    node.wait([signature])
    assert transaction(node, signature)["meta"]["fee"] == 15_000
    fees = node.call("getRecentPrioritizationFees", [str(wallet.address)])
    assert any(entry["prioritizationFee"] == 1_000_000 for entry in fees)
