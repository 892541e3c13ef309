"""Votes by a key on a machine without a network; on a localnet with five signers."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import AdvanceNonceAccountParams, advance_nonce_account

from chain.durable import land_durable
from chain.errors import SignerError, TransactionExpired
from chain.multisig.model import Status
from chain.signers import KeypairSigner, signer_from_file
from chain.transaction import sign
from chain.units import Seconds, UsdcUnits
from ops.errors import OperatorError, UsageError
from ops.localnet import make_key
from ops.signers import offline
from ops.signers.acts import Act, prepared
from ops.signers.carried import Carried, opened_request
from ops.signers.offline import DistantSigner, Kept, complete, export, kept_requests, member_of, revoke, signed_by
from tests.ops.signers.signing import acts, proposed, settings_of, table_of
from tests.oracle.settlement.hall import Hall


@pytest.fixture
async def courier(hall: Hall) -> KeypairSigner:
    signer = KeypairSigner(Keypair())
    await hall.house.stage.fund(signer.public_key, UsdcUnits(0))
    return signer


async def exported(
    hall: Hall, courier: KeypairSigner, number: int, act: Act = Act.APPROVE, memo: str | None = None
) -> Kept:
    member = DistantSigner(hall.founded.people[0].public_key)
    made = await prepared(table_of(hall), act, [number], member, hall.house.db, memo=memo)
    return await export(made, courier, hall.house.db)


def carried(hall: Hall, kept: Kept) -> Carried:
    """As the machine without a network opens it: from text, with the roster."""
    return opened_request(settings_of(hall), kept.path.read_text().splitlines())


async def signed(hall: Hall, kept: Kept) -> Signature:
    return await carried(hall, kept).signed(hall.founded.people[0])


async def lamports(hall: Hall, key: Pubkey) -> int:
    return await hall.house.stage.rpc.balance(key)


async def test_a_key_without_a_network_approves(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    before = await lamports(hall, courier.public_key)
    kept = await exported(hall, courier, number)
    assert kept.path.stat().st_mode & 0o777 == 0o600
    there = carried(hall, kept)
    there.check(hall.founded.people[0].public_key)
    shown = "\n".join(there.lines())
    assert f"APPROVE proposal {number}" in shown
    assert "as Ana, until" in shown
    assert "records score" in shown
    reading = await table_of(hall).reading(number, hall.house.db)
    assert there.words == reading.words
    signature = await signed(hall, kept)
    found = signed_by(kept_requests(hall.council), hall.council, signature)
    await complete(table_of(hall), found, signature, courier, hall.house.db)
    assert (await hall.proposal(number)).approved == (hall.founded.people[0].public_key,)
    assert await hall.house.stage.rpc.account(kept.request.nonce.address) is None
    assert kept_requests(hall.council) == []
    # Three transactions: the nonce is made, used and taken back; its rent comes home.
    spent = before - await lamports(hall, courier.public_key)
    assert spent == 5_000 + 10_000 + 5_000 + kept.request.budget.priority_fee
    assert [act for act, _ in await acts(hall)] == [
        "export to approve proposals",
        "approve proposals",
        "take back nonce",
    ]


async def test_a_key_without_a_network_rejects_with_the_reason(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number, Act.REJECT, "the crowd was bought")
    assert "with the reason: the crowd was bought" in "\n".join(carried(hall, kept).lines())
    await complete(table_of(hall), kept, await signed(hall, kept), courier, hall.house.db)
    assert (await hall.proposal(number)).rejected == (hall.founded.people[0].public_key,)


async def test_a_signature_that_is_an_hour_old_is_not_used_and_can_never_land(
    hall: Hall, courier: KeypairSigner
) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number)
    signature = await signed(hall, kept)
    await hall.house.stage.extras.warp(Seconds(3_601))
    with pytest.raises(OperatorError, match="60 is the most: it was revoked"):
        await complete(table_of(hall), kept, signature, courier, hall.house.db)
    assert await hall.house.stage.rpc.account(kept.request.nonce.address) is None
    both = await sign(
        kept.request.message(hall.council.adapter), [courier, DistantSigner(kept.request.member, signature)]
    )
    with pytest.raises(TransactionExpired, match="worth nothing"):
        await land_durable(hall.house.stage.rpc, both, kept.request.nonce)
    assert (await hall.proposal(number)).approved == ()


async def test_an_import_that_died_after_sending_is_taken_up(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number)
    signature = await signed(hall, kept)
    both = await sign(
        kept.request.message(hall.council.adapter), [courier, DistantSigner(kept.request.member, signature)]
    )
    slot = await land_durable(hall.house.stage.rpc, both, kept.request.nonce)
    assert await land_durable(hall.house.stage.rpc, both, kept.request.nonce) == slot
    assert await complete(table_of(hall), kept, signature, courier, hall.house.db) == slot
    assert await hall.house.stage.rpc.account(kept.request.nonce.address) is None
    assert kept_requests(hall.council) == []


async def test_an_export_that_died_is_found_and_taken_back(
    hall: Hall, courier: KeypairSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = await proposed(hall)

    async def dies(*_: object) -> None:
        raise ConnectionError("the session was cut")

    monkeypatch.setattr(offline, "_budget", dies)
    with pytest.raises(ConnectionError):
        await exported(hall, courier, number)
    [left] = kept_requests(hall.council)
    assert await hall.house.stage.rpc.account(left.request.nonce.address) is not None
    await revoke(table_of(hall), left, courier, hall.house.db)
    assert await hall.house.stage.rpc.account(left.request.nonce.address) is None
    assert kept_requests(hall.council) == []
    await revoke(table_of(hall), left, courier, hall.house.db)


async def test_a_nonce_that_moved_on_makes_the_signature_worthless(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number)
    nonce = kept.request.nonce.address
    advance = advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=nonce, authorized_pubkey=courier.public_key))
    await hall.send(advance, courier)
    with pytest.raises(TransactionExpired, match="export it again"):
        await complete(table_of(hall), kept, await signed(hall, kept), courier, hall.house.db)
    assert (await hall.proposal(number)).approved == ()


async def test_what_was_altered_on_the_way_is_neither_signed_nor_sent(hall: Hall, courier: KeypairSigner) -> None:
    (_, number), (_, another) = await proposed(hall), await proposed(hall)
    kept = await exported(hall, courier, number)
    ana, ben = (one.public_key for one in hall.founded.people[:2])
    moved = replace(kept, request=replace(kept.request, number=another))
    moved.keep()
    with pytest.raises(OperatorError, match=f"shows proposal {number} and votes on {another}"):
        carried(hall, moved).check(ana)
    with pytest.raises(OperatorError, match="is for Ana's key"):
        carried(hall, moved).check(ben)
    kept.keep()
    signature = await signed(hall, kept)
    with pytest.raises(OperatorError, match="no signature for a request that was exported here"):
        signed_by([moved], hall.council, signature)
    with pytest.raises(SignerError, match="has not signed this"):
        await complete(table_of(hall), moved, signature, courier, hall.house.db)
    with pytest.raises(OperatorError, match="The courier of this request is"):
        await complete(table_of(hall), kept, signature, KeypairSigner(Keypair()), hall.house.db)
    elsewhere = replace(kept.request, multisig=Keypair().pubkey())
    with pytest.raises(OperatorError, match="is in no roster here"):
        opened_request(settings_of(hall), elsewhere.parts())


async def test_the_offline_machine_signs_nothing_that_it_does_not_understand(
    hall: Hall, courier: KeypairSigner
) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number)
    stored = kept.request.stored
    unknown = replace(stored, instructions=(Instruction(Keypair().pubkey(), b"steal", []),))
    there = opened_request(settings_of(hall), replace(kept.request, payload=unknown.payload).parts())
    with pytest.raises(OperatorError, match="no program that a proposal of ours needs"):
        there.check(hall.founded.people[0].public_key)
    opened_request(settings_of(hall), replace(kept.request, act="reject", payload=unknown.payload).parts()).check(
        hall.founded.people[0].public_key
    )


async def test_the_courier_is_no_member_and_nobody_else_is_one(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    with pytest.raises(UsageError, match="is Ben's own"):
        await exported(hall, hall.founded.people[1], number)
    stranger = DistantSigner(Keypair().pubkey())
    with pytest.raises(OperatorError, match="is nobody's key"):
        await prepared(table_of(hall), Act.APPROVE, [number], stranger, hall.house.db)
    assert member_of(hall.council, "Ana") == hall.founded.people[0].public_key
    with pytest.raises(UsageError, match="'Mallory' is no member"):
        member_of(hall.council, "Mallory")
    assert kept_requests(hall.council) == []


async def test_a_vote_that_is_not_needed_any_more_is_not_sent(hall: Hall, courier: KeypairSigner) -> None:
    _, number = await proposed(hall)
    kept = await exported(hall, courier, number)
    await hall.approve(number, 1, 2, 3)
    assert (await hall.proposal(number)).status is Status.APPROVED
    with pytest.raises(OperatorError, match="Nothing was signed"):
        await complete(table_of(hall), kept, await signed(hall, kept), courier, hall.house.db)
    message = kept.request.message(hall.council.adapter)
    assert to_bytes_versioned(message) == to_bytes_versioned(carried(hall, kept).request.message(hall.council.adapter))
    await revoke(table_of(hall), kept, courier, hall.house.db)


async def test_the_commands_carry_a_vote_there_and_back(hall: Hall, tmp_path: Path) -> None:
    _, number = await proposed(hall)
    make_key(key := tmp_path / "courier.json")
    await hall.house.stage.fund(signer_from_file(key).public_key, UsdcUnits(0))
    online = {
        "PROGRAM_ID": str(hall.house.stage.program),
        "ROSTER_PATH": str(hall.founded.roster),
        "SQUADS_MULTISIG": str(hall.council.pinned.address),
        "SOLANA_RPC_URL": hall.house.stage.url,
        "DATABASE_URL": hall.house.db.name,
    }
    # Nothing can be reached from there.
    distant = {**online, "SOLANA_RPC_URL": "http://127.0.0.1:1", "DATABASE_URL": "sqlite:////nowhere/oracle.db"}

    async def opinion(where: dict[str, str], *arguments: str, typed: str = "") -> dict[str, Any]:
        done = await asyncio.to_thread(run_opinion, tmp_path, where, *arguments, typed=typed)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    told = await opinion(online, "export", str(number), "--member", "Ana", "--courier", str(key))
    assert (await opinion(online))["requests"][0]["number"] == number
    words = (await table_of(hall).reading(number, hall.house.db)).words
    member = str(hall.founded.roster.parent / "ana.json")
    asked = ("sign", told["file"], "--signer", member)
    wrong = await asyncio.to_thread(run_opinion, tmp_path, distant, *asked, typed="zebra\n")
    assert wrong.returncode == 1
    assert "not the first word" in wrong.stderr
    signed = await opinion(distant, *asked, typed=words.split()[0] + "\n")
    done = await opinion(online, "import", signed["signature"], "--courier", str(key))
    assert (done["number"], done["act"]) == (number, "approve")
    assert (await hall.proposal(number)).approved == (hall.founded.people[0].public_key,)
    await opinion(online, "export", str(number), "--member", "Ben", "--courier", str(key))
    [nonce] = (await opinion(online, "revoke", str(number), "--courier", str(key)))["nonces"]
    assert await hall.house.stage.rpc.account(Pubkey.from_string(nonce)) is None


def run_opinion(
    folder: Path, settings: dict[str, str], *arguments: str, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("opinion")), "signers", "offline", *arguments, "--json"]
    environment = {"PATH": os.environ["PATH"], **settings}
    # A session of its own has no terminal, so that the word is read from what is piped.
    return subprocess.run(
        command, cwd=folder, env=environment, input=typed, capture_output=True, text=True, start_new_session=True
    )
