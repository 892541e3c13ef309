"""What signers read of a proposal and its council, and what must not be approved; on a localnet with five of them."""

from dataclasses import replace

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from chain.errors import EndpointsDisagree
from chain.instructions import record_sentiment
from chain.multisig.model import EVERY_ROLE, Member, Status
from chain.multisig.pinned import Pinned
from chain.multisig.v4 import instructions as v4
from chain.multisig.v4.accounts import AddMember
from chain.rpc import Rpc
from chain.units import Seconds, UnixTime
from ops.errors import OperatorError
from ops.signers.acts import Act, prepared
from ops.signers.checks import SOON, Brought, lateness
from ops.signers.report import council_lines, proposal_lines, proposals_report, reading_lines
from ops.standing import standing
from settings import Settings
from store import analyses
from tests.journeys.lying_node import lying_node
from tests.ops.signers.signing import propose, proposed, table_of
from tests.oracle.settlement.hall import Hall

SYSTEM = Pubkey.from_string("11111111111111111111111111111111")


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


async def test_a_record_that_the_signer_brought_is_held_to_the_chain(hall: Hall) -> None:
    market, number = await proposed(hall)
    kept = await analyses.get(hall.house.db, market.name)
    assert kept is not None
    for document, refused in ((kept.document, False), (kept.document.replace(b"panel", b"penal"), True), (b"", True)):
        table = replace(table_of(hall), brought=Brought(record=document))
        # Of the database nobody is asked, so that who holds it decides nothing.
        reading = await table.reading(number)
        assert bool(reading.refusals) == refused, reading.refusals


@pytest.mark.parametrize(
    ("left", "lock", "words"),
    [
        (SOON + 1, 0, None),
        (SOON, 0, "after 2027-01-15 08:00 UTC, in 48 h, the market's stakes can be given back instead"),
        (SOON + 1, SOON + 1, "the time lock of 172801 s ends after 2027-01-15 08:00 UTC, when"),
        (0, 0, "since 2027-01-15 08:00 UTC anybody may have the market's stakes given back"),
    ],
)
def test_a_deadline_that_is_near_is_told(left: int, lock: int, words: str | None) -> None:
    deadline = UnixTime(1_800_000_000)
    told = list(lateness(deadline, UnixTime(deadline - left), Seconds(lock)))
    assert (told == []) if words is None else told[0].startswith(words)
    assert list(lateness(None, UnixTime(0), Seconds(0))) == []


async def test_a_market_near_its_deadline_is_told_to_whoever_signs(hall: Hall) -> None:
    _, number = await proposed(hall)
    await hall.house.stage.extras.warp(Seconds(13 * 86_400))
    reading = await table_of(hall).reading(number, hall.house.db)
    assert any("the market's stakes can be given back instead" in words for words in reading.warnings)


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


async def test_a_member_is_seen_by_what_they_sent_last(hall: Hall) -> None:
    _, number = await proposed(hall)
    before = await table_of(hall).seen()
    await hall.approve(number, 0)
    seen = await table_of(hall).seen()
    [ana] = [seat.seen_at for seat in seen.seats if seat.person.name == "Ana"]
    assert ana is not None
    assert before.now <= ana <= seen.now + 1
    assert any("seen 0 min ago" in line and "Ana" in line for line in council_lines(seen))
