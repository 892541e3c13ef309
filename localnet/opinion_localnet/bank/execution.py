"""Running one transaction on LiteSVM, with the outcomes that a cluster has and LiteSVM lacks."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import orjson
from solders.account import Account
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction_metadata import (
    FailedTransactionMetadata,
    SimulatedTransactionInfo,
    TransactionMetadata,
)

from opinion_localnet import addresses
from opinion_localnet.bank import meta as metas
from opinion_localnet.bank.balances import Balances, read_balances
from opinion_localnet.bank.messages import LoadedTransaction
from opinion_localnet.bank.nonce import advanced
from opinion_localnet.bank.records import ErrorJson, TransactionRejectedError

# A cluster charges the fee for a transaction that fails to load for these reasons; LiteSVM drops it.
_FEE_ONLY = frozenset(
    {
        "InvalidProgramForExecution",
        "MaxLoadedAccountsDataSizeExceeded",
        "ProgramAccountNotFound",
    }
)
_SPECIAL_OWNERS = addresses.LOADERS | {addresses.SYSVAR_OWNER}


@dataclass(frozen=True, slots=True)
class Landed:
    """The outcome of a transaction that is part of its slot."""

    err: ErrorJson | None
    meta: Mapping[str, object]
    memo: str | None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transaction would do."""

    err: ErrorJson | None
    # None if it would not even be charged.
    fee: int | None
    logs: list[str]
    units: int
    inner_instructions: list[dict[str, object]]
    return_data: dict[str, object] | None
    # Writable accounts afterwards; empty if it would fail.
    accounts: Mapping[Pubkey, Account]
    before: Balances
    after: Balances
    loaded_bytes: int


def error_json(failed: FailedTransactionMetadata) -> ErrorJson:
    """The error of a failed transaction, as answers show it."""
    return cast("ErrorJson", orjson.loads(failed.to_json())["err"])


def execute(svm: LiteSVM, loaded: LoadedTransaction, nonce: Pubkey | None, blockhash: Hash) -> Landed:
    """Run `loaded` and keep its effects; raises TransactionRejectedError if it does not land."""
    before = read_balances(loaded, svm.get_balance, svm.get_account)
    result = svm.send_transaction(loaded.transaction)
    err: ErrorJson | None = None
    metadata: TransactionMetadata
    executed = True
    if isinstance(result, FailedTransactionMetadata):
        metadata = result.meta()
        err, executed = _failure(svm, loaded, result, metadata)
        if not executed:
            _charge(svm, loaded.payer, metadata.fee())
    else:
        metadata = result
    if nonce is not None:
        account = svm.get_account(nonce)
        if account is not None and account.data:
            svm.set_account(nonce, advanced(account, blockhash))
    after = read_balances(loaded, svm.get_balance, svm.get_account)
    described = metas.landed_meta(loaded, err, metadata, before, after, executed)
    return Landed(err, described, metas.memo_of(loaded))


def _failure(
    svm: LiteSVM,
    loaded: LoadedTransaction,
    failed: FailedTransactionMetadata,
    metadata: TransactionMetadata,
) -> tuple[ErrorJson, bool]:
    """(the error, whether it was executed); raises TransactionRejectedError if it does not even cost its fee."""
    err = _named(svm, loaded, error_json(failed))
    # LiteSVM names the signature only of what it executed, and charged.
    executed = metadata.signature() != Signature.default()
    if not executed and not (isinstance(err, str) and err in _FEE_ONLY):
        raise TransactionRejectedError(err)
    return err, executed


def _named(svm: LiteSVM, loaded: LoadedTransaction, err: ErrorJson) -> ErrorJson:
    """LiteSVM calls a missing program "not executable"; a cluster says that it is not found."""
    if err != "InvalidProgramForExecution":
        return err
    programs = (loaded.keys[instruction.program_id_index] for instruction in loaded.instructions)
    missing = any(svm.get_balance(program) is None for program in programs)
    return "ProgramAccountNotFound" if missing else err


def _charge(svm: LiteSVM, payer: Pubkey, fee: int) -> None:
    account = svm.get_account(payer)
    if account is None:
        raise TransactionRejectedError("AccountNotFound")
    left = account.lamports - fee
    charged = Account(left, account.data, account.owner, account.executable, account.rent_epoch)
    svm.set_account(payer, charged)


def simulate(svm: LiteSVM, loaded: LoadedTransaction) -> Simulation:
    """Run `loaded` and keep nothing."""
    before = read_balances(loaded, svm.get_balance, svm.get_account)
    result = svm.simulate_transaction(loaded.transaction)
    metadata = result.meta()
    failed = isinstance(result, FailedTransactionMetadata)
    err = _named(svm, loaded, error_json(result)) if isinstance(result, FailedTransactionMetadata) else None
    charged = not failed or metadata.signature() != Signature.default() or (isinstance(err, str) and err in _FEE_ONLY)
    fee = metadata.fee() if charged else None
    accounts = dict(result.post_accounts()) if isinstance(result, SimulatedTransactionInfo) else {}
    return Simulation(
        err=err,
        fee=fee,
        logs=metadata.logs(),
        units=metadata.compute_units_consumed(),
        inner_instructions=metas.inner_instructions(metadata),
        return_data=metas.return_data(metadata),
        accounts=accounts,
        before=before,
        after=_balances_after(svm, loaded, before, accounts, fee or 0),
        loaded_bytes=_loaded_bytes(svm, loaded) if charged else 0,
    )


def _balances_after(
    svm: LiteSVM,
    loaded: LoadedTransaction,
    before: Balances,
    accounts: Mapping[Pubkey, Account],
    fee: int,
) -> Balances:
    if not accounts:
        lamports = list(before.lamports)
        lamports[0] -= fee
        return Balances(lamports, before.tokens)

    def account(key: Pubkey) -> Account | None:
        return accounts[key] if key in accounts else svm.get_account(key)

    def balance(key: Pubkey) -> int | None:
        return accounts[key].lamports if key in accounts else svm.get_balance(key)

    return read_balances(loaded, balance, account)


def _loaded_bytes(svm: LiteSVM, loaded: LoadedTransaction) -> int:
    """The size that a cluster counts: 64 bytes an account and its data, with the data of its programs."""
    total = 0
    for key in loaded.keys:
        account = svm.get_account(key)
        if account is None:
            continue
        total += 64 + len(account.data)
        if account.executable and account.owner == addresses.UPGRADEABLE_LOADER:
            data = svm.get_account(addresses.program_data_address(key))
            total += 64 + len(data.data) if data is not None else 0
    return total


@contextmanager
def as_of(svm: LiteSVM, past: Mapping[Pubkey, Account | None]) -> Generator[None]:
    """Put accounts back to how they were, for a simulation at an older commitment.

    Programs and sysvars stay as they are: loading a program costs milliseconds, and only one upgraded in the
    last 32 slots would differ.
    """
    changed: dict[Pubkey, Account | None] = {}
    for key, account in past.items():
        current = svm.get_account(key)
        if not _is_special(account) and not _is_special(current):
            changed[key] = current
            svm.set_account(key, account or _absent())
    try:
        yield
    finally:
        for key, account in changed.items():
            svm.set_account(key, account or _absent())


def _is_special(account: Account | None) -> bool:
    return account is not None and account.owner in _SPECIAL_OWNERS


def _absent() -> Account:
    # The SVM removes an account that is set to zero lamports.
    return Account(0, b"", addresses.SYSTEM_PROGRAM)
