"""From what the cluster says about a failed transaction to one of our exceptions.

The error itself names an instruction and, at best, a number; which program meant that number, and which account was
at fault, stands only in the log. Logs come from outside: they choose between messages, nothing more.
"""

import re
from collections.abc import Sequence
from enum import IntEnum

from solders.pubkey import Pubkey
from solders.transaction_status import (
    InstructionErrorCustom,
    InstructionErrorFieldless,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
    TransactionErrorInsufficientFundsForRent,
    TransactionErrorType,
)

from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID
from chain.errors import (
    PROGRAM_ERRORS,
    BlockhashUnknown,
    NotEnoughSol,
    OtherProgramError,
    TransactionError,
)
from chain.logs import Trace, trace

_ACCOUNT = re.compile(r"Program log: ([a-z][a-z0-9_]{0,39}): .*")
_NO_SOL = (
    TransactionErrorFieldless.InsufficientFundsForFee,
    TransactionErrorFieldless.AccountNotFound,
    TransactionErrorFieldless.InvalidAccountForFee,
)
_SYSTEM_LACKS_LAMPORTS = 1


class TokenError(IntEnum):
    """The SPL Token program's refusals that our transactions can meet."""

    NOT_RENT_EXEMPT = 0
    INSUFFICIENT_FUNDS = 1
    MINT_MISMATCH = 3
    OWNER_MISMATCH = 4
    ACCOUNT_FROZEN = 17


def failure(
    error: TransactionErrorType,
    logs: Sequence[str] = (),
    *,
    programs: Sequence[Pubkey] = (),
    program: Pubkey = PROGRAM_ID,
    signature: str | None = None,
) -> TransactionError:
    """Our exception for a transaction's error; not raised here.

    `programs` are the programs of the transaction's instructions in order: they tell whose number a custom error is
    when the log does not.
    """
    if isinstance(error, TransactionErrorInstructionError):
        return _instruction_failure(error, logs, programs, program, signature)
    if error in _NO_SOL or isinstance(error, TransactionErrorInsufficientFundsForRent):
        return NotEnoughSol(f"{_words(error)}: send SOL to the fee payer", logs=logs, signature=signature)
    if error == TransactionErrorFieldless.BlockhashNotFound:
        return BlockhashUnknown("the blockhash has expired or is not known yet: sign again", signature=signature)
    return TransactionError(f"the cluster refused the transaction: {_words(error)}", logs=logs, signature=signature)


def _instruction_failure(
    error: TransactionErrorInstructionError,
    logs: Sequence[str],
    programs: Sequence[Pubkey],
    program: Pubkey,
    signature: str | None,
) -> TransactionError:
    found = trace(logs)
    index = error.index
    failed = found.failed or (str(programs[index]) if index < len(programs) else None)
    if not isinstance(error.err, InstructionErrorCustom):
        return _fieldless(error, failed, logs, signature)
    code = error.err.code
    # Without logs and programs a known number is taken for ours: no other program that we call counts from 6000.
    if failed in (str(program), None) and code in PROGRAM_ERRORS:
        account = _account(found, program)
        return PROGRAM_ERRORS[code].from_logs(logs=logs, instruction=index, account=account, signature=signature)
    if failed == str(SYSTEM_PROGRAM_ID) and code == _SYSTEM_LACKS_LAMPORTS:
        words = "an account of the transaction has too little SOL: send SOL to the fee payer"
        return NotEnoughSol(words, logs=logs, instruction=index, signature=signature)
    words = f"program {failed or 'unknown'} failed with its error {_custom(failed, code)} in instruction {index}"
    return OtherProgramError(words, code=code, program=failed, logs=logs, instruction=index, signature=signature)


def _fieldless(
    error: TransactionErrorInstructionError, failed: str | None, logs: Sequence[str], signature: str | None
) -> TransactionError:
    """A failure that is the runtime's own, such as too few compute units."""
    words = f"instruction {error.index} of the transaction failed in program {failed or 'unknown'}: {_words(error.err)}"
    if error.err == InstructionErrorFieldless.InsufficientFunds:
        return NotEnoughSol(words, logs=logs, instruction=error.index, signature=signature)
    return TransactionError(words, logs=logs, instruction=error.index, signature=signature)


def _account(found: Trace, program: Pubkey) -> str | None:
    """The account that our program named last, which it does right before it refuses."""
    named = [match[1] for line in found.by(program) if (match := _ACCOUNT.fullmatch(line.text))]
    return named[-1] if named else None


def _custom(program: str | None, code: int) -> str:
    if program == str(TOKEN_PROGRAM_ID) and code in set(TokenError):
        return f"{code} ({TokenError(code).name.lower().replace('_', ' ')})"
    return str(code)


def _words(error: object) -> str:
    """`TransactionErrorFieldless.AccountInUse` as `account in use`."""
    name = str(error).rpartition(".")[2]
    if not name.isalpha():
        return " ".join(str(error).split())
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
