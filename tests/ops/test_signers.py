"""Signers: what they read, what they are kept from, and what their votes do; on a localnet with five of them."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from sqlalchemy import select

from chain.checks import Result
from chain.clock import CLOCK_ID
from chain.constants import TOKEN_PROGRAM_ID, UPGRADEABLE_LOADER_ID, MarketState
from chain.decoding.programs import Decoder
from chain.errors import EndpointsDisagree, ProposalNotFound
from chain.instructions import record_sentiment
from chain.loader import BUFFER_METADATA, executable_hash, program_data_address
from chain.multisig.model import EVERY_ROLE, Member, Roles, Status
from chain.multisig.pinned import Pinned
from chain.multisig.roster import Person
from chain.multisig.v4 import instructions as v4
from chain.multisig.v4.accounts import AddMember, RemoveMember
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from chain.units import Lamports, UsdcUnits, sol
from ops.demo.council import found
from ops.errors import OperatorError, UsageError
from ops.localnet import PROGRAM_FILE
from ops.signers.acts import Act, prepared, propose_score
from ops.signers.asking import Table
from ops.signers.backends import signer_of
from ops.signers.report import council_lines, proposal_lines, proposals_report, reading_lines, table_lines
from ops.standing import standing
from oracle.settlement.recorder import recording
from settings import Settings
from store import analyses
from store.schema import audit
from tests.agents import public_key, running_agent
from tests.journeys.lying_node import lying_node
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall
from tests.oracle.settlement.house import Opened

SYSTEM = Pubkey.from_string("11111111111111111111111111111111")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def hall(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hall]:
    monkeypatch.chdir(tmp_path)
    async with opened_hall(node, "v4", tmp_path) as hall:
        yield hall


def table_of(hall: Hall, rpc: Rpc | None = None) -> Table:
    stage = hall.house.stage
    settings = Settings(program_id=str(stage.program))
    return Table("settlement", settings, hall.council, rpc or stage.rpc, Decoder(stage.program))


async def proposed(hall: Hall) -> tuple[Opened, int]:
    """A market whose score waits for signatures."""
    market = await hall.house.market()
    await hall.waiting(market)
    return market, (await hall.multisig()).last_index


async def propose(hall: Hall, *wanted: Instruction) -> int:
    """Anything, by a member whose machine is not their own any more."""
    multisig, member = await hall.multisig(), hall.founded.people[3]
    made = hall.council.adapter.propose(multisig, member.public_key, hall.council.vault, wanted)
    await hall.house.stage.send(f"{Keypair().pubkey()}", made, member)
    return multisig.last_index + 1


async def acts(hall: Hall) -> list[tuple[str, dict[str, object]]]:
    async with hall.house.db.read() as connection:
        rows = (await connection.execute(select(audit.c.act, audit.c.details).order_by(audit.c.number))).all()
    return [(row.act, json.loads(row.details)) for row in rows if row.act.endswith(("proposals", "score"))]


# Reading


async def test_a_score_is_read_with_its_analysis_computed_again(hall: Hall) -> None:
    market, number = await proposed(hall)
    reading = await table_of(hall).reading(number, hall.house.db)
    assert reading.refusals == ()
    lines = "\n".join(reading_lines(reading))
    assert f"for market {market.name}" in lines
    assert "weighed by their stakes, give the score" in lines
    assert "members lie 0 points apart; " in lines
    assert "(the multisig's vault), signs" in lines
    assert lines.endswith(f"say on the call: {reading.words}")
    assert len(reading.words.split()) == 8
    assert "only one RPC node is set" in lines


async def test_another_score_than_the_record_gives_is_refused(hall: Hall) -> None:
    market, number = await proposed(hall)
    await hall.reject(number, 0, 1, 2)
    forged = await hall.propose(market, score_off=-40)
    reading = await table_of(hall).reading(forged, hall.house.db)
    assert any("the chain has" in words for words in reading.refusals)
    with pytest.raises(OperatorError, match=f"Nothing was signed: proposal {forged} must not be approved"):
        await prepared(table_of(hall), Act.APPROVE, [forged], hall.founded.people[0], hall.house.db)


async def test_a_score_without_its_record_is_refused(hall: Hall) -> None:
    _, number = await proposed(hall)
    reading = await table_of(hall).reading(number)
    assert any("There is no analysis record" in words for words in reading.refusals)


async def test_a_score_of_a_market_that_has_one_is_refused(hall: Hall) -> None:
    market, number = await proposed(hall)
    again = await hall.propose(market)
    await hall.approve(number, 0, 1, 2)
    await hall.house.settle(
        market,
        lambda row: row.phase.value not in ("record", "close", "analyse"),
        hall.house.engine(recorder=hall.recorder, turn=0.0),
    )
    reading = await table_of(hall).reading(again, hall.house.db)
    assert any("no score can be recorded for it" in words for words in reading.refusals)


@pytest.mark.parametrize("kind", ["unknown", "nonce", "foreign signer", "other config"])
async def test_what_must_not_be_approved_is_refused_with_the_reason(hall: Hall, kind: str) -> None:
    vault, stranger = hall.council.authority, Keypair().pubkey()
    member = hall.founded.people[3].public_key
    wanted, words = {
        "unknown": (Instruction(stranger, b"steal", []), "which is no program that a proposal of ours needs"),
        "nonce": (
            Instruction(SYSTEM, (4).to_bytes(4, "little"), [AccountMeta(stranger, False, True)]),
            "it uses a durable nonce",
        ),
        "foreign signer": (
            transfer(TransferParams(from_pubkey=member, to_pubkey=vault, lamports=5)),
            "is not the multisig's vault",
        ),
        "other config": (
            _with_config(
                record_sentiment(
                    oracle=vault,
                    market=stranger,
                    score=1,
                    confidence=1,
                    summary_hash=bytes(32),
                    program=hall.house.stage.program,
                ),
                stranger,
            ),
            "it is for another deployment",
        ),
    }[kind]
    number = await propose(hall, wanted)
    if kind == "other config":
        # There is no such market either, which is told as what it is.
        with pytest.raises(Exception, match="no market"):
            await table_of(hall).reading(number, hall.house.db)
        return
    reading = await table_of(hall).reading(number, hall.house.db)
    assert any(words in refusal for refusal in reading.refusals), reading.refusals


def _with_config(instruction: Instruction, config: Pubkey) -> Instruction:
    first, _, *rest = instruction.accounts
    return Instruction(instruction.program_id, instruction.data, [first, AccountMeta(config, False, False), *rest])


async def test_a_payment_out_of_the_vault_is_told_in_words(hall: Hall) -> None:
    payee = hall.founded.people[2].public_key
    number = await propose(
        hall, transfer(TransferParams(from_pubkey=hall.council.authority, to_pubkey=payee, lamports=5_000_000))
    )
    reading = await table_of(hall).reading(number)
    assert [deed.words for deed in reading.deeds] == ["moves 0.005 SOL from the multisig's vault to Chloe"]
    assert reading.refusals == ()


async def test_a_change_of_members_is_told_in_words(hall: Hall) -> None:
    newcomer = Keypair().pubkey()
    multisig, member = await hall.multisig(), hall.founded.people[0]
    by = {"multisig": multisig.address, "index": multisig.last_index + 1, "program": multisig.program}
    by |= {"rent_payer": member.public_key, "creator": member.public_key}
    change = v4.create_config_transaction(actions=[AddMember(Member(newcomer, EVERY_ROLE))], **by)
    await hall.house.stage.send(f"{newcomer}", [change, v4.create_proposal(**by)], member)
    reading = await table_of(hall).reading(multisig.last_index + 1)
    assert [deed.words for deed in reading.deeds] == [f"{newcomer} becomes a member who may propose, vote, execute"]


async def test_a_proposal_that_one_node_shows_otherwise_is_not_read(hall: Hall) -> None:
    _, number = await proposed(hall)
    thief = bytes(Keypair().pubkey())
    url = hall.house.stage.url

    def lie(_: str, data: bytes) -> bytes:
        return data.replace(bytes(hall.council.authority), thief)

    with lying_node(url, lie) as liar:
        async with Rpc([url, liar]) as rpc:
            with pytest.raises(EndpointsDisagree, match="sign nothing before you know which one is wrong"):
                await table_of(hall, rpc).reading(number, hall.house.db)
    with lying_node(url, lambda _, data: data) as honest:
        async with Rpc([url, honest]) as rpc:
            reading = await table_of(hall, rpc).reading(number, hall.house.db)
            assert reading.warnings == ()


async def test_a_look_alike_multisig_is_not_ours(hall: Hall) -> None:
    """The same people, another create key; whoever would read it by the wrong address is told."""
    _, number = await proposed(hall)
    other = Keypair().pubkey()
    pinned = replace(hall.council.pinned, create_key=other, address=hall.council.adapter.address(other))
    alike = replace(hall.council, pinned=pinned)
    with pytest.raises(Exception, match="no multisig stands at"):
        await replace(table_of(hall), council=alike).reading(number)


async def test_a_council_that_is_not_as_agreed_on_is_shown_and_signs_nothing(hall: Hall) -> None:
    _, number = await proposed(hall)
    changed: Pinned = replace(hall.council.pinned, threshold=2)
    table = replace(table_of(hall), council=replace(hall.council, pinned=changed))
    seen = await table.seen()
    assert "  DIFFERS from the roster: the threshold is 3, and 2 was agreed on" in list(council_lines(seen))
    with pytest.raises(OperatorError, match="the threshold is 3, and 2 was agreed on"):
        await prepared(table, Act.APPROVE, [number], hall.founded.people[0], hall.house.db)


async def test_proposals_are_listed_by_state_with_who_voted_how(hall: Hall) -> None:
    _, number = await proposed(hall)
    await hall.approve(number, 0)
    _, other = await proposed(hall)
    await hall.reject(other, 1, 2, 3)
    _, shown = await table_of(hall).proposals()
    assert [one.index for one in shown[:2]] == [other, number]
    _, rejected = await table_of(hall).proposals(Status.REJECTED)
    assert number not in [one.index for one in rejected]
    told = {line.split(":")[0]: line for line in proposal_lines(hall.council, shown)}
    assert told[f"proposal {other}"].startswith(f"proposal {other}: rejected since ")
    assert told[f"proposal {other}"].endswith("rejected by Ben, Chloe, Dayo")
    assert told[f"proposal {number}"].endswith(" UTC, approved by Ana")
    assert proposals_report(shown)[0]["status"] == "rejected"


# Voting


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
        await hall.house.stage.fund(key, UsdcUnits(0))
        await hall.change(AddMember(frida := Member(key, Roles.VOTE)))
        try:
            council = hall.council
            people = {**council.people, key: Person("Frida", "Oslo")}
            pinned = replace(council.pinned, members=council.pinned.members | {frida})
            hall.council = replace(council, people=people, pinned=pinned)
            _, number = await proposed(hall)
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


async def test_a_roster_on_a_localnet_that_somebody_wrote_in_is_left_as_it_is(hall: Hall) -> None:
    roster, folder = hall.founded.roster, hall.founded.roster.parent
    own = "# Ours to practise with.\n" + roster.read_text().replace('"Ana"', '"Anouk"')
    roster.write_text(own)
    again = await found(hall.house.stage, folder)
    assert roster.read_text() == own
    assert again.council.name(again.people[0].public_key) == "Anouk"
    roster.write_text(own.replace("threshold = 3", "threshold = 2"))
    anew = (await found(hall.house.stage, folder)).council
    assert (anew.pinned, anew.people) == (hall.council.pinned, hall.council.people)
    assert "threshold = 3" in roster.read_text(), "one that does not hold any more is written anew"


async def test_who_pays_fees_is_told_of_the_key_that_does(hall: Hall) -> None:
    stage = hall.house.stage
    address, roster = str(hall.council.pinned.address), hall.founded.roster
    alone = await standing(Settings(program_id=str(stage.program)), stage.rpc)
    both = Settings(program_id=str(stage.program), roster_path=roster, squads_multisig=address)
    [alone_may, vault_may] = [
        next(held.may for held in seen.authorities if held.role == "oracle")
        for seen in (alone, await standing(both, stage.rpc))
    ]
    assert alone_may == "close markets and record scores; pays fees"
    assert vault_may == "close markets and record scores"


async def test_no_agent_is_told(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UsageError, match="connect with 'ssh -A'"):
        await signer_of("agent", table_of(hall).council, str)


# Upgrades


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


# Trying it out


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
