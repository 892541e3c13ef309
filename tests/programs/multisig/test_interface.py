"""The interface to the letter: instructions, accounts and errors, read by the published IDL and nothing of ours."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import AddSpendingLimit, ChangeThreshold, RemoveSpendingLimit
from chain.wire import codec_of, discriminator
from tests.idls import published
from tests.programs.multisig import calls as c
from tests.programs.multisig import test_buffers as buffers
from tests.programs.multisig import test_limits as limits
from tests.programs.multisig.council import (
    ANA,
    BO,
    COLLECTOR,
    CONFIG,
    CRANK,
    CREATE_KEY,
    FEE,
    MEMBERS,
    OTHER_KEY,
    PEOPLE,
    PROGRAM_ID,
    RULER,
    SQUAD,
    STRANGER,
    TREASURY,
    Council,
    creation,
    payment,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig.test_endings import MESSAGES
from tests.programs.spec import SYSTEM_PROGRAM
from tests.programs.world import Refused

Json = dict[str, Any]
ONE = {"multisig": SQUAD, "index": 1, "program": PROGRAM_ID}
OTHER = addresses.multisig(OTHER_KEY, PROGRAM_ID)
NUMBERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i64": "<q", "bool": "<?"}
WRITTEN_ALL_THE_SAME = {("transaction_buffer_close", "creator")}
"""It gets the rent, so it has to be written, whatever the IDL says."""
NEVER_RAISED = {
    Code.INVALID_STALE_TRANSACTION_INDEX,  # nothing can make it so
    Code.PROPOSAL_FOR_ANOTHER_MULTISIG,  # 2006 instead, as for every wrong address
    Code.TRANSACTION_FOR_ANOTHER_MULTISIG,
    Code.TRANSACTION_NOT_LAST_IN_BATCH,
}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def idl() -> Json:
    """The IDL."""
    return json.loads(published("squads_multisig_v4.json"))


class Reader:
    """Borsh by the IDL's types."""

    def __init__(self, idl: Json, data: bytes) -> None:
        self._types = {one["name"]: one["type"] for one in (*idl["types"], *idl["accounts"])}
        self.rest = data

    def _bytes(self, count: int) -> bytes:
        assert count <= len(self.rest), "cut off"
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def read(self, kind: Any) -> Any:
        """One value."""
        match kind:
            case "publicKey":
                return Pubkey(self._bytes(32))
            case "string" | "bytes":
                return self._bytes(self.read("u32"))
            case str():
                layout = NUMBERS[kind]
                return struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0]
            case {"option": inner}:
                return self.read(inner) if self.read("bool") else None
            case {"vec": inner}:
                return [self.read(inner) for _ in range(self.read("u32"))]
            case {"array": [inner, count]}:
                return [self.read(inner) for _ in range(count)]
            case {"defined": name}:
                return self._defined(self._types[name])
            case _:
                raise TypeError(kind)

    def _defined(self, kind: Json) -> Any:
        if kind["kind"] == "struct":
            return {_snake(field["name"]): self.read(field["type"]) for field in kind["fields"]}
        variant = kind["variants"][self.read("u8")]
        fields = {_snake(field["name"]): self.read(field["type"]) for field in variant.get("fields", [])}
        return variant["name"], fields


def _all() -> Iterator[Instruction]:
    """Every instruction as clients and tests here send it."""
    yield c.call(
        "program_config_init",
        [(CONFIG, "w"), (STRANGER, "ws"), (SYSTEM_PROGRAM, "")],
        bytes(RULER) + bytes(8) + bytes(TREASURY),
    )
    yield c.configure("program_config_set_authority", bytes(RULER))
    yield c.configure("program_config_set_multisig_creation_fee", bytes(8))
    yield c.configure("program_config_set_treasury", bytes(TREASURY))
    yield creation(OTHER_KEY)
    for name, arguments in {
        "multisig_add_member": bytes(33),
        "multisig_remove_member": bytes(32),
        "multisig_set_time_lock": bytes(4),
        "multisig_change_threshold": bytes(2),
        "multisig_set_config_authority": bytes(32),
        "multisig_set_rent_collector": b"\1" + bytes(32),
    }.items():
        yield c.controlled(name, OTHER, arguments)
    limit = codec_of(AddSpendingLimit).encode(limits.NAMED) + c.NO_MEMO
    ruled = [(OTHER, ""), (RULER, "s"), (limits.limit_of(), "w")]
    yield c.call("multisig_add_spending_limit", [*ruled, (BO, "ws"), (SYSTEM_PROGRAM, "")], limit)
    yield c.call("multisig_remove_spending_limit", [*ruled, (BO, "w")], c.NO_MEMO)
    changes = [ChangeThreshold(1), limits.NAMED, RemoveSpendingLimit(ANA)]
    yield instructions.create_config_transaction(creator=ANA, rent_payer=BO, actions=changes, **ONE)
    yield instructions.execute_config_transaction(member=CRANK, rent_payer=BO, **ONE)
    yield instructions.create_vault_transaction(creator=ANA, rent_payer=BO, vault_index=0, message=MESSAGES[0], **ONE)
    yield buffers.begin()
    yield buffers.extend(b"more")
    yield buffers.close()
    yield buffers.propose()
    yield c.call(
        "vault_transaction_execute",
        [(SQUAD, ""), (addresses.proposal(SQUAD, 1, PROGRAM_ID), "w"), (SQUAD, ""), (CRANK, "s")],
    )
    yield c.create_batch(1)
    yield c.add_to_batch(1, 1, MESSAGES[0])
    yield c.call("batch_execute_transaction", _first(c.execute_in_batch(1, 1, MESSAGES[0]), 5))
    yield instructions.create_proposal(creator=ANA, rent_payer=BO, **ONE)
    yield instructions.activate_proposal(member=ANA, **ONE)
    yield instructions.approve(member=ANA, memo="yes", **ONE)
    yield instructions.reject(member=ANA, memo="no", **ONE)
    vote = instructions.cancel(member=ANA, **ONE)
    yield c.call("proposal_cancel", _first(vote, 3), c.NO_MEMO)
    yield vote
    yield limits.spending_tokens(1)
    yield instructions.close_config_transaction(rent_collector=COLLECTOR, **ONE)
    yield instructions.close_vault_transaction(rent_collector=COLLECTOR, **ONE)
    yield c.close_batch_transaction(1, 1)
    yield c.close_batch(1)


def _first(made: Instruction, count: int) -> list[tuple[Pubkey, str]]:
    """Its first accounts as `calls.call` takes them."""
    return [(meta.pubkey, "w" * meta.is_writable + "s" * meta.is_signer) for meta in made.accounts[:count]]


def _flat(accounts: list[Json]) -> Iterator[Json]:
    for one in accounts:
        if "accounts" in one:
            yield from _flat(one["accounts"])
        else:
            yield one


def test_every_instruction_has_the_idls_accounts_and_arguments(idl: Json) -> None:
    declared = {discriminator("global", _snake(one["name"])): one for one in idl["instructions"]}
    seen = set[str]()
    for made in _all():
        one = declared[made.data[:8]]
        name = _snake(one["name"])
        seen.add(name)
        reader = Reader(idl, made.data[8:])
        for argument in one["args"]:
            reader.read(argument["type"])
        assert reader.rest == b"", name
        wanted = list(_flat(one["accounts"]))
        assert len(made.accounts) == len(wanted), name
        for meta, account in zip(made.accounts, wanted, strict=True):
            given = account.get("isOptional") and meta.pubkey == PROGRAM_ID
            flags = (account["isMut"] or (name, account["name"]) in WRITTEN_ALL_THE_SAME, account["isSigner"])
            assert given or (meta.is_writable, meta.is_signer) == flags, (name, account["name"])
    # The one that is left has neither accounts nor arguments, and is always refused.
    assert seen == {_snake(one["name"]) for one in idl["instructions"]} - {"multisig_create"}


def test_the_program_knows_every_instruction_of_the_idl_and_no_other(council: Council, idl: Json) -> None:
    def code(name: str) -> int | None:
        with pytest.raises(Refused) as found:
            council.send(Instruction(PROGRAM_ID, discriminator("global", name), []))
        return found.value.code

    for one in idl["instructions"]:
        assert code(_snake(one["name"])) not in (None, Code.INSTRUCTION_FALLBACK_NOT_FOUND), one["name"]
    assert code("multisig_execute") == Code.INSTRUCTION_FALLBACK_NOT_FOUND


def test_error_codes_are_the_idls(idl: Json) -> None:
    declared = {_snake(one["name"]).upper(): one["code"] for one in idl["errors"]}
    assert {code.name: code.value for code in Code if code >= 6000} == declared
    assert {code.name for code in NEVER_RAISED} < declared.keys()


# Accounts as they lie on the chain


def _kept(council: Council, idl: Json, name: str, address: Pubkey) -> tuple[Json, bytes]:
    """What the account says by the IDL, and what is behind it."""
    data = council.data(address)
    assert data[:8] == discriminator("account", name)
    reader = Reader(idl, data[8:])
    return reader.read({"defined": name}), reader.rest


def test_the_configuration_and_the_multisig_read_as_the_idl_says(council: Council, idl: Json) -> None:
    config, rest = _kept(council, idl, "ProgramConfig", CONFIG)
    assert (config["authority"], config["multisig_creation_fee"], config["treasury"]) == (RULER, FEE, TREASURY)
    assert rest == b""
    squad, rest = _kept(council, idl, "Multisig", SQUAD)
    bump = Pubkey.find_program_address([b"multisig", b"multisig", bytes(CREATE_KEY)], PROGRAM_ID)[1]
    members = sorted(MEMBERS, key=lambda member: bytes(member.key))
    assert squad == {
        "create_key": CREATE_KEY, "config_authority": Pubkey.default(), "threshold": 3, "time_lock": 0,
        "transaction_index": 0, "stale_transaction_index": 0, "rent_collector": COLLECTOR, "bump": bump,
        "members": [{"key": one.key, "permissions": {"mask": one.roles.value}} for one in members],
    }  # fmt: skip
    assert rest == b""


def test_a_transaction_and_its_proposal_read_as_the_idl_says(council: Council, idl: Json) -> None:
    council.propose(payment(7))
    council.approve(1, BO, ANA)
    council.reject(1, PEOPLE[2])
    kept, rest = _kept(council, idl, "VaultTransaction", addresses.transaction(SQUAD, 1, PROGRAM_ID))
    assert (kept["multisig"], kept["creator"], kept["index"], kept["vault_index"]) == (SQUAD, ANA, 1, 0)
    message = kept["message"]
    assert (message["num_signers"], message["num_writable_signers"], message["num_writable_non_signers"]) == (1, 1, 1)
    [one] = message["instructions"]
    assert one["data"] == payment(7).data
    assert [message["account_keys"][n] for n in one["account_indexes"]] == [m.pubkey for m in payment().accounts]
    assert rest == b""
    proposal, room = _kept(council, idl, "Proposal", addresses.proposal(SQUAD, 1, PROGRAM_ID))
    assert proposal["status"] == ("Active", {"timestamp": council.now})
    assert (proposal["approved"], proposal["rejected"], proposal["cancelled"]) == ([ANA, BO], [PEOPLE[2]], [])
    assert room == bytes(32 * (3 * len(MEMBERS) - 3))


def _change(council: Council) -> Pubkey:
    council.propose_changes(ChangeThreshold(2), limits.NAMED)
    return addresses.transaction(SQUAD, 1, PROGRAM_ID)


def _batch(council: Council) -> Pubkey:
    council.send(c.create_batch(1))
    return addresses.transaction(SQUAD, 1, PROGRAM_ID)


def _in_batch(council: Council) -> Pubkey:
    _batch(council)
    council.open(1, draft=True)
    council.send(c.add_to_batch(1, 1, MESSAGES[0]))
    return c.batch_transaction(1, 1)


def _limit(council: Council) -> Pubkey:
    limits.change(council, [limits.NAMED], [limits.limit_of()])
    return limits.limit_of()


def _buffer(council: Council) -> Pubkey:
    council.send(buffers.begin(part=buffers.GIVEN[:100]))
    return buffers.buffer_of()


@pytest.mark.parametrize(
    ("name", "make", "wanted", "room"),
    [
        ("ConfigTransaction", _change, {"multisig": SQUAD, "creator": ANA, "index": 1}, 0),
        ("Batch", _batch, {"index": 1, "vault_index": 0, "size": 0, "executed_transaction_index": 0}, 0),
        ("VaultBatchTransaction", _in_batch, {"ephemeral_signer_bumps": b""}, 0),
        (
            "SpendingLimit",
            _limit,
            {"multisig": SQUAD, "amount": 100, "remaining_amount": 100, "period": ("Day", {}), "vault_index": 0,
             "members": list(limits.NAMED.members), "destinations": list(limits.NAMED.destinations)},
            0,
        ),
        (
            "TransactionBuffer",
            _buffer,
            {"creator": ANA, "final_buffer_size": len(buffers.GIVEN), "buffer": buffers.GIVEN[:100]},
            len(buffers.GIVEN) - 100,
        ),
    ],
)  # fmt: skip
def test_the_other_accounts_read_as_the_idl_says(
    council: Council, idl: Json, name: str, make: Callable[[Council], Pubkey], wanted: Json, room: int
) -> None:
    found, rest = _kept(council, idl, name, make(council))
    assert {key: found[key] for key in wanted} == wanted
    assert rest == bytes(room)
