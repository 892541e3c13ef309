"""LiteSVM, set up as a mainnet bank is."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from solders.account import Account
from solders.clock import Clock
from solders.epoch_schedule import EpochSchedule
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.rent import Rent

from opinion_localnet import addresses
from opinion_localnet.bank.clock import SLOTS_PER_EPOCH

# Mainnet's rate since September 2026; LiteSVM's own default is the 6,960 from before.
MAINNET_LAMPORTS_PER_BYTE = 6_333


def create_runtime(lamports_per_byte: int) -> LiteSVM:
    """A LiteSVM with mainnet's features, builtins, precompiles and SPL programs, and no state of its own.

    Signatures, blockhash age and duplicates are ours to check: LiteSVM knows one blockhash only, and its
    failures cannot tell a transaction that lands from one that does not.
    """
    svm = LiteSVM.default().with_mainnet_features().with_builtins().with_sysvars()
    # Before the programs: they are deployed "now", and that must not be in this ledger's future.
    svm.set_clock(Clock(0, 0, 0, 1, 0))
    svm._inner.set_precompiles()  # pyright: ignore[reportPrivateUsage]  # solders wraps every setter but this
    svm.set_rent(Rent.with_lamports_per_byte(lamports_per_byte))
    svm = svm.with_feature_accounts().with_default_programs()
    svm.set_epoch_schedule(EpochSchedule.custom(SLOTS_PER_EPOCH, SLOTS_PER_EPOCH, False))
    return (
        svm.with_sigverify(False).with_blockhash_check(False).with_transaction_history(0).with_log_bytes_limit(10_000)
    )


def set_slot_sysvars(
    svm: LiteSVM, clock: Clock, slot_hashes: Sequence[tuple[int, Hash]], recent: Sequence[Hash]
) -> None:
    """Write the sysvars that change with every slot."""
    svm.set_slot_hashes(slot_hashes)
    svm.set_account(addresses.RECENT_BLOCKHASHES, _recent_blockhashes(recent))
    svm.set_clock(clock)


def _recent_blockhashes(hashes: Sequence[Hash]) -> Account:
    lamports_per_signature = struct.pack("<Q", 5000)
    entries = b"".join(bytes(item) + lamports_per_signature for item in hashes)
    data = struct.pack("<Q", len(hashes)) + entries
    return Account(1, data, addresses.SYSVAR_OWNER)
