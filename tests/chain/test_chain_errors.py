"""Errors: every number of the IDL has its class, and failures come back as that class."""

import pickle
import re

import chain_idl as idl
import pytest
from solders.pubkey import Pubkey
from solders.transaction_status import (
    InstructionErrorCustom,
    InstructionErrorFieldless,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
)

from chain import errors
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID
from chain.errors import (
    PROGRAM_ERRORS,
    BlockhashUnknown,
    BondShort,
    NotEnoughSol,
    OtherProgramError,
    ProgramError,
    TransactionError,
    WrongAddress,
    tree,
)
from chain.failures import failure

ENTRIES = idl.raw()["errors"]


def custom(code: int, index: int = 0) -> TransactionErrorInstructionError:
    """An instruction's custom error."""
    return TransactionErrorInstructionError(index, InstructionErrorCustom(code))


def frame(program: Pubkey, *lines: str, code: int) -> list[str]:
    """The log of one failed instruction."""
    failed = f"Program {program} failed: custom program error: {code:#x}"
    return [f"Program {program} invoke [1]", *lines, failed]


def test_numbers_are_exactly_the_idls() -> None:
    assert sorted(PROGRAM_ERRORS) == [entry["code"] for entry in ENTRIES]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_each_number_is_a_class_under_its_name(entry: dict[str, str]) -> None:
    kind = PROGRAM_ERRORS[int(entry["code"])]
    assert kind is getattr(errors, entry["name"])
    assert (kind.__name__, kind.explanation) == (entry["name"], entry["msg"])
    error = kind.from_logs(account="escrow", instruction=2)
    assert str(error).startswith(f"escrow: {entry['msg']} ({entry['name']}, {entry['code']})")
    assert "\n" not in str(error)


def test_a_refusal_carries_logs_instruction_and_account() -> None:
    logs = frame(PROGRAM_ID, "Program log: escrow: wrong address", code=6011)
    error = failure(custom(6011, 3), logs, signature="abc")
    assert isinstance(error, WrongAddress)
    assert (error.account, error.instruction, error.logs, error.signature) == ("escrow", 3, tuple(logs), "abc")


def test_a_short_bond_says_what_is_missing() -> None:
    error = failure(custom(6026), frame(PROGRAM_ID, "Program log: bond short: missing 12500000", code=6026))
    assert isinstance(error, BondShort)
    assert (error.missing, error.account) == (12_500_000, None)
    assert BondShort.from_logs().missing is None


def test_an_account_named_by_somebody_else_is_not_believed() -> None:
    liar = Pubkey(bytes([5]) * 32)
    logs = [f"Program {liar} invoke [1]", "Program log: vault: wrong address", f"Program {liar} success"]
    error = failure(custom(6011, 1), logs + frame(PROGRAM_ID, code=6011))
    assert error.account is None


def test_a_foreign_programs_number_is_not_ours() -> None:
    other = Pubkey(bytes([5]) * 32)
    error = failure(custom(6011), frame(other, code=6011))
    assert isinstance(error, OtherProgramError)
    assert (error.code, error.program) == (6011, str(other))
    assert isinstance(failure(custom(6011), programs=[other]), OtherProgramError)
    assert isinstance(failure(custom(6011), programs=[PROGRAM_ID]), WrongAddress)


def test_the_token_programs_refusal_inside_ours_is_named() -> None:
    logs = [
        f"Program {PROGRAM_ID} invoke [1]",
        f"Program {TOKEN_PROGRAM_ID} invoke [2]",
        f"Program {TOKEN_PROGRAM_ID} failed: custom program error: 0x1",
        f"Program {PROGRAM_ID} failed: custom program error: 0x1",
    ]
    error = failure(custom(1), logs)
    assert isinstance(error, OtherProgramError)
    assert "insufficient funds" in str(error)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (TransactionErrorFieldless.InsufficientFundsForFee, NotEnoughSol),
        (TransactionErrorFieldless.AccountNotFound, NotEnoughSol),
        (TransactionErrorFieldless.BlockhashNotFound, BlockhashUnknown),
        (TransactionErrorFieldless.AccountInUse, TransactionError),
        (TransactionErrorInstructionError(1, InstructionErrorFieldless.InsufficientFunds), NotEnoughSol),
        (TransactionErrorInstructionError(1, InstructionErrorFieldless.ProgramFailedToComplete), TransactionError),
    ],
)
def test_the_runtimes_own_errors(given: TransactionErrorFieldless, kind: type[TransactionError]) -> None:
    error = failure(given)
    assert type(error) is kind
    assert "\n" not in str(error)


def test_the_system_programs_lack_of_lamports_is_lack_of_sol() -> None:
    assert isinstance(failure(custom(1), frame(SYSTEM_PROGRAM_ID, code=1)), NotEnoughSol)


def test_an_unknown_number_of_ours_is_not_lost() -> None:
    error = failure(custom(7777), frame(PROGRAM_ID, code=7777))
    assert isinstance(error, OtherProgramError)
    assert error.code == 7777


def test_the_drawn_tree_names_every_class() -> None:
    drawn = errors.__doc__ or ""
    kinds = [kind for kind in vars(tree).values() if isinstance(kind, type) and issubclass(kind, errors.ChainError)]
    assert [kind.__name__ for kind in kinds if not re.search(rf"\b{kind.__name__}\b", drawn)] == []


def test_classes_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(errors.NotAdmin)) is errors.NotAdmin  # noqa: S301
    assert issubclass(errors.NotAdmin, ProgramError)
