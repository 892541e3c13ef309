"""What signers read and do with the older multisig, which knows no roles and whose changes are instructions."""

from dataclasses import replace

import pytest
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from chain.multisig.model import Status
from chain.multisig.v3 import instructions as v3
from ops.errors import OperatorError
from ops.signers.acts import Act, prepared, propose_score
from tests.ops.signers.signing import propose, table_of
from tests.oracle.settlement.hall import Hall


@pytest.fixture(scope="module")
def squads() -> str:
    return "v3"


async def test_a_member_proposes_what_the_oracle_prepared_and_three_approve_it(hall: Hall) -> None:
    db, table, people = hall.house.db, table_of(hall), hall.founded.people
    market = await hall.house.market()
    await hall.waiting(market)
    _, number = await propose_score(table, market.address, people[0], db)
    reading = await table.reading(number, db)
    assert reading.refusals == ()
    assert "Executed now it succeeds and changes nobody's balance." in [check.words for check in reading.checks]
    for person in people[1:4]:
        await (await prepared(table, Act.APPROVE, [number], person, db)).make(db)
    assert (await hall.proposal(number)).status is Status.APPROVED
    await (await prepared(table, Act.EXECUTE, [number], people[4], db)).make(db)
    await hall.settled(market)


async def test_changes_of_the_multisig_are_told_as_such_and_other_vaults_are_refused(hall: Hall) -> None:
    table, multisig, program = table_of(hall), hall.council.pinned.address, hall.council.adapter.program
    esra, newcomer = hall.founded.people[4].public_key, Keypair().pubkey()
    for wanted, words in (
        (v3.add_member, f"{newcomer} becomes a member who may propose, vote, execute"),
        (v3.remove_member, "Esra is no member any more"),
    ):
        key = newcomer if wanted is v3.add_member else esra
        number = await propose(hall, wanted(multisig=multisig, member=key, program=program), vault=0)
        reading = await table.reading(number)
        assert [deed.words for deed in reading.deeds] == [words]
        assert reading.refusals == ()
        assert not [check for check in reading.checks if check.name == "simulation"]

    ours = hall.council.authority
    number = await propose(hall, transfer(TransferParams(from_pubkey=ours, to_pubkey=esra, lamports=1)), vault=1)
    of_vault_2 = replace(table, council=replace(hall.council, vault=2))
    reading = await of_vault_2.reading(number)
    assert any(f"it acts as {ours}, not as the vault" in words for words in reading.refusals)
    with pytest.raises(OperatorError, match=f"proposal {number} must not be approved: it acts as {ours}"):
        await prepared(of_vault_2, Act.APPROVE, [number], hall.founded.people[0], hall.house.db)
