"""The node: a bank that ticks, and a ledger that it must be written to before anything is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from solders.hash import Hash

from opinion_localnet.bank.bank import Bank
from opinion_localnet.bank.messages import LoadedTransaction
from opinion_localnet.bank.records import ClosedSlot, Commitment, ExecutedTransaction
from opinion_localnet.chain import Chain
from opinion_localnet.genesis import ChainKeys
from opinion_localnet.ledger.history import LedgerHistory

T = TypeVar("T")


class Listener(Protocol):
    """Who is told what happens, at once and on the event loop; it must not block."""

    def executed(self, transaction: ExecutedTransaction, loaded: LoadedTransaction) -> None:
        """A transaction landed in the open slot."""

    def slot_opened(self, slot: int, parent: int, root: int) -> None:
        """A new slot takes transactions; `root` is the newest finalized one."""

    def confirmed(self, slots: Sequence[ClosedSlot], root: int) -> None:
        """`slots` are on disk."""


class Node:
    """Everything that RPC methods work on. It belongs to one event loop."""

    def __init__(self, chain: Chain, slot_seconds: float) -> None:
        self._chain = chain
        self._slot_seconds = slot_seconds
        self._listeners: list[Listener] = []
        # Closed slots that may not be on disk yet, oldest first, and the last that is.
        self._closed: list[ClosedSlot] = []
        self._written = chain.bank.slot_at(Commitment.CONFIRMED)
        self._work = asyncio.Event()
        self._advanced = asyncio.Condition()
        self._writer = ThreadPoolExecutor(1, "ledger-writer")
        self._reader = ThreadPoolExecutor(1, "ledger-reader")

    @property
    def bank(self) -> Bank:
        """The newest state."""
        return self._chain.bank

    @property
    def keys(self) -> ChainKeys:
        """This chain's own keys."""
        return self._chain.keys

    @property
    def genesis_hash(self) -> Hash:
        """The chain's identity."""
        return self._chain.genesis_hash

    @property
    def slot_seconds(self) -> float:
        """How long a slot takes."""
        return self._slot_seconds

    def add_listener(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    async def past(self, question: Callable[[LedgerHistory], T]) -> T:
        """Ask the ledger, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, question, self._chain.history)

    def submit(self, loaded: LoadedTransaction, wire: bytes) -> ExecutedTransaction:
        """Execute a transaction whose signatures were checked; raises TransactionRejectedError."""
        executed = self.bank.execute(loaded, wire)
        for listener in self._listeners:
            listener.executed(executed, loaded)
        return executed

    async def warp(self, slots: int, seconds: float) -> int:
        """Let time pass; returns the open slot once everything before it is confirmed."""
        self._take(self.bank.warp(slots, seconds))
        opened = self.bank.open_slot
        await self.wait_confirmed(opened - 1)
        return opened

    async def wait_confirmed(self, slot: int) -> None:
        """Return once `slot` is on disk."""
        async with self._advanced:
            await self._advanced.wait_for(lambda: self.bank.slot_at(Commitment.CONFIRMED) >= slot)

    async def run(self) -> None:
        """Tick and write until cancelled; raises LedgerError if the disk refuses."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tick())
                tasks.create_task(self._write())
        except BaseExceptionGroup as failures:
            # Whichever task failed first is the reason; the other was cancelled for it.
            raise failures.exceptions[0] from failures

    def close(self) -> None:
        """Write what is left, and release the ledger."""
        self._writer.shutdown()
        self._reader.shutdown()
        try:
            self._store([*self._closed, self.bank.close_slot()])
        finally:
            self._chain.close()

    def _store(self, slots: Sequence[ClosedSlot]) -> None:
        """Write those of `slots` that are not on disk. A failed or cancelled write leaves no gap behind."""
        missing = [slot for slot in slots if slot.slot > self._written]
        if missing:
            self._chain.store.write(missing)
            self._written = missing[-1].slot

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._slot_seconds
        while True:
            await asyncio.sleep(due - loop.time())
            self._take([self.bank.close_slot()])
            # A host that stalled does not get the lost slots at once: clients would see time jump.
            due = max(due + self._slot_seconds, loop.time() + self._slot_seconds / 2)

    def _take(self, closed: list[ClosedSlot]) -> None:
        self._closed += closed
        self._work.set()
        root = self.bank.slot_at(Commitment.FINALIZED)
        for listener in self._listeners:
            listener.slot_opened(self.bank.open_slot, closed[-1].slot, root)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            slots = list(self._closed)
            await loop.run_in_executor(self._writer, self._store, slots)
            del self._closed[: len(slots)]
            self.bank.confirm(slots[-1].slot)
            for listener in self._listeners:
                listener.confirmed(slots, self.bank.slot_at(Commitment.FINALIZED))
            async with self._advanced:
                self._advanced.notify_all()
