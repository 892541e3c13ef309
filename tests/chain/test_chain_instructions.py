"""Instructions: accounts in the IDL's order and flags, data byte for byte anchorpy's."""

from typing import Any

import chain_idl as idl
import pytest
from anchorpy.coder.instruction import InstructionCoder
from chain_calls import BUILDERS, calls, entry
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.constants import (
    SLOT_HASHES_ID,
    SYSTEM_PROGRAM_ID,
    TOKEN_PROGRAM_ID,
)
from chain.errors import MalformedData
from chain.loader import program_data_address
from chain.units import Stake

CODER = InstructionCoder(idl.parsed())
RENAMED = {"bond_share_bps": "bond_share", "randomness_provider": "provider"}
PARAMETER_OF = {"payer": "requester"}


def expected_address(account: str, call: dict[str, Any], instruction: Instruction) -> Pubkey:
    """What must stand at an account's place, by the protocol's own words."""
    program = call["program"]
    market = call["market"] if "market" in call else addresses.market(call.get("uuid", bytes(16)), program)
    staker = call.get("staker") or call.get("winner") or Pubkey.default()
    key = call.get("randomness_key") or call.get("key") or bytes(call.get("authority", bytes(32)))

    def pda(*seeds: bytes) -> Pubkey:
        return Pubkey.find_program_address(list(seeds), program)[0]

    fixed = {
        "config": pda(b"config"),
        "bond_vault": pda(b"bond"),
        "market": market,
        "escrow": pda(b"escrow", bytes(market)),
        "opinion": pda(b"opinion", bytes(market), bytes(staker)),
        "vrf_request": pda(b"vrf_request", bytes(market)),
        "revoked_key": pda(b"revoked", bytes(key)),
        "token_program": TOKEN_PROGRAM_ID,
        "system_program": SYSTEM_PROGRAM_ID,
        "slot_hashes": SLOT_HASHES_ID,
        "program": program,
        "program_data": program_data_address(program),
    }
    if account == "randomness":
        return addresses.orao_request(call["alpha"])
    return fixed.get(account) or call[PARAMETER_OF.get(account, account)]


def test_every_instruction_of_the_idl_has_a_builder() -> None:
    assert {idl.snake(ix["name"]) for ix in idl.raw()["instructions"]} == set(BUILDERS)


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_accounts_and_data_are_the_idls(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name))
    built: Instruction = BUILDERS[name](**call)
    assert built.program_id == call["program"]
    assert len(built.accounts) == len(entry(name)["accounts"])
    for meta, wanted in zip(built.accounts, entry(name)["accounts"], strict=True):
        account = idl.snake(wanted["name"])
        assert meta.pubkey == expected_address(account, call, built), account
        assert meta.is_writable == wanted["isMut"], account
        assert meta.is_signer == (wanted["isSigner"] or call.get(f"{account}_signs", False)), account
    values = {
        idl.snake(a["name"]): call[RENAMED.get(idl.snake(a["name"]), idl.snake(a["name"]))] for a in entry(name)["args"]
    }
    plain = {key: idl.anchor_value(value.units if isinstance(value, Stake) else value) for key, value in values.items()}
    assert bytes(built.data) == CODER.encode(name, plain)


def test_arguments_of_a_wrong_length_shift_nothing() -> None:
    with pytest.raises(MalformedData, match="the proof has 79 bytes instead of 80"):
        instructions.fulfill_vrf_randomness(market=Pubkey.default(), proof=bytes(79))


def test_a_missing_payer_is_not_looked_at() -> None:
    creator = Pubkey(bytes([9]) * 32)
    built = instructions.finish_market(market=Pubkey.default(), creator=creator)
    assert built.accounts[6].pubkey == creator
