"""How each council stands, in plain values: what the overview, the console and its recordings carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from solders.pubkey import Pubkey

from chain.decoding.programs import Decoder
from chain.errors import ChainError
from chain.multisig.model import Roles, Status
from chain.multisig.rules import is_stale, missing_approvals, not_voted, released_at
from chain.rpc import Rpc
from chain.units import Lamports
from ops.signers.asking import NAMES, CouncilSeen, Table
from ops.signers.backends import agent_words
from ops.signers.words import roles, span
from oracle.councils import read_roster
from settings import Settings, SettingsError

WAITS_LONG = timedelta(minutes=30)
"""So long a proposal may wait for signatures before a person is told."""


@dataclass(frozen=True, slots=True)
class Seated:
    """One member: who they are, what they may do, and whether they could vote now."""

    name: str
    region: str
    key: Pubkey
    may: str
    votes: bool
    balance: Lamports
    ready: bool
    seen_at: datetime | None = None
    """When their key was in a transaction last."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One proposal that may still come to something. `since` is when it came into its status, None where the program
    does not keep it; `free_at` when its time lock ends, None where it is not approved."""

    number: int
    status: Status
    stale: bool
    since: datetime | None
    free_at: datetime | None
    lacks: int
    approved: tuple[str, ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CouncilStanding:
    """One council at the chain's time `now`, or in `why` why it cannot be told."""

    name: str
    address: str
    now: datetime | None = None
    threshold: int = 0
    time_lock: int = 0
    differences: tuple[str, ...] = ()
    seats: tuple[Seated, ...] = ()
    open: tuple[Waiting, ...] = ()
    authority: Pubkey | None = None
    why: str | None = None
    agent: str | None = None
    """Whose keys the ssh-agent of this session holds, in words."""

    @property
    def ready(self) -> int:
        """How many could vote now."""
        return sum(seat.ready for seat in self.seats)

    @property
    def active(self) -> tuple[Waiting, ...]:
        """What waits for votes."""
        return tuple(one for one in self.open if one.status is Status.ACTIVE and not one.stale)

    def words(self) -> str:
        """How many are ready and what waits, in a sentence without a full stop."""
        if self.why is not None:
            return f"cannot be told: {self.why}"
        if self.differences:
            return f"NOT AS AGREED: {self.differences[0]}"
        told = f"{self.ready} ready, {self.threshold} needed"
        if not self.active:
            return f"{told}; nothing waits for signatures"
        oldest, count = self.active[0], len(self.active)
        waits = "" if oldest.since is None or self.now is None else f" for {span(self.now - oldest.since)}"
        first = f"proposal {oldest.number} waits{waits}, ask {', '.join(oldest.asked) or 'nobody'}"
        return f"{told}; {first}{f'; {count - 1} more' if count > 1 else ''}"

    def long_waiting(self) -> tuple[Waiting, ...]:
        """What has waited for signatures for too long."""
        now = self.now
        if now is None:
            return ()
        return tuple(one for one in self.active if one.since is not None and now - one.since > WAITS_LONG)


async def councils(settings: Settings, rpc: Rpc) -> tuple[CouncilStanding, ...]:
    """Read every council that the settings name; one that cannot be read says why, and fails nothing else."""
    try:
        roster = read_roster(settings)
    except (SettingsError, ChainError) as error:
        return (CouncilStanding("settlement", "", why=str(error).removesuffix(".")),)
    found: list[CouncilStanding] = []
    for name, council in zip(NAMES, (roster.settlement, roster.upgrade), strict=True):
        if council is None:
            continue
        table = Table(name, settings, council, rpc, Decoder(settings.program))
        try:
            found.append(_plain(await table.seen(), await agent_words(council)))
        except ChainError as error:
            found.append(CouncilStanding(name, str(council.pinned.address), why=str(error)))
    return tuple(found)


def _plain(seen: CouncilSeen, agent: str) -> CouncilStanding:
    multisig, council = seen.multisig, seen.council

    def names(keys: Iterable[Pubkey]) -> tuple[str, ...]:
        wanted = set(keys)
        known = [council.name(key) for key in council.people if key in wanted]
        return (*known, *(str(key) for key in wanted if key not in council.people))

    waiting = [
        Waiting(
            number=one.index,
            status=one.status,
            stale=is_stale(multisig, one),
            since=None if one.since is None else datetime.fromtimestamp(one.since, UTC),
            free_at=datetime.fromtimestamp(released_at(multisig, one), UTC) if one.status is Status.APPROVED else None,
            lacks=missing_approvals(multisig, one),
            approved=names(one.approved),
            asked=names(not_voted(multisig, one)),
        )
        for one in seen.open
    ]
    seats = [
        Seated(
            seat.person.name,
            seat.person.region,
            seat.key,
            roles(seat.roles),
            Roles.VOTE in seat.roles,
            seat.balance,
            seat.ready,
            None if seat.seen_at is None else datetime.fromtimestamp(seat.seen_at, UTC),
        )
        for seat in seen.seats
    ]
    return CouncilStanding(
        name=seen.name,
        address=str(multisig.address),
        now=datetime.fromtimestamp(seen.now, UTC),
        threshold=multisig.threshold,
        time_lock=multisig.time_lock,
        differences=seen.differences,
        seats=tuple(seats),
        open=tuple(waiting),
        authority=council.authority,
        agent=agent,
    )
