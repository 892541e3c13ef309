"""Opening a chain: a new one from a genesis, or an old one from its ledger."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from solders.account import Account
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey

from opinion_localnet.bank.bank import Bank
from opinion_localnet.bank.clock import SLOTS_PER_EPOCH, ChainTime
from opinion_localnet.bank.runtime import create_runtime
from opinion_localnet.errors import LocalnetError
from opinion_localnet.genesis import ChainKeys, Genesis, genesis_accounts, write_genesis
from opinion_localnet.ledger.history import LedgerHistory
from opinion_localnet.ledger.lock import LedgerLock
from opinion_localnet.ledger.schema import FILE_NAME
from opinion_localnet.ledger.store import LedgerStore


@dataclass(frozen=True, slots=True)
class Chain:
    """An open chain; `close` it to let another process have the ledger."""

    bank: Bank
    store: LedgerStore
    history: LedgerHistory
    keys: ChainKeys
    genesis_hash: Hash
    lock: LedgerLock
    # False if the ledger was there before, in which case genesis flags had no effect.
    is_new: bool

    def close(self) -> None:
        """Close the files and release the ledger."""
        self.history.close()
        self.store.close()
        self.lock.release()


def open_chain(directory: Path, genesis: Genesis, *, reset: bool = False) -> Chain:
    """Open the chain in `directory`, making it if there is none; raises LocalnetError."""
    # Before anything is written or removed: a file of the flags that is unusable leaves all as it was.
    start = _start(genesis) if reset or not (directory / FILE_NAME).exists() else None
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = LedgerLock(directory)
    except OSError as error:
        raise LocalnetError(f"The ledger {directory} cannot be used: {error.strerror}.") from error
    try:
        if reset:
            _remove(directory)
        return _open(directory, genesis, lock, start)
    except BaseException:
        lock.release()
        raise


@dataclass(frozen=True, slots=True)
class _Start:
    """A genesis that was found good, and is not on disk yet."""

    keys: ChainKeys
    accounts: list[tuple[Pubkey, Account]]
    svm: LiteSVM


def _start(genesis: Genesis) -> _Start:
    keys = ChainKeys.generate()
    accounts = genesis_accounts(genesis, keys)
    paths = {program.program_id: program.path for program in genesis.programs}
    return _Start(keys, accounts, _runtime(genesis.lamports_per_byte, accounts, paths))


def _open(directory: Path, genesis: Genesis, lock: LedgerLock, start: _Start | None) -> Chain:
    store = LedgerStore(directory)
    is_new = store.is_new
    if is_new:
        start = start or _start(genesis)
        svm = start.svm
        write_genesis(store, genesis, start.keys, start.accounts)
    else:
        svm = _runtime(int(store.meta()["lamports_per_byte"]), list(store.accounts()), {})
    meta = store.meta()
    newest = store.newest_slot()
    state, offset = store.state(store.epoch_start(newest - newest % SLOTS_PER_EPOCH))
    bank = Bank(svm, state, _chain_time(offset, store.newest_time()))
    return Chain(
        bank=bank,
        store=store,
        history=LedgerHistory(directory),
        keys=ChainKeys.from_meta(meta),
        genesis_hash=Hash(meta["genesis_hash"]),
        lock=lock,
        is_new=is_new,
    )


def _chain_time(offset: float, newest: int) -> ChainTime:
    """Time from here on, by a clock that nobody sets, and that goes on while the host sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    started, anchor = time.time(), time.clock_gettime(clock)
    # If the host's clock was put back, the chain goes on from its newest slot: it must not stand still till then.
    return ChainTime(lambda: started + time.clock_gettime(clock) - anchor, max(offset, newest - started), newest)


def _runtime(
    lamports_per_byte: int, accounts: Sequence[tuple[Pubkey, Account]], programs: Mapping[Pubkey, Path]
) -> LiteSVM:
    """A runtime with `accounts`; `programs` are the files that some of them were read from."""
    svm = create_runtime(lamports_per_byte)
    # A program is loaded when its account is set, so what it points to must be there.
    for address, account in sorted(accounts, key=lambda entry: entry[1].executable):
        try:
            svm.set_account(address, account)
        # solders raises a class of its own for this, and exports it nowhere.
        except Exception as error:
            path = programs.get(address)
            if path is not None:
                raise LocalnetError(f"{path} is not a program that this node can load: {error}.") from error
            raise LocalnetError(f"The account {address} cannot be loaded: {error}.") from error
    return svm


def _remove(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name == "lock":
            continue
        if not path.name.startswith("ledger.sqlite3"):
            raise LocalnetError(f"{directory} holds {path.name}, which is no ledger: --reset removes nothing.")
    for path in directory.glob("ledger.sqlite3*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
