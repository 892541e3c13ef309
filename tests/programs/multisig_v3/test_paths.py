"""From proposal to execution, the ordinary way: what the vaults are for."""

from __future__ import annotations

from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from tests.programs import parts, spec
from tests.programs.multisig_v3.council import (
    AMOUNT,
    ANA,
    BO,
    CHI,
    DEE,
    MULTISIG_V3,
    PAYEE,
    TREASURE,
    Council,
    payment,
)
from tests.programs.multisig_v3.interface import RENT_SYSVAR, Status
from tests.programs.world import RICH, actor

CLOCK_SYSVAR = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")


def test_three_approvals_let_anybody_of_the_five_pay_from_the_vault(council: Council) -> None:
    before = council.lamports(PAYEE), council.lamports(TREASURE)
    index = council.propose(payment())
    council.approve(index, BO, CHI)
    assert council.transaction(index).status is Status.ACTIVE
    council.approve(index, DEE)
    assert council.transaction(index).status is Status.EXECUTE_READY
    council.execute(index, ANA)
    assert council.transaction(index).status is Status.EXECUTED
    assert (council.lamports(PAYEE), council.lamports(TREASURE)) == (before[0] + AMOUNT, before[1] - AMOUNT)


def _upgrade(program: Pubkey, program_data: Pubkey, buffer: Pubkey) -> Instruction:
    """The upgradeable loader's, as in its `UpgradeableLoaderInstruction::Upgrade`."""
    written, read = (program_data, program, buffer, PAYEE), (RENT_SYSVAR, CLOCK_SYSVAR)
    metas = [AccountMeta(key, False, True) for key in written] + [AccountMeta(key, False, False) for key in read]
    data = (3).to_bytes(4, "little")
    return Instruction(spec.UPGRADEABLE_LOADER, data, [*metas, AccountMeta(TREASURE, True, False)])


def test_a_vault_that_is_a_programs_upgrade_authority_upgrades_it(council: Council) -> None:
    program, buffer = actor("upgraded"), actor("buffer")
    program_data, _ = spec.derive(bytes(program), program=spec.UPGRADEABLE_LOADER)
    old, new = parts.program(MULTISIG_V3), parts.program(parts.ECVRF_TEST)
    owner = b"\1" + bytes(TREASURE)
    for address, data, executable in (
        (program, (2).to_bytes(4, "little") + bytes(program_data), True),
        (program_data, (3).to_bytes(4, "little") + bytes(8) + owner + old, False),
        (buffer, (1).to_bytes(4, "little") + owner + new, False),
    ):
        council.place(address, Account(RICH, data, spec.UPGRADEABLE_LOADER, executable))
    council.execute(council.ready(_upgrade(program, program_data, buffer)))
    assert council.data(program_data)[45:].rstrip(b"\0") == new.rstrip(b"\0")
