"""What a proposal would do now, tried out before anybody approves."""

from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from chain.checks import Result
from chain.constants import TOKEN_PROGRAM_ID
from chain.errors import EndpointsDisagree
from chain.rpc import Rpc
from chain.units import Lamports, UsdcUnits, sol
from tests.journeys.lying_node import lying_node
from tests.ops.signers.signing import propose, proposed, table_of
from tests.oracle.settlement.hall import Hall


async def test_what_a_payment_would_change_is_told_before_anybody_approves(hall: Hall) -> None:
    stage, vault, payee = hall.house.stage, hall.council.authority, Keypair().pubkey()
    await stage.fund(vault, UsdcUnits(0))
    before = await stage.rpc.balance(vault)
    number = await propose(hall, transfer(TransferParams(from_pubkey=vault, to_pubkey=payee, lamports=20_000_000)))
    reading = await table_of(hall).reading(number)
    [check] = [check for check in reading.checks if check.name == "simulation"]
    assert check.result is Result.OK
    assert f"{payee} from 0 SOL to 0.02 SOL" in check.words
    assert f"the multisig's vault from {sol(before)} to {sol(Lamports(before - 20_000_000))}" in check.words
    assert await stage.rpc.balance(payee) == 0


async def test_a_node_that_hides_what_a_payment_would_change_is_noticed(hall: Hall) -> None:
    stage, vault, payee = hall.house.stage, hall.council.authority, Keypair().pubkey()
    await stage.fund(vault, UsdcUnits(0))
    number = await propose(hall, transfer(TransferParams(from_pubkey=vault, to_pubkey=payee, lamports=20_000_000)))

    def nothing_moves(value: dict[str, Any]) -> None:
        for account in value["accounts"] or []:
            if account is not None and account["lamports"] == 20_000_000:
                account["lamports"] = 0

    def fails(value: dict[str, Any]) -> None:
        value.update(err="AccountInUse", accounts=None)

    for lie in (nothing_moves, fails):
        with lying_node(stage.url, lambda _, data: data, lie) as liar:
            async with Rpc([stage.url, liar]) as rpc:
                with pytest.raises(EndpointsDisagree, match=f"the simulation of proposal {number}"):
                    await table_of(hall, rpc).reading(number)


async def test_tokens_that_would_move_are_told(hall: Hall) -> None:
    stage, vault, payee = hall.house.stage, hall.council.authority, hall.founded.people[2].public_key
    await stage.fund(vault, UsdcUnits(7_000_000))
    await stage.fund(payee, UsdcUnits(1_000_000))
    source, destination = stage.usdc_account(vault), stage.usdc_account(payee)
    held = await stage.usdc_of({"source": source, "destination": destination})
    accounts = [
        AccountMeta(source, is_signer=False, is_writable=True),
        AccountMeta(destination, is_signer=False, is_writable=True),
        AccountMeta(vault, is_signer=True, is_writable=False),
    ]
    moved = Instruction(TOKEN_PROGRAM_ID, bytes((3,)) + (5_000_000).to_bytes(8, "little"), accounts)
    reading = await table_of(hall).reading(await propose(hall, moved))
    [check] = [check for check in reading.checks if check.name == "simulation"]
    for key, was, becomes in (
        (source, held["source"], held["source"] - 5_000_000),
        (destination, held["destination"], held["destination"] + 5_000_000),
    ):
        assert f"{key} from {was:,} to {becomes:,} base units of {stage.mint}" in check.words


async def test_what_would_fail_now_is_told_and_may_be_approved(hall: Hall) -> None:
    vault = hall.council.authority
    lamports = await hall.house.stage.rpc.balance(vault) + 10**9
    number = await propose(
        hall, transfer(TransferParams(from_pubkey=vault, to_pubkey=Keypair().pubkey(), lamports=lamports))
    )
    reading = await table_of(hall).reading(number)
    assert reading.refusals == ()
    assert any(words.startswith("Executed now it would fail: ") for words in reading.warnings)


async def test_a_score_changes_nobodys_balance(hall: Hall) -> None:
    _, number = await proposed(hall)
    reading = await table_of(hall).reading(number, hall.house.db)
    assert [check.words for check in reading.checks if check.name == "simulation"] == [
        "Executed now it succeeds and changes nobody's balance."
    ]
