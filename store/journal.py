"""The journal of signed transactions in the database: written only by who may act, in the transaction that sees so."""

from collections.abc import Sequence
from typing import Any

from solders.signature import Signature
from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from chain.errors import JournalError
from chain.journal import Attempt, Outcome
from chain.units import BlockHeight, Slot
from store import audit
from store.database import Database, clock
from store.holds import placed
from store.schema import attempt as attempts_table
from store.schema import settlement
from store.settlements import Claim, held, refusal


class FencedJournal:
    """The journal of one claim's holder (chain.journal.Journal).

    Whatever leads to bytes being sent (record, attempts, open_attempts) raises FenceLost when the market is not held
    any more and OnHold while a hold is placed; telling how an attempt ended is allowed always. Every method raises
    StoreUnavailable, a JournalError too, when the database cannot be used.
    """

    def __init__(self, db: Database, claim: Claim, actor: str) -> None:
        """`actor` is who signs, for the audit log."""
        self._db = db
        self._claim = claim
        self._actor = actor

    async def record(self, attempt: Attempt) -> None:
        """Durable when it returns, with its row in the audit log. Refuses a second open attempt of the intent."""
        mine = select(settlement.c.market).where(held(self._claim)).with_for_update()
        try:
            async with self._db.write() as connection:
                if (await connection.execute(mine)).first() is None:
                    raise await refusal(connection, self._claim)
                details = {"intent": attempt.intent, "number": attempt.number, "signature": str(attempt.signature)}
                details["fence"] = self._claim.fence
                await audit.append(connection, self._actor, "sign", self._claim.market, details)
                # Now, since whoever places a hold waits for the audit log: it is seen, or placed after these bytes.
                if (await connection.execute(select(placed()))).scalar_one():
                    raise await refusal(connection, self._claim)
                await connection.execute(insert(attempts_table).values(self._row(attempt)))
        except IntegrityError as error:
            raise JournalError(f"{attempt.intent} has been signed already by somebody else: resume it") from error

    async def conclude(self, signature: Signature, outcome: Outcome, slot: Slot | None) -> None:
        """Ends an open attempt, for good; concluding it the same way again does nothing."""
        row = attempts_table.c
        same = (row.signature == str(signature)) & or_(row.outcome.is_(None), row.outcome == outcome)
        concluding = update(attempts_table).where(same)
        concluding = concluding.values(
            outcome=outcome,
            slot=func.coalesce(row.slot, slot),
            concluded_at=func.coalesce(row.concluded_at, clock()),
        )
        async with self._db.write() as connection:
            if (await connection.execute(concluding)).rowcount != 1:
                raise JournalError(f"{self._db.name} has no open attempt {signature} to conclude as {outcome}")

    async def attempts(self, intent: str) -> Sequence[Attempt]:
        """All attempts of an intent, oldest first."""
        return await self._select(attempts_table.c.intent == intent)

    async def open_attempts(self) -> Sequence[Attempt]:
        """Every attempt of the claim's market without an outcome, oldest first."""
        mine = attempts_table.c.market == self._claim.market
        return await self._select(mine & attempts_table.c.outcome.is_(None))

    async def _select(self, which: ColumnElement[bool]) -> list[Attempt]:
        """One statement, so that what is returned was so while the market was held."""
        rows = select(attempts_table, placed().label("on_hold"))
        rows = rows.select_from(settlement.outerjoin(attempts_table, which)).where(held(self._claim))
        async with self._db.read() as connection:
            found = (await connection.execute(rows.order_by(attempts_table.c.signed_at, attempts_table.c.number))).all()
            if not found or found[0].on_hold:
                raise await refusal(connection, self._claim)
        return [_attempt(row) for row in found if row.signature is not None]

    def _row(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "signature": str(attempt.signature),
            "intent": attempt.intent,
            "number": attempt.number,
            "market": self._claim.market,
            "fence": self._claim.fence,
            "wire": attempt.wire,
            "last_valid_block_height": attempt.last_valid_block_height,
            "outcome": attempt.outcome,
            "slot": attempt.slot,
            "signed_at": clock(),
        }


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        intent=row.intent,
        number=row.number,
        signature=Signature.from_string(row.signature),
        wire=row.wire,
        last_valid_block_height=BlockHeight(row.last_valid_block_height),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        slot=None if row.slot is None else Slot(row.slot),
    )
