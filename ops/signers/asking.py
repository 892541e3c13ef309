"""Reads councils and proposals: what signers decide by is believed only if two RPC nodes say it alike."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import Market
from chain.checks import Check, Result, passed_if
from chain.clock import CLOCK_ID, clock_time
from chain.constants import MarketState
from chain.decoding.model import Decoded
from chain.decoding.programs import Decoder
from chain.errors import AccountError, ProposalNotFound
from chain.evidence import Evidence
from chain.loader import Buffer, decode_loader_account, executable_hash
from chain.market_reader import read_evidence
from chain.multisig.model import Multisig, Proposal, Roles, Status
from chain.multisig.pinned import differences
from chain.multisig.roster import Council, Person
from chain.multisig.stored import StoredTransaction
from chain.rpc import Rpc
from chain.units import Lamports, UnixTime
from chain.witnesses import agreed
from ops.cluster import connected
from ops.errors import OperatorError, UsageError
from ops.localnet import PROGRAM_FILE
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
    """One council, the RPC nodes to ask, and what decodes for this program."""

    name: str
    settings: Settings
    council: Council
    rpc: Rpc
    decoder: Decoder

    async def seen(self) -> CouncilSeen:
        """Read the council, its members' balances and what is open. Raises AccountError and RpcError."""
        adapter, pinned = self.council.adapter, self.council.pinned
        multisig = await adapter.read(self.rpc, pinned.address)
        keys = list(self.council.people)
        clock, *accounts = await self.rpc.accounts([CLOCK_ID, *keys])
        shown = await adapter.proposals(self.rpc, multisig, NEWEST)
        seats = [
            Seat(self.council.people[key], key, multisig.roles_of(key), Lamports(account.lamports if account else 0))
            for key, account in zip(keys, accounts, strict=True)
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
                checks += await self._of_score(one, db)
            if one.program_name == "the loader" and one.name == "upgrade":
                checks += await self._of_upgrade(one)
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
            now=UnixTime(0) if clock is None else clock_time(clock),
            deeds=found.deeds,
            decoded=found.decoded,
            refusals=tuple(dict.fromkeys(refusals)),
            warnings=tuple(warnings),
            checks=tuple(checks),
        )

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

    async def _of_score(self, one: Decoded, db: Database | None) -> list[Check]:
        """The market as it stands, and the analysis record computed again here from its opinions."""
        from oracle.analysis.verify import record_checks

        address, said = one.account("market"), one.arguments

        async def ask(view: Rpc) -> Evidence:
            return await read_evidence(view, address, self.settings.program, history=False)

        # One node could leave opinions out, or show a market that was never closed.
        evidence = await agreed(self.rpc, f"market {address}", ask)
        market = evidence.market
        closed = isinstance(market, Market) and market.state is MarketState.CLOSED
        state = market.state.name.lower() if isinstance(market, Market) else "finished"
        checks = [
            passed_if(
                "market",
                closed,
                f"Market {address} is closed and waits for its score.",
                f"Market {address} is {state}: no score can be recorded for it.",
            )
        ]
        if not isinstance(market, Market):
            return checks
        kept = None if db is None else await analyses.get(db, str(address))
        if kept is None:
            words = "There is no analysis record of it here: ask the operator for it, and do not approve without."
            return [*checks, passed_if("record", False, "", words)]
        proposed = replace(
            market, score=said["score"], confidence=said["confidence"], summary_hash=said["summary_hash"]
        )
        checks += record_checks(kept.document, replace(evidence, market=proposed))
        return [*checks, *_crowd(kept.document)]

    async def _of_upgrade(self, one: Decoded) -> list[Check]:
        """The buffer against the program that came with this software."""
        buffer_at, program = one.account("buffer"), one.account("program")
        checks = [
            passed_if(
                "program",
                program == self.settings.program,
                "It upgrades our program.",
                f"It upgrades {program}, which is not our program {self.settings.program}.",
            )
        ]

        async def ask(view: Rpc) -> Buffer | None:
            account = await view.account(buffer_at)
            found = None if account is None else decode_loader_account(account.owner, account.data)
            return found if isinstance(found, Buffer) else None

        # One node could show the program that came with this software in the place of what the buffer holds.
        try:
            found = await agreed(self.rpc, f"buffer {buffer_at}", ask)
        except AccountError:
            found = None
        if found is None:
            return [*checks, passed_if("buffer", False, "", f"There is no buffer at {buffer_at}.")]
        built = executable_hash(PROGRAM_FILE.read_bytes()) if PROGRAM_FILE.is_file() else None
        hashed = executable_hash(found.executable)
        checks.append(
            passed_if(
                "buffer",
                built == hashed,
                f"The buffer holds the program that came with this software, SHA-256 {hashed}.",
                f"The buffer holds SHA-256 {hashed}, the program that came with this software {built}: refuse it.",
            )
        )
        vault = self.council.authority
        checks.append(
            passed_if(
                "buffer's authority",
                found.authority == vault,
                "Only the multisig's vault can change the buffer.",
                f"{found.authority} can change the buffer until it is executed: it has to be handed to {vault} first.",
            )
        )
        return checks


def _crowd(document: bytes) -> list[Check]:
    """What the record says of how far the crowd, the panel and the texts can be trusted."""
    from oracle.analysis.record import AnalysisRecord, RecordError

    try:
        record = AnalysisRecord.from_document(document)
    except RecordError:
        return []
    flagged = sum(bool(opinion.flags) for opinion in record.opinions)
    crowd = record.crowd
    words = (
        f"{crowd.count} opinions with {crowd.coverage / 100:.2f} % of the stake were scored by a panel of "
        f"{len(record.panel)}, whose members lie {crowd.disagreement} points apart; {len(record.outliers)} are "
        f"outliers, {flagged} are flagged, {len(record.left_out)} were left out; the statement is "
        f"{'FLAGGED' if record.statement_flagged else 'not flagged'}."
    )
    return [Check("crowd", Result.OK, words)]


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
