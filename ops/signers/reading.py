"""One proposal as a signer has to see it: what it does, why it must not be approved, who has said what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.checks import Check
from chain.decoding.model import Decoded
from chain.decoding.programs import Decoder
from chain.errors import NotUnderstood
from chain.multisig.fingerprint import fingerprint
from chain.multisig.model import Multisig, Proposal, Status
from chain.multisig.roster import Council
from chain.multisig.rules import is_stale, missing_approvals, not_voted, released_at
from chain.multisig.stored import StoredTransaction
from chain.multisig.v3.changes import changes_of
from chain.multisig.v4.accounts import ConfigAction
from chain.units import UnixTime
from ops.signers.words import Name, change, effect


@dataclass(frozen=True)
class Deed:
    """One instruction or change: what it does, and its accounts by their roles."""

    words: str
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What two RPC nodes say alike of a proposal, judged. `refusals` are why it must not be approved.

    `checks` are those of a score's analysis or of an upgrade's buffer.
    """

    council: Council
    multisig: Multisig
    proposal: Proposal
    stored: StoredTransaction
    now: UnixTime
    deeds: tuple[Deed, ...]
    decoded: tuple[Decoded, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    checks: tuple[Check, ...] = field(default=())

    @property
    def number(self) -> int:
        """Of the proposal."""
        return self.proposal.index

    @cached_property
    def words(self) -> str:
        """Eight words for what is stored, which are the same for every signer."""
        return fingerprint(self.stored.payload_hash)

    @property
    def lacks(self) -> int:
        """How many more have to approve."""
        return missing_approvals(self.multisig, self.proposal)

    @property
    def market(self) -> Pubkey | None:
        """Whose score it records, None for anything else."""
        found = [one.account("market") for one in self.decoded if one.name == "record_sentiment"]
        return found[0] if len(found) == 1 else None

    def names(self, keys: Sequence[Pubkey]) -> str:
        """Who they are, in the roster's order."""
        known = list(self.council.people)
        ordered = sorted(keys, key=lambda key: known.index(key) if key in known else len(known))
        return ", ".join(self.council.name(key) for key in ordered) or "nobody"

    def standing(self) -> str:
        """How it stands, in words."""
        proposal, multisig = self.proposal, self.multisig
        stale = " and stale: nobody can vote on it any more" if is_stale(multisig, proposal) else ""
        match proposal.status:
            case Status.ACTIVE if not stale:
                asked = self.names(not_voted(multisig, proposal))
                return f"{self.lacks} of {multisig.threshold} approvals are missing; not voted: {asked}"
            case Status.APPROVED:
                left = released_at(multisig, proposal) - self.now
                if left <= 0:
                    return "approved: it can be executed"
                free = datetime.fromtimestamp(released_at(multisig, proposal), UTC)
                return f"approved, under its time lock until {free:%Y-%m-%d %H:%M:%S} UTC, {left} s more"
            case status:
                return f"{status.value}{stale}"


@dataclass(frozen=True)
class Judged:
    """The deeds of a stored transaction, and why it must not be approved."""

    deeds: tuple[Deed, ...]
    decoded: tuple[Decoded, ...]
    refusals: tuple[str, ...]


def judged(council: Council, stored: StoredTransaction, decoder: Decoder) -> Judged:
    """Put everything that is stored into words; whatever cannot be is a refusal."""
    deeds: list[Deed] = []
    decoded: list[Decoded] = []
    refusals: list[str] = []

    def name(key: Pubkey) -> str:
        if key == council.authority:
            return "the multisig's vault"
        return council.name(key)

    actions: list[ConfigAction] = list(stored.changes)
    ordinary: list[Instruction] = []
    itself = stored.authority == council.pinned.address
    for instruction in stored.instructions:
        if itself and instruction.program_id == council.adapter.program:
            try:
                actions += changes_of(instruction, council.pinned.address)
            except NotUnderstood as error:
                refusals.append(str(error))
        else:
            ordinary.append(instruction)
    if stored.multisig != council.pinned.address:
        refusals.append(f"it is of multisig {stored.multisig}, not of {council.pinned.address}")
    if not itself and stored.authority != council.authority:
        refusals.append(f"it acts as {stored.authority}, not as the vault {council.authority} that was agreed on")
    deeds += (Deed(change(action, name)) for action in actions)
    for instruction in ordinary:
        try:
            one = decoder.decode(instruction)
        except NotUnderstood as error:
            refusals.append(str(error))
            continue
        decoded.append(one)
        deeds.append(Deed(effect(one, name), tuple(_account(one, name))))
    if not deeds and not refusals:
        refusals.append("it does nothing")
    return Judged(tuple(deeds), tuple(decoded), tuple(refusals))


def _account(one: Decoded, name: Name) -> list[str]:
    told: list[str] = []
    for account in one.accounts:
        flags = " and ".join(word for word, has in (("signs", account.signs), ("is written", account.writes)) if has)
        who = name(account.key)
        shown = str(account.key) if who == str(account.key) else f"{account.key} ({who})"
        told.append(f"{account.role}: {shown}{f', {flags}' if flags else ''}")
    return told
