"""From proposal to execution, the ordinary way."""

from __future__ import annotations

from tests.programs.multisig_v3.council import AMOUNT, BO, CHI, DEE, PAYEE, TREASURE, Council, payment
from tests.programs.multisig_v3.interface import Status


def test_three_approvals_let_anybody_of_the_five_pay_from_the_vault(council: Council) -> None:
    before = council.lamports(PAYEE), council.lamports(TREASURE)
    index = council.propose(payment())
    council.approve(index, BO, CHI)
    assert council.transaction(index).status is Status.ACTIVE
    council.approve(index, DEE)
    assert council.transaction(index).status is Status.EXECUTE_READY
    council.execute(index, DEE)
    assert council.transaction(index).status is Status.EXECUTED
    assert (council.lamports(PAYEE), council.lamports(TREASURE)) == (before[0] + AMOUNT, before[1] - AMOUNT)
