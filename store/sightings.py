"""What overrides what in the read model. Pure: rows in, rows out.

A notification tells one account as of one slot; a full read tells all accounts, and so absence too, as of one slot.
Rows are written only when something changes, so what is known of an account is as new as its row's slot or as the
newest full read that agreed with it, whichever is newer. From that:

- What is older than what is known changes nothing, be it a late notification or a lagging node's full read.
- Confirmed data may be rolled back. The next full read whose slot reaches the row's repairs it: a confirmed one of the
  chain as it is now, or a finalized one, which nothing rolls back.
- A finalized full read that is older than the newest confirmed one (it lags by some 13 s) cannot tell what a rollback
  is from what is merely new; it only says which rows are final by now.
- An account that one full read lacks is marked; it goes when a finalized full read of a later slot lacks it too. One
  flawed answer removes nothing, and nothing is removed that could come back.
"""

from dataclasses import dataclass, replace

from chain.answers import Commitment


@dataclass(frozen=True, slots=True)
class Row:
    """One account as it is kept. `absent_since` is the slot of the first full read that lacked it."""

    data: bytes
    slot: int
    commitment: Commitment
    absent_since: int | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """The slots of the newest full reads, -1 before the first."""

    confirmed: int = -1
    finalized: int = -1

    @property
    def newest(self) -> int:
        """As of which slot everything is known."""
        return max(self.confirmed, self.finalized)

    def takes(self, slot: int, commitment: Commitment) -> bool:
        """Whether a full read is not older than those before it."""
        return slot >= (self.finalized if commitment is Commitment.FINALIZED else self.newest)

    def after(self, slot: int, commitment: Commitment) -> "Marks":
        """The marks once that full read is taken."""
        if commitment is Commitment.FINALIZED:
            return replace(self, finalized=slot)
        return replace(self, confirmed=slot)


def heard(row: Row | None, data: bytes, slot: int, commitment: Commitment, marks: Marks) -> Row | None:
    """The row after a notification, or None where it changes nothing."""
    if slot <= marks.newest or (row is not None and slot < row.slot):
        return None
    if row is not None and slot == row.slot and row.commitment.reaches(commitment) and row.data == data:
        return None
    return Row(data, slot, commitment)


def found(row: Row | None, data: bytes, slot: int, commitment: Commitment, marks: Marks) -> Row | None:
    """The row after a full read that has the account, or None where that changes nothing.

    `marks` are those before this read; `slot` is not below the read's, and above it where its parts were asked for
    one after another.
    """
    decides = slot >= marks.confirmed
    if row is None:
        return Row(data, slot, commitment) if decides else None
    if slot < row.slot:
        return None
    if row.data != data:
        return Row(data, slot, commitment) if decides else None
    surer = commitment if commitment.reaches(row.commitment) else row.commitment
    absent = None if decides else row.absent_since
    changed = surer is not row.commitment or absent != row.absent_since
    return replace(row, commitment=surer, absent_since=absent) if changed else None


@dataclass(frozen=True, slots=True)
class Missing:
    """What becomes of a row that a full read lacks: marked, gone, or neither."""

    marked: bool
    gone: bool


def lacked(slot: int, row_slot: int, absent_since: int | None, commitment: Commitment, marks: Marks) -> Missing:
    """What becomes of a row, of `row_slot`, that a full read of `slot` lacks; `marks` are those before this read."""
    if row_slot > slot:
        return Missing(marked=False, gone=False)
    if absent_since is None:
        return Missing(marked=slot >= marks.confirmed, gone=False)
    return Missing(marked=False, gone=commitment is Commitment.FINALIZED and slot > absent_since)
