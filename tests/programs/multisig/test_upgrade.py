"""What the vaults are for: the real loader upgrades a program whose authority a vault is, and nobody else can."""

from __future__ import annotations

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.loader import Buffer, decode_loader_account, decode_program_data, program_data_address
from chain.multisig.v4 import addresses
from tests.programs import parts
from tests.programs.multisig.council import ANA, BO, CHI, CRANK, MULTISIG, PAYEE, PROGRAM_ID, SQUAD, VAULT, Council
from tests.programs.spec import CLOCK, UPGRADEABLE_LOADER
from tests.programs.world import RICH, Refused, actor

RENT_SYSVAR = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
PROGRAM, BUFFER = actor("upgraded"), actor("buffer")
PROGRAM_DATA = program_data_address(PROGRAM)


def _upgrade(authority: Pubkey = VAULT) -> Instruction:
    """The loader's, as in its `UpgradeableLoaderInstruction::Upgrade`; what is left over goes to the payee."""
    written, read = (PROGRAM_DATA, PROGRAM, BUFFER, PAYEE), (RENT_SYSVAR, CLOCK)
    metas = [AccountMeta(key, False, True) for key in written] + [AccountMeta(key, False, False) for key in read]
    return Instruction(UPGRADEABLE_LOADER, (3).to_bytes(4, "little"), [*metas, AccountMeta(authority, True, False)])


@pytest.fixture
def deployed(council: Council) -> Council:
    """With a program, and a buffer with another one's bytes; a vault is the authority of both."""
    owner = b"\1" + bytes(VAULT)
    for address, data, executable in (
        (PROGRAM, (2).to_bytes(4, "little") + bytes(PROGRAM_DATA), True),
        (PROGRAM_DATA, (3).to_bytes(4, "little") + bytes(8) + owner + parts.program(MULTISIG), False),
        (BUFFER, (1).to_bytes(4, "little") + owner + parts.program(parts.ECVRF_TEST), False),
    ):
        council.place(address, Account(RICH, data, UPGRADEABLE_LOADER, executable))
    return council


def _running(council: Council) -> bytes:
    return decode_program_data(UPGRADEABLE_LOADER, council.data(PROGRAM_DATA)).executable.rstrip(b"\0")


def test_a_vault_that_is_a_programs_upgrade_authority_upgrades_it(deployed: Council) -> None:
    index = deployed.propose(_upgrade())
    deployed.approve(index, ANA, BO)
    with pytest.raises(Refused):
        deployed.execute(index)
    assert _running(deployed) == parts.program(MULTISIG).rstrip(b"\0")
    deployed.approve(index, CHI)
    deployed.execute(index, CRANK)
    assert _running(deployed) == parts.program(parts.ECVRF_TEST).rstrip(b"\0")
    assert decode_program_data(UPGRADEABLE_LOADER, deployed.data(PROGRAM_DATA)).authority == VAULT


def test_another_vault_of_the_same_multisig_does_not(deployed: Council) -> None:
    """The first vault signs for the message, so it has to be the program's authority too."""
    second = addresses.vault(SQUAD, 1, PROGRAM_ID)
    owner = b"\1" + bytes(second)
    data = (3).to_bytes(4, "little") + bytes(8) + owner + parts.program(MULTISIG)
    deployed.place(PROGRAM_DATA, Account(RICH, data, UPGRADEABLE_LOADER))
    for authority in (VAULT, second):
        with pytest.raises(Refused):
            deployed.execute(deployed.approved(_upgrade(authority)))
    assert _running(deployed) == parts.program(MULTISIG).rstrip(b"\0")


def test_a_vault_takes_its_buffer_back(deployed: Council) -> None:
    """What was approved for an upgrade and is not wanted any more: the loader's Close, to the payee."""
    metas = [AccountMeta(BUFFER, False, True), AccountMeta(PAYEE, False, True), AccountMeta(VAULT, True, False)]
    assert isinstance(decode_loader_account(UPGRADEABLE_LOADER, deployed.data(BUFFER)), Buffer)
    before = deployed.lamports(PAYEE)
    deployed.execute(deployed.approved(Instruction(UPGRADEABLE_LOADER, (5).to_bytes(4, "little"), metas)))
    assert deployed.lamports(BUFFER) == 0
    assert deployed.lamports(PAYEE) - before == RICH
