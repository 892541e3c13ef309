"""Evidence that a gate before a deploy holds, or is waived: who said so, of which artefact, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update

from store import audit
from store.database import Database, clock
from store.schema import gate_evidence as table
from store.schema import storable


class Kind(StrEnum):
    """How a gate was opened: shown to hold, or waived."""

    SHOWN = "shown"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """That a gate holds, or is waived, for one artefact on one network.

    `artefact` is the SHA-256 of the program's bytes, in hex; `document` that of what was put on file, None where there
    is none. It counts until `expires_at` (UTC).
    """

    id: int
    gate: str
    kind: Kind
    network: str
    artefact: str
    owner: str
    words: str
    document: str | None
    made_at: datetime
    expires_at: datetime


async def give(
    db: Database,
    *,
    gate: str,
    kind: Kind,
    network: str,
    artefact: str,
    owner: str,
    words: str,
    life: timedelta,
    document: str | None = None,
) -> Evidence:
    """Write down who says what, for so long from now; the audit log has it too."""
    owner = storable(owner)[:128]
    details: dict[str, audit.Json] = {"network": network, "artefact": artefact, "words": storable(words)}
    details |= {"seconds": int(life.total_seconds())}
    if document is not None:
        details["document"] = document
    async with db.write() as connection:
        await audit.append(connection, owner, "waive gate" if kind is Kind.WAIVED else "show gate", gate, details)
        now = (await connection.execute(select(clock()))).scalar_one()
        values = {
            "gate": gate,
            "kind": kind,
            "network": network,
            "artefact": artefact,
            "owner": owner,
            "words": words,
            "document": document,
            "made_at": now,
            "expires_at": now + life,
        }
        row = (await connection.execute(insert(table).values(values).returning(*_COLUMNS))).mappings().one()
    return _evidence(dict(row))


async def withdraw(db: Database, number: int, actor: str, why: str) -> bool:
    """What was said counts no more; False where there is no such evidence, or it was withdrawn already."""
    ending = update(table).where(table.c.id == number, table.c.withdrawn_at.is_(None))
    ending = ending.values(withdrawn_at=clock(), withdrawn_by=storable(actor)[:128]).returning(table.c.gate)
    async with db.write() as connection:
        gate = (await connection.execute(ending)).scalar_one_or_none()
        if gate is not None:
            await audit.append(connection, actor, "withdraw evidence", gate, {"id": number, "why": storable(why)})
    return gate is not None


async def given(db: Database, network: str, artefact: str) -> list[Evidence]:
    """Return all that was not withdrawn, that which has expired too, oldest first."""
    rows = select(*_COLUMNS).where(table.c.network == network, table.c.artefact == artefact)
    async with db.read() as connection:
        found = await connection.execute(rows.where(table.c.withdrawn_at.is_(None)).order_by(table.c.id))
        return [_evidence(dict(row)) for row in found.mappings()]


_COLUMNS = [column for column in table.c if not column.name.startswith("withdrawn")]


def _evidence(row: dict[str, object]) -> Evidence:
    return Evidence(**{**row, "kind": Kind(str(row["kind"]))})  # pyright: ignore[reportArgumentType] - the table's
