"""What batches, buffers and spending limits have to do, and who watches them apart from that."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from solders.pubkey import Pubkey

from chain.multisig.model import Roles
from chain.multisig.v4 import accounts as a
from tests.programs.multisig.council import Council
from tests.programs.multisig.limits import limit_of
from tests.programs.multisig.machine import Model, Paper, Seen
from tests.programs.spec import DAY
from tests.programs.voting import Unapproved
from tests.programs.world import actor

SHOPS = (actor("shop"), actor("kiosk"))
"""Who is paid out of limits, and by nothing else."""
LIMITS = (actor("limit one"), actor("limit two"))


class Overspent(AssertionError):  # noqa: N818 - named after what happened
    """More was spent than the members allowed, by or to others than they allowed."""


@dataclass
class Batch(Paper):
    """Payments that are approved together and done one by one."""

    creator: Pubkey = field(kw_only=True)
    amounts: list[int] = field(default_factory=list[int])
    done: int = 0


@dataclass
class Buffer:
    """A message that is being put together: all of it, and what is there already."""

    amount: int
    whole: bytes
    filled: bytes


@dataclass
class Limit:
    """A limit under way."""

    asked: a.AddSpendingLimit
    left: int
    since: int


@dataclass
class WideModel(Model):
    """The model with batches, buffers (one for each creator) and limits."""

    buffers: dict[Pubkey, Buffer] = field(default_factory=dict[Pubkey, Buffer])
    limits: dict[Pubkey, Limit] = field(default_factory=dict[Pubkey, Limit])
    spent: int = 0
    amounts: int = 0
    """How many amounts of batches and buffers were given out."""
    now: int = 0

    def execute(self, paper: Paper, by: Pubkey, now: int) -> bool:
        """Does all of it; a batch is never done so."""
        self.now = now
        return not isinstance(paper, Batch) and super().execute(paper, by, now)

    def execute_next(self, batch: Batch, number: int, by: Pubkey, now: int) -> bool:
        """Does a batch's transaction of this number, where it is its turn."""
        if not self.may(by, Roles.EXECUTE) or batch.status is not a.Approved:
            return False
        if now - batch.approved_at < self.time_lock or number != batch.done + 1 or number > len(batch.amounts):
            return False
        batch.done = number
        self.paid += batch.amounts[number - 1]
        if batch.done == len(batch.amounts):
            batch.status = a.Executed
        return True

    def add(self, batch: Batch, by: Pubkey) -> bool:
        """Whether a batch may be longer."""
        return self.may(by, Roles.INITIATE) and by == batch.creator and batch.status is a.Draft

    def activate(self, paper: Paper, by: Pubkey) -> bool:
        """Opens a draft."""
        allowed = self.may(by, Roles.INITIATE) and paper.status is a.Draft and paper.index > self.stale
        if allowed:
            paper.status = a.Active
        return allowed

    def extend(self, of: Pubkey, by: Pubkey, part: bytes) -> bool:
        """Adds to a buffer."""
        buffer = self.buffers.get(of)
        if buffer is None or by != of or not self.may(by, Roles.INITIATE):
            return False
        if len(buffer.filled) + len(part) > len(buffer.whole):
            return False
        buffer.filled += part
        return True

    def propose_buffer(self, of: Pubkey, by: Pubkey) -> bool:
        """Whether a buffer becomes a transaction."""
        buffer = self.buffers.get(of)
        return buffer is not None and by == of and self.may(by, Roles.INITIATE) and buffer.filled == buffer.whole

    def spend(self, key: Pubkey, by: Pubkey, to: Pubkey, amount: int, now: int) -> bool:
        """Takes the amount off a limit."""
        limit = self.limits.get(key)
        if limit is None or by not in limit.asked.members:
            return False
        if limit.asked.destinations and to not in limit.asked.destinations:
            return False
        left, since = limit.left, limit.since
        if limit.asked.period is a.Period.DAY and now - since >= DAY:
            left, since = limit.asked.amount, now - (now - since) % DAY
        if amount > left:
            return False
        limit.left, limit.since = left - amount, since
        self.spent += amount
        return True

    def _changed(self, change: a.ConfigAction) -> bool:
        match change:
            case a.AddSpendingLimit(create_key=key):
                allowed = key not in self.limits
                if allowed:
                    self.limits[key] = Limit(change, change.amount, self.now)
                return allowed
            case a.RemoveSpendingLimit(address):
                found = [key for key in self.limits if limit_of(key) == address]
                for key in found:
                    del self.limits[key]
                return bool(found)
            case _:
                return super()._changed(change)


class WideWitness(Seen):
    """Watches limits too: begun and ended by enough approvals, and never spent beyond what was approved."""

    def __init__(self, council: Council) -> None:
        self._allowed: dict[Pubkey, tuple[a.AddSpendingLimit, int]] = {}
        self._spendings: dict[Pubkey, list[tuple[int, int]]] = defaultdict(list)
        super().__init__(council)

    def _effects(self) -> object:
        council = self._council
        limits = [council.account(limit_of(key)) is not None for key in LIMITS]
        return super()._effects(), limits, [council.lamports(shop) for shop in SHOPS]

    def changed(self, change: a.ConfigAction, now: int) -> None:
        """The members' change was made just now, which `executed` has judged."""
        match change:
            case a.AddSpendingLimit(create_key=key):
                self._allowed[key] = (change, now)
                self._spendings[key].clear()
            case a.RemoveSpendingLimit(address):
                for key in [key for key in self._allowed if limit_of(key) == address]:
                    del self._allowed[key]
            case _:
                pass

    def spent(self, key: Pubkey, by: Pubkey, to: Pubkey, amount: int, now: int) -> None:
        """The chain paid that out of a limit. Raises Unapproved where nobody allowed it, Overspent beyond it."""
        if key not in self._allowed:
            raise Unapproved(f"{amount} were spent of a limit that the members did not begin")
        asked, begun = self._allowed[key]
        if by not in asked.members or to not in (asked.destinations or (to,)):
            raise Overspent(f"{by} paid {to}, whom the limit does not name")
        self._spendings[key].append((now, amount))
        # Periods follow each other from the limit's beginning.
        period = DAY if asked.period is a.Period.DAY else now - begun + 1
        this = sum(spent for at, spent in self._spendings[key] if (at - begun) // period == (now - begun) // period)
        if this > asked.amount:
            raise Overspent(f"{this} were spent in a period of a limit of {asked.amount}")
        self._before = self._effects()
