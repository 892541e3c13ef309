"""Reads councils and proposals: what signers decide by is believed only if two RPC nodes say it alike."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain import addresses
from chain.checks import Check, Result
from chain.clock import CLOCK_ID, clock_time
from chain.decoding.model import Decoded
from chain.decoding.programs import Decoder
from chain.errors import ProposalNotFound
from chain.multisig.model import Multisig, Proposal, Roles, Status
from chain.multisig.pinned import differences
from chain.multisig.roster import Council, Person
from chain.multisig.stored import StoredTransaction
from chain.rpc import Rpc
from chain.units import Lamports, UnixTime
from chain.witnesses import agreed
from ops.cluster import connected
from ops.errors import OperatorError, UsageError
from ops.signers.checks import NOTHING, Brought, lateness, score_checks, upgrade_checks
from ops.signers.reading import Reading, judged
from ops.signers.simulation import simulation_checks
from oracle.councils import read_roster
from settings import Settings
from store import analyses
from store.database import Database

LEAST_FEES = Lamports(10_000_000)
"""Below it a signer can hardly vote: each vote is a transaction of their own."""
NEWEST = 50
"""How many of the newest proposals are looked at."""
NAMES = ("settlement", "upgrade")
GETTERS = ("to", "new_authority", "recipient", "spill")
"""The roles of accounts that get something; of tokens the account does not say whose it is."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One member, and whether they could vote now."""

    person: Person
    key: Pubkey
    roles: Roles
    balance: Lamports
    seen_at: UnixTime | None
    """When their key was in a transaction last, None where the nodes know of none."""

    @property
    def ready(self) -> bool:
        """Whether they may vote and can pay for it."""
        return Roles.VOTE in self.roles and self.balance >= LEAST_FEES


@dataclass(frozen=True, slots=True)
class CouncilSeen:
    """One council as the chain shows it at `now`; `differences` are from what was agreed on, none where all is so."""

    name: str
    council: Council
    multisig: Multisig
    now: UnixTime
    differences: tuple[str, ...]
    seats: tuple[Seat, ...]
    open: tuple[Proposal, ...]
    """Those that may still come to something, oldest first."""

    @property
    def ready(self) -> int:
        """How many could vote."""
        return sum(seat.ready for seat in self.seats)


@dataclass(frozen=True)
class Table:
    """One council, the RPC nodes to ask, what decodes for this program, and what the signer brought along."""

    name: str
    settings: Settings
    council: Council
    rpc: Rpc
    decoder: Decoder
    brought: Brought = NOTHING

    async def seen(self) -> CouncilSeen:
        """Read the council, its members' balances and what is open. Raises AccountError and RpcError."""
        adapter, pinned = self.council.adapter, self.council.pinned
        multisig = await adapter.read(self.rpc, pinned.address)
        keys = list(self.council.people)
        clock, *accounts = await self.rpc.accounts([CLOCK_ID, *keys])
        shown = await adapter.proposals(self.rpc, multisig, NEWEST)
        newest = await asyncio.gather(*(self.rpc.history(key, limit=1) for key in keys))
        seats = [
            Seat(
                person=self.council.people[key],
                key=key,
                roles=multisig.roles_of(key),
                balance=Lamports(account.lamports if account else 0),
                seen_at=history[0].at if history else None,
            )
            for key, account, history in zip(keys, accounts, newest, strict=True)
        ]
        return CouncilSeen(
            name=self.name,
            council=self.council,
            multisig=multisig,
            now=UnixTime(0) if clock is None else clock_time(clock),
            differences=tuple(differences(pinned, adapter, multisig)),
            seats=tuple(seats),
            open=tuple(reversed([one for one in shown if one.status.is_open])),
        )

    async def proposals(self, status: Status | None = None) -> tuple[Multisig, list[Proposal]]:
        """Read the newest proposals, or those of one status, newest first, from two RPC nodes that have to agree.

        Raises EndpointsDisagree, AccountError and RpcError.
        """

        async def ask(view: Rpc) -> tuple[Multisig, list[Proposal]]:
            multisig = await self.council.adapter.read(view, self.council.pinned.address)
            return multisig, await self.council.adapter.proposals(view, multisig, NEWEST)

        multisig, shown = await agreed(self.rpc, f"multisig {self.council.pinned.address}", ask)
        return multisig, [one for one in shown if status in (None, one.status)]

    async def reading(self, number: int, db: Database | None = None) -> Reading:
        """Read one proposal from two RPC nodes that have to agree, and judge it.

        `db` is where the analysis record of a score is looked up. Raises EndpointsDisagree, AccountError and RpcError.
        """

        async def ask(view: Rpc) -> tuple[Multisig, Proposal, StoredTransaction]:
            adapter = self.council.adapter
            multisig = await adapter.read(view, self.council.pinned.address)
            proposal = await adapter.proposal(view, multisig, number)
            if proposal is None:
                raise ProposalNotFound(f"multisig {multisig.address} has no proposal {number}, or it was closed")
            return multisig, proposal, await adapter.stored(view, multisig, number)

        multisig, proposal, stored = await agreed(self.rpc, f"proposal {number}", ask)
        [clock] = await self.rpc.accounts([CLOCK_ID])
        now = UnixTime(0) if clock is None else clock_time(clock)
        found = judged(self.council, stored, self.decoder)
        refusals = [*found.refusals]
        refusals += differences(self.council.pinned, self.council.adapter, multisig)
        warnings: list[str] = []
        if len(self.rpc.endpoints) == 1:
            warnings.append("only one RPC node is set: if it lies, nobody here notices; give SOLANA_RPC_URL another")
        checks: list[Check] = []
        for one in found.decoded:
            refusals += self._foreign(one)
            warnings += self._strangers(one)
            if one.name == "record_sentiment":
                looked = await score_checks(self.rpc, self.settings.program, one, await self._record(one, db))
                checks += looked.checks
                warnings += lateness(looked.deadline, now, multisig.time_lock)
            if one.program_name == "the loader" and one.name == "upgrade":
                artefact = self.brought.artefact
                checks += await upgrade_checks(self.rpc, self.settings.program, self.council.authority, one, artefact)
        if not found.refusals:
            # What is not understood is not tried out either: it is refused, and nobody has to weigh what it moves.
            voters = multisig.voters
            checks += await simulation_checks(self.rpc, stored, voters, self.settings.program, self._who)
        refusals += [check.words for check in checks if check.result is Result.FAILED]
        warnings += [check.words for check in checks if check.result is Result.NOT_CHECKABLE]
        return Reading(
            council=self.council,
            multisig=multisig,
            proposal=proposal,
            stored=stored,
            now=now,
            deeds=found.deeds,
            decoded=found.decoded,
            refusals=tuple(dict.fromkeys(refusals)),
            warnings=tuple(warnings),
            checks=tuple(checks),
        )

    async def _record(self, one: Decoded, db: Database | None) -> bytes | None:
        """The analysis record of a score: what the signer brought, or what the oracle kept."""
        if self.brought.record is not None or db is None:
            return self.brought.record
        kept = await analyses.get(db, str(one.account("market")))
        return None if kept is None else kept.document

    def _who(self, key: Pubkey) -> str:
        return "the multisig's vault" if key == self.council.authority else self.council.name(key)

    def _foreign(self, one: Decoded) -> list[str]:
        """Accounts that are not the program's own, and signers that are not the vault."""
        roles = {account.role: account.key for account in one.accounts}
        program, wrong = self.settings.program, list[str]()
        if one.program_name == "opinion-market" and roles.get("config", config := addresses.config(program)) != config:
            wrong.append(f"its config is {roles['config']}, not {config}: it is for another deployment")
        for account in one.accounts:
            if account.signs and account.key not in (self.council.authority, self.council.pinned.address):
                wrong.append(f"{account.key} would have to sign as {account.role}, and is not the multisig's vault")
        return wrong

    def _strangers(self, one: Decoded) -> list[str]:
        """Who would get power or money for good, and is nobody of the council: right only if it was announced."""
        gets = [(account.role, account.key) for account in one.accounts if account.role in GETTERS]
        if one.name == "propose_authority":
            gets.append(("authority", one.arguments["key"]))
        known = {self.council.authority, *self.council.people}
        return [
            f"{key}, the {role.replace('_', ' ')} of {one.name}, is nobody of this council: ask who announced that"
            for role, key in gets
            if key not in known
        ]


@asynccontextmanager
async def tables(settings: Settings, url: str | None = None) -> AsyncGenerator[tuple[Table, ...]]:
    """Connect, and yield each council that the settings name. Raises SettingsError, RosterError, OperatorError."""
    roster = read_roster(settings)
    decoder = Decoder(settings.program)
    found = [(name, council) for name, council in zip(NAMES, (roster.settlement, roster.upgrade), strict=True)]
    async with connected(settings, url) as rpc:
        yield tuple(Table(name, settings, council, rpc, decoder) for name, council in found if council is not None)


def one_of(found: Sequence[Table], name: str | None) -> Table:
    """Return the council of this name, or the only one. Raises OperatorError, UsageError."""
    if not found:
        raise OperatorError("No multisig is set: ROSTER_PATH and SQUADS_MULTISIG name it, as docs/signers.md says.")
    if name is None:
        if len(found) == 1:
            return found[0]
        return next(table for table in found if table.name == NAMES[0])
    for table in found:
        if table.name == name:
            return table
    raise UsageError(f"There is no council {name}: give --council {' or '.join(table.name for table in found)}.")
