"""Sends what a signer does: the audit log has it before the chain does, and what came of it afterwards."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from solders.instruction import Instruction
from solders.signature import Signature

from chain.errors import ChainError
from chain.journal import SqliteJournal
from chain.sender import Sender, Sent
from chain.signers import Signer
from chain.units import Slot
from ops.errors import OperatorError
from ops.person import person
from ops.signers.asking import Table
from store import audit
from store.database import Database
from store.errors import StoreError

T = TypeVar("T")
JOURNAL = Path(".opinion") / "signers.sqlite3"


async def audited_send(
    table: Table,
    act: str,
    wanted: Sequence[Instruction],
    signer: Signer,
    db: Database,
    details: Mapping[str, audit.Json],
) -> Sent:
    """Send it as one transaction, and audit it.

    Raises what `audited` raises, JournalError, SignerError, TransactionError and RpcError.
    """
    JOURNAL.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(SqliteJournal(JOURNAL)) as journal:
        sender = Sender(table.rpc, journal, program=table.settings.program)
        intent = f"{act} {secrets.token_hex(8)}"

        async def sending() -> tuple[Sent, Signature, Slot]:
            sent = await sender.send(intent, wanted, signer)
            return sent, sent.signature, sent.slot

        return await audited(db, act, str(table.council.pinned.address), details, sending)


async def audited(
    db: Database,
    act: str,
    subject: str,
    details: Mapping[str, audit.Json],
    sending: Callable[[], Awaitable[tuple[T, Signature, Slot]]],
) -> T:
    """Write the act into the audit log, do it, and write down what came of it; without the second row nobody knows.

    Raises StoreError before anything is sent, what `sending` raises, and OperatorError where it landed and that
    cannot be written down.
    """
    async with db.write() as connection:
        number = await audit.append(connection, person(), act, subject, details)
    try:
        done, signature, slot = await sending()
    except ChainError as error:
        async with db.write() as connection:
            await audit.append(connection, person(), "failed", subject, {"of": number, "why": str(error)})
        raise
    try:
        async with db.write() as connection:
            told: dict[str, audit.Json] = {"of": number, "signature": str(signature), "slot": slot}
            await audit.append(connection, person(), "landed", subject, told)
    except StoreError as error:
        words = f"It landed as {signature} in slot {slot}, which the audit log does not have: {error}"
        raise OperatorError(words) from error
    return done
