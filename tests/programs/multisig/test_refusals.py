"""Every instruction, right but for one place: a signature, a flag, an account, a byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import instructions
from chain.multisig.v4.accounts import AddSpendingLimit, ChangeThreshold
from chain.wire import codec_of
from tests.programs.multisig import calls as c
from tests.programs.multisig import test_buffers as buffers
from tests.programs.multisig import test_limits as limits
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    CRANK,
    OTHER_KEY,
    PROGRAM_ID,
    RULER,
    SQUAD,
    STRANGER,
    Council,
    creation,
    payment,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig.test_endings import MESSAGES, batch_of_three, executed
from tests.programs.multisig_v3.bending import Bent
from tests.programs.spec import SYSTEM_PROGRAM
from tests.programs.world import Refused

ONE = {"multisig": SQUAD, "index": 1, "program": PROGRAM_ID}


def _create_transaction(council: Council) -> Instruction:
    council.propose(payment())
    return instructions.create_vault_transaction(
        multisig=SQUAD, index=2, creator=ANA, rent_payer=BO, vault_index=0, message=MESSAGES[0], program=PROGRAM_ID
    )


def _create_changes(council: Council) -> Instruction:
    return instructions.create_config_transaction(creator=ANA, rent_payer=BO, actions=[ChangeThreshold(1)], **ONE)


def _open(council: Council) -> Instruction:
    council.draft(payment())
    return instructions.create_proposal(creator=ANA, rent_payer=BO, **ONE)


def _activate(council: Council) -> Instruction:
    council.draft(payment())
    council.open(1, draft=True)
    return instructions.activate_proposal(member=ANA, **ONE)


def _approve(council: Council) -> Instruction:
    council.propose(payment())
    return instructions.approve(member=ANA, memo="yes", **ONE)


def _reject(council: Council) -> Instruction:
    council.propose(payment())
    return instructions.reject(member=ANA, memo="no", **ONE)


def _cancel(council: Council) -> Instruction:
    council.approved(payment())
    return instructions.cancel(member=ANA, **ONE)


def _execute(council: Council) -> Instruction:
    council.approved(payment())
    made = council.execution(1)
    return Instruction(PROGRAM_ID, made.data, made.accounts)


def _execute_changes(council: Council) -> Instruction:
    council.propose_changes(ChangeThreshold(2))
    council.approve(1, ANA, BO, CHI)
    return instructions.execute_config_transaction(member=CRANK, rent_payer=BO, **ONE)


def _create_batch(council: Council) -> Instruction:
    return c.create_batch(1)


def _add_to_batch(council: Council) -> Instruction:
    council.send(c.create_batch(1))
    council.open(1, draft=True)
    return c.add_to_batch(1, 1, MESSAGES[0])


def _execute_in_batch(council: Council) -> Instruction:
    batch_of_three(council)
    council.approve(1, ANA, BO, CHI)
    return c.execute_in_batch(1, 1, MESSAGES[0])


def _close(council: Council) -> Instruction:
    executed(council)
    return instructions.close_vault_transaction(rent_collector=council.squad.rent_collector or STRANGER, **ONE)


def _create(council: Council) -> Instruction:
    return creation(OTHER_KEY)


def _set_fee(council: Council) -> Instruction:
    return c.configure("program_config_set_multisig_creation_fee", bytes(8), RULER)


def _add_limit(council: Council) -> Instruction:
    council.send(creation(OTHER_KEY, authority=RULER))
    limit = codec_of(AddSpendingLimit).encode(limits.NAMED) + c.NO_MEMO
    accounts = [(limits.OTHER, ""), (RULER, "s"), (limits.limit_of(multisig=limits.OTHER), "w"), (BO, "ws")]
    return c.call("multisig_add_spending_limit", [*accounts, (SYSTEM_PROGRAM, "")], limit)


def _remove_limit(council: Council) -> Instruction:
    council.send(_add_limit(council))
    accounts = [(limits.OTHER, ""), (RULER, "s"), (limits.limit_of(multisig=limits.OTHER), "w"), (BO, "w")]
    return c.call("multisig_remove_spending_limit", accounts, c.NO_MEMO)


def _spend(council: Council) -> Instruction:
    limits.change(council, [limits.NAMED], [limits.limit_of()])
    return limits.spending(1)


def _begin_buffer(council: Council) -> Instruction:
    return buffers.begin()


def _extend_buffer(council: Council) -> Instruction:
    council.send(buffers.begin())
    return buffers.extend(b"more")


def _close_buffer(council: Council) -> Instruction:
    council.send(buffers.begin())
    return buffers.close()


def _propose_buffer(council: Council) -> Instruction:
    council.send(buffers.begin())
    council.send(buffers.extend(buffers.GIVEN[buffers.HALF :]))
    return buffers.propose()


RIGHT: dict[str, Callable[[Council], Instruction]] = {
    made.__name__.lstrip("_"): made
    for made in (
        _create_transaction, _create_changes, _open, _activate, _approve, _reject, _cancel, _execute, _execute_changes,
        _create_batch, _add_to_batch, _execute_in_batch, _close, _create, _set_fee,
        _add_limit, _remove_limit, _spend, _begin_buffer, _extend_buffer, _close_buffer, _propose_buffer,
    )
}  # fmt: skip
PAID_BY_CHANGES = 4
"""The account of who pays for a longer multisig, which may be left out."""


def _named(name: str, right: Instruction) -> int:
    """How many of the accounts are the instruction's own; after them come the message's."""
    return {"execute": 4, "execute_in_batch": 5, "execute_changes": PAID_BY_CHANGES, "spend": 5}.get(
        name, len(right.accounts)
    )


def _bent(name: str, right: Instruction) -> Iterator[tuple[Code, Instruction]]:
    bent, named = Bent(right), _named(name, right)
    for place, meta in enumerate(right.accounts[:named]):
        # The same key may sign or be written by another place.
        alone = [other.pubkey for other in right.accounts].count(meta.pubkey) == 1
        if meta.is_signer and alone:
            yield Code.ACCOUNT_NOT_SIGNER, bent.unsigned(place)
        if meta.is_writable and alone and not meta.is_signer:
            yield Code.CONSTRAINT_MUT, bent.read_only(place)
        if meta.pubkey == SYSTEM_PROGRAM:
            yield Code.INVALID_PROGRAM_ID, bent.using(place, STRANGER)
    few = Instruction(PROGRAM_ID, right.data, right.accounts[: named - 1])
    yield Code.ACCOUNT_NOT_ENOUGH_KEYS, few
    yield Code.INSTRUCTION_DID_NOT_DESERIALIZE, bent.saying_more()
    if len(right.data) > 8:
        yield Code.INSTRUCTION_DID_NOT_DESERIALIZE, bent.with_data(right.data[:-1])
    yield Code.INSTRUCTION_FALLBACK_NOT_FOUND, bent.with_data(right.data[:7])
    yield Code.INSTRUCTION_FALLBACK_NOT_FOUND, bent.with_data(b"\0" * 8 + right.data[8:])


@pytest.mark.parametrize("name", RIGHT)
def test_right_but_for_one_place(council: Council, name: str) -> None:
    right = RIGHT[name](council)
    tried = 0
    for code, wrong in _bent(name, right):
        with refused(code):
            council.send(wrong)
        tried += 1
    assert tried > 3
    council.send(right)


@pytest.mark.parametrize("name", RIGHT)
def test_no_account_of_it_can_be_anothers(council: Council, name: str) -> None:
    """A stranger's account, or the multisig itself, in the place of each that is not somebody's own to choose."""
    right = RIGHT[name](council)
    free = _free_to_choose(name)
    for place, meta in enumerate(right.accounts[: _named(name, right)]):
        if meta.pubkey in free:
            continue
        for instead in (STRANGER, SQUAD):
            if instead == meta.pubkey:
                continue
            with pytest.raises(Refused):
                council.send(Bent(right).using(place, instead) if not meta.is_signer else Bent(right).unsigned(place))
    council.send(right)


def _free_to_choose(name: str) -> set[Pubkey]:
    """Who pays for something may be anybody; so who signs twice is not asked here."""
    return {ANA, BO} if name in ("create_batch", "add_to_batch", "propose_buffer") else {BO}
