"""Votes: what they are held to, by which keys, and what the audit log keeps; on a localnet with five signers."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer
from sqlalchemy import Row, select, text

from chain.constants import MarketState
from chain.errors import ProposalNotFound, TransactionError
from chain.multisig.model import EVERY_ROLE, Member, Roles, Status
from chain.multisig.roster import Person
from chain.multisig.v4.accounts import AddMember, RemoveMember
from chain.signers import KeypairSigner
from chain.units import UsdcUnits
from ops.errors import OperatorError, UsageError
from ops.signers.acts import Act, prepared, propose_score
from ops.signers.backends import agent_words, signer_of
from ops.signers.report import table_lines
from ops.signers.sending import audited_send
from oracle.settlement.recorder import recording
from store import analyses
from store.errors import StoreError
from store.schema import audit
from tests.agents import public_key, running_agent
from tests.ops.signers.signing import acts, propose, proposed, table_of
from tests.oracle.settlement.hall import Hall


async def test_many_are_approved_in_one_transaction_and_every_act_is_audited(hall: Hall) -> None:
    markets = [await proposed(hall) for _ in range(3)]
    numbers = [number for _, number in markets]
    table, db = table_of(hall), hall.house.db
    for person in hall.founded.people[:3]:
        made = await prepared(table, Act.APPROVE, numbers, person, db)
        lines = list(table_lines(made.readings, made.words))
        assert len([line for line in lines if "records score" in line]) == 3
        await made.make(db)
    for market, number in markets:
        assert (await hall.proposal(number)).status is Status.APPROVED
        await hall.settled(market)
    told = await acts(hall)
    assert [act for act, _ in told] == ["approve proposals"] * 3
    assert told[0][1]["proposals"] == numbers
    assert told[0][1]["key"] == str(hall.founded.people[0].public_key)


async def test_nobody_approves_twice_nor_without_being_asked(hall: Hall) -> None:
    _, number = await proposed(hall)
    table, db, ana = table_of(hall), hall.house.db, hall.founded.people[0]
    await (await prepared(table, Act.APPROVE, [number], ana, db)).make(db)
    with pytest.raises(OperatorError, match=f"Ana has approved proposal {number} already"):
        await prepared(table, Act.APPROVE, [number], ana, db)
    with pytest.raises(OperatorError, match="is nobody's key in the roster"):
        await prepared(table, Act.APPROVE, [number], KeypairSigner(Keypair()), db)
    with pytest.raises(OperatorError, match="may not vote"):
        await prepared(table, Act.APPROVE, [number], hall.house.stage.keys.oracle, db)
    with pytest.raises(OperatorError, match="only approved ones are executed"):
        await prepared(table, Act.EXECUTE, [number], ana, db)
    with pytest.raises(OperatorError, match="only approved ones are called off"):
        await prepared(table, Act.CANCEL, [number], ana, db)
    with pytest.raises(UsageError, match="Name each proposal once"):
        await prepared(table, Act.APPROVE, [number, number], ana, db)
    with pytest.raises(UsageError, match="At most 12"):
        await prepared(table, Act.APPROVE, list(range(1, 14)), ana, db)
    with pytest.raises(ProposalNotFound, match="has no proposal 99999"):
        await prepared(table, Act.APPROVE, [99_999], ana, db)


async def test_what_was_read_is_what_is_signed_or_nothing(hall: Hall) -> None:
    """Between reading and typing, a node is changed for one that shows another proposal under the number."""
    _, number = await proposed(hall)
    other = await propose(
        hall,
        transfer(
            TransferParams(from_pubkey=hall.council.authority, to_pubkey=hall.founded.people[1].public_key, lamports=7)
        ),
    )
    table, db = table_of(hall), hall.house.db
    made = await prepared(table, Act.APPROVE, [number], hall.founded.people[0], db)
    [reading] = made.readings
    swapped = replace(reading, stored=(await table.reading(other)).stored)
    with pytest.raises(OperatorError, match="is not what was read before: tell the others at once"):
        await replace(made, readings=(swapped,)).make(db)
    assert (await hall.proposal(number)).approved == ()
    assert await acts(hall) == []


async def test_a_rejection_keeps_its_reason(hall: Hall) -> None:
    market, number = await proposed(hall)
    for person in hall.founded.people[2:]:
        made = await prepared(table_of(hall), Act.REJECT, [number], person, hall.house.db, memo="the panel disagrees")
        await made.make(hall.house.db)
    row = await hall.again(market)
    assert f"proposal {number} was rejected by Chloe, Dayo, Esra" in str(row.reason)
    assert [details["memo"] for _, details in await acts(hall)] == ["the panel disagrees"] * 3


async def test_a_signer_executes_where_the_oracle_is_away(hall: Hall) -> None:
    market, number = await proposed(hall)
    await hall.approve(number, 0, 1, 2)
    made = await prepared(table_of(hall), Act.EXECUTE, [number], hall.founded.people[4], hall.house.db)
    await made.make(hall.house.db)
    assert await hall.state(market) is MarketState.SCORED
    await hall.settled(market)


async def test_what_came_of_a_vote_is_in_the_log_beside_it(hall: Hall) -> None:
    _, number = await proposed(hall)
    db, broke = hall.house.db, KeypairSigner(Keypair())
    made = await prepared(table_of(hall), Act.APPROVE, [number], hall.founded.people[0], db)
    sent = await made.make(db)
    vote, landed = (await log(hall))[-2:]
    assert (vote.act, landed.act, landed.subject) == ("approve proposals", "landed", vote.subject)
    assert json.loads(landed.details) == {"of": vote.number, "signature": str(sent.signature), "slot": sent.slot}

    nothing = transfer(TransferParams(from_pubkey=broke.public_key, to_pubkey=broke.public_key, lamports=1))
    with pytest.raises(TransactionError):
        await audited_send(table_of(hall), "approve proposals", [nothing], broke, db, {})
    vote, failed = (await log(hall))[-2:]
    assert (vote.act, failed.act) == ("approve proposals", "failed")
    told = json.loads(failed.details)
    assert told["of"] == vote.number
    assert "send SOL to the fee payer" in told["why"]


async def log(hall: Hall) -> Sequence[Row[Any]]:
    async with hall.house.db.read() as connection:
        return (await connection.execute(select(audit).order_by(audit.c.number))).all()


async def test_a_vote_that_cannot_be_written_down_is_not_sent(hall: Hall) -> None:
    _, number = await proposed(hall)
    made = await prepared(table_of(hall), Act.APPROVE, [number], hall.founded.people[0], hall.house.db)
    async with hall.house.db.write() as connection:
        await connection.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    try:
        with pytest.raises(StoreError):
            await made.make(hall.house.db)
    finally:
        async with hall.house.db.write() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO audit"))
    assert (await hall.proposal(number)).approved == ()


async def test_what_is_proposed_already_is_not_proposed_again(hall: Hall) -> None:
    market, number = await proposed(hall)
    with pytest.raises(OperatorError, match=f"Proposal {number} does that already, and is active"):
        await propose_score(table_of(hall), market.address, hall.founded.people[0], hall.house.db)
    await hall.reject(number, 0, 1, 2)
    _, again = await propose_score(table_of(hall), market.address, hall.founded.people[0], hall.house.db)
    assert again > number
    kept = await analyses.get(hall.house.db, market.name)
    assert kept is not None
    stored = await hall.council.adapter.stored(hall.house.stage.rpc, await hall.multisig(), again)
    assert stored.instructions == (recording(hall.council.authority, kept, hall.house.stage.program),)
    with pytest.raises(OperatorError, match="has no analysis of"):
        await propose_score(table_of(hall), Keypair().pubkey(), hall.founded.people[0], hall.house.db)


async def test_a_member_votes_by_a_key_that_only_an_ssh_agent_holds(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_agent() as agent:
        key = public_key(agent.add("frida"))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent.socket))
        with pytest.raises(UsageError, match="holds no member's key"):
            await signer_of("agent", table_of(hall).council, str)
        assert await agent_words(hall.council) == "the ssh-agent holds no member's key"
        await hall.house.stage.fund(key, UsdcUnits(0))
        await hall.change(AddMember(frida := Member(key, Roles.VOTE)))
        try:
            council = hall.council
            people = {**council.people, key: Person("Frida", "Oslo")}
            pinned = replace(council.pinned, members=council.pinned.members | {frida})
            hall.council = replace(council, people=people, pinned=pinned)
            _, number = await proposed(hall)
            assert await agent_words(hall.council) == "the ssh-agent of this session holds the key of Frida"
            signer = await signer_of("agent", table_of(hall).council, str)
            made = await prepared(table_of(hall), Act.APPROVE, [number], signer, hall.house.db)
            await made.make(hall.house.db)
            assert (await hall.proposal(number)).approved == (key,)
            await hall.approve(number, 0, 1)
            assert (await hall.proposal(number)).status is Status.APPROVED
        finally:
            await hall.change(RemoveMember(key))


async def test_a_member_who_was_removed_since_approves_nothing(hall: Hall) -> None:
    _, number = await proposed(hall)
    esra = hall.founded.people[4]
    table = table_of(hall)
    made = await prepared(table, Act.APPROVE, [number], esra, hall.house.db)
    await hall.change(RemoveMember(esra.public_key))
    try:
        with pytest.raises(OperatorError, match=f"{esra.public_key} is no member any more"):
            await made.make(hall.house.db)
        left = frozenset(one for one in hall.council.pinned.members if one.key != esra.public_key)
        agreed_on = replace(hall.council, pinned=replace(hall.council.pinned, members=left))
        for person, words in ((esra, "may not vote"), (hall.founded.people[0], "is stale")):
            with pytest.raises(OperatorError, match=words):
                await prepared(replace(table, council=agreed_on), Act.APPROVE, [number], person, hall.house.db)
    finally:
        await hall.change(AddMember(Member(esra.public_key, EVERY_ROLE)))


async def test_no_agent_is_told(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UsageError, match="connect with 'ssh -A'"):
        await signer_of("agent", table_of(hall).council, str)
    assert await agent_words(hall.council) == "no ssh-agent is here"
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere/socket")
    assert await agent_words(hall.council) == "the ssh-agent of this session does not answer"
