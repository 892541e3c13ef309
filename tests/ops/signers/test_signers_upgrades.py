"""Upgrades that signers read: the buffer, who holds it, and what two nodes say of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

from chain.clock import CLOCK_ID
from chain.constants import UPGRADEABLE_LOADER_ID
from chain.errors import EndpointsDisagree
from chain.loader import BUFFER_METADATA, executable_hash, program_data_address
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from ops.errors import OperatorError
from ops.localnet import PROGRAM_FILE
from ops.signers.checks import Brought
from tests.journeys.lying_node import lying_node
from tests.ops.signers.signing import propose, proposed, table_of
from tests.oracle.settlement.hall import Hall

RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")


async def upgrade_to(hall: Hall, program: bytes, authority: Pubkey | None = None) -> int:
    """Upload the program into a buffer, hand that to the vault or to `authority`, and propose to upgrade to it."""
    stage, member, buffer = hall.house.stage, hall.founded.people[3], Keypair()
    space = BUFFER_METADATA + len(program)
    made = create_account(
        CreateAccountParams(
            from_pubkey=member.public_key,
            to_pubkey=buffer.pubkey(),
            lamports=await stage.rpc.rent(space),
            space=space,
            owner=UPGRADEABLE_LOADER_ID,
        )
    )
    held = AccountMeta(buffer.pubkey(), is_signer=False, is_writable=True)
    by = AccountMeta(member.public_key, is_signer=True, is_writable=False)
    written = (1).to_bytes(4, "little") + bytes(4) + len(program).to_bytes(8, "little") + program
    next_one = AccountMeta(authority or hall.council.authority, is_signer=False, is_writable=False)
    await stage.send(
        f"{buffer.pubkey()}",
        [
            made,
            Instruction(UPGRADEABLE_LOADER_ID, bytes(4), [held, by]),
            Instruction(UPGRADEABLE_LOADER_ID, written, [held, by]),
            Instruction(UPGRADEABLE_LOADER_ID, (4).to_bytes(4, "little"), [held, by, next_one]),
        ],
        member,
        KeypairSigner(buffer),
    )
    accounts = [
        AccountMeta(program_data_address(stage.program), is_signer=False, is_writable=True),
        AccountMeta(stage.program, is_signer=False, is_writable=True),
        held,
        AccountMeta(member.public_key, is_signer=False, is_writable=True),
        AccountMeta(RENT, is_signer=False, is_writable=False),
        AccountMeta(CLOCK_ID, is_signer=False, is_writable=False),
        AccountMeta(hall.council.authority, is_signer=True, is_writable=False),
    ]
    return await propose(hall, Instruction(UPGRADEABLE_LOADER_ID, (3).to_bytes(4, "little"), accounts))


async def test_an_upgrade_to_something_else_than_what_is_built_here_is_refused(hall: Hall) -> None:
    number = await upgrade_to(hall, b"evil")
    reading = await table_of(hall).reading(number)
    [why] = reading.refusals
    assert why.startswith(
        f"The buffer holds SHA-256 {executable_hash(b'evil')}, the program that came with this software "
    )


async def test_an_upgrade_is_held_to_the_program_that_the_signer_built(hall: Hall, tmp_path: Path) -> None:
    number = await upgrade_to(hall, b"new")
    (built := tmp_path / "built.so").write_bytes(b"new")
    reading = await replace(table_of(hall), brought=Brought(artefact=built)).reading(number)
    assert f"The buffer holds the program in built.so, SHA-256 {executable_hash(b'new')}." in [
        check.words for check in reading.checks
    ]
    assert not [words for words in reading.refusals if words.startswith("The buffer holds")]
    built.write_bytes(b"newer")
    reading = await replace(table_of(hall), brought=Brought(artefact=built)).reading(number)
    assert any("the program in built.so" in words and "refuse it" in words for words in reading.refusals)
    with pytest.raises(OperatorError, match="cannot be read"):
        await replace(table_of(hall), brought=Brought(artefact=tmp_path / "none.so")).reading(number)


async def test_a_buffer_that_somebody_can_still_change_is_refused(hall: Hall) -> None:
    ben = hall.founded.people[1].public_key
    number = await upgrade_to(hall, b"evil", ben)
    reading = await table_of(hall).reading(number)
    assert any(words.startswith(f"{ben} can change the buffer until it is executed") for words in reading.refusals)


async def test_a_node_that_shows_our_program_in_the_place_of_another_is_noticed(hall: Hall) -> None:
    number = await upgrade_to(hall, b"evil")
    url, ours = hall.house.stage.url, PROGRAM_FILE.read_bytes()

    def lie(_: str, data: bytes) -> bytes:
        return data[:BUFFER_METADATA] + ours if data[BUFFER_METADATA:] == b"evil" else data

    with lying_node(url, lie) as liar:
        async with Rpc([liar]) as rpc:
            assert (await table_of(hall, rpc).reading(number)).refusals == ()
        async with Rpc([liar, url]) as rpc:
            with pytest.raises(EndpointsDisagree, match="tell different things of buffer"):
                await table_of(hall, rpc).reading(number)


async def test_a_node_that_shows_another_market_is_noticed(hall: Hall) -> None:
    market, number = await proposed(hall)
    url = hall.house.stage.url

    def lie(address: str, data: bytes) -> bytes:
        return data[:-1] + bytes((data[-1] ^ 1,)) if address == market.name else data

    with lying_node(url, lie) as liar:
        async with Rpc([liar, url]) as rpc:
            with pytest.raises(EndpointsDisagree, match=f"tell different things of market {market.name}"):
                await table_of(hall, rpc).reading(number, hall.house.db)


async def test_a_stranger_who_would_get_the_program_is_told(hall: Hall) -> None:
    vault, stranger, ana = hall.council.authority, Keypair().pubkey(), hall.founded.people[0].public_key
    told: list[list[str]] = []
    for heir in (stranger, ana):
        accounts = [
            AccountMeta(program_data_address(hall.house.stage.program), is_signer=False, is_writable=True),
            AccountMeta(vault, is_signer=True, is_writable=False),
            AccountMeta(heir, is_signer=False, is_writable=False),
        ]
        number = await propose(hall, Instruction(UPGRADEABLE_LOADER_ID, (4).to_bytes(4, "little"), accounts))
        told.append([words for words in (await table_of(hall).reading(number)).warnings if "announced" in words])
    assert told == [
        [f"{stranger}, the new authority of set_authority, is nobody of this council: ask who announced that"],
        [],
    ]
