"""What a signer does: propose, approve, reject, cancel, execute; looked at again before it is signed, and audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.errors import AccountError, TransactionError
from chain.multisig.fingerprint import fingerprint
from chain.multisig.model import Multisig, Proposal, Roles
from chain.multisig.rules import against_cancel, against_execution, against_vote, is_stale
from chain.sender import Sent
from chain.signers import Signer
from ops.errors import OperatorError, UsageError
from ops.signers.asking import Table
from ops.signers.reading import Reading
from ops.signers.sending import audited_send
from oracle.councils import read_council
from oracle.settlement.recorder import recording
from store import analyses, audit
from store.database import Database

_RACES = 3
TOGETHER = 12
"""How many votes fit into one transaction's 1,232 bytes, with room to spare."""


class Act(StrEnum):
    """What is done to proposals; its value is what the audit log calls it."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    EXECUTE = "execute"


@dataclass(frozen=True)
class Prepared:
    """An act on proposals as a person read them: what is signed is that, or nothing."""

    table: Table
    act: Act
    readings: tuple[Reading, ...]
    signer: Signer
    memo: str | None

    @property
    def words(self) -> str:
        """Eight words for all of it, in this order; for one proposal its own."""
        if len(self.readings) == 1:
            return self.readings[0].words
        return fingerprint(sha256(b"".join(one.stored.payload_hash for one in self.readings)).digest())

    @property
    def details(self) -> dict[str, audit.Json]:
        """What the audit log keeps of it."""
        told: dict[str, audit.Json] = {
            "proposals": [one.number for one in self.readings],
            "payloads": [one.stored.payload_hash.hex() for one in self.readings],
            "key": str(self.signer.public_key),
        }
        return told if self.memo is None else {**told, "memo": self.memo}

    async def make(self, db: Database) -> Sent:
        """Read everything again, write it into the audit log, and send it as one transaction.

        Raises what `confirmed` raises, SignerError, StoreError and TransactionError.
        """
        wanted = await self.confirmed(db)
        return await audited_send(self.table, f"{self.act} proposals", wanted, self.signer, db, self.details)

    async def confirmed(self, db: Database) -> list[Instruction]:
        """Read everything again, and return what does the act.

        Raises OperatorError when anything is otherwise than it was read, what `prepared` raises, and RpcError.
        """
        again = await prepared(
            self.table, self.act, [one.number for one in self.readings], self.signer, db, memo=self.memo
        )
        for before, now in zip(self.readings, again.readings, strict=True):
            if before.stored.payload_hash != now.stored.payload_hash:
                raise OperatorError(f"Proposal {now.number} is not what was read before: tell the others at once.")
        return [await self._instruction(reading) for reading in again.readings]

    async def _instruction(self, reading: Reading) -> Instruction:
        adapter, multisig = self.table.council.adapter, reading.multisig
        member, number = self.signer.public_key, reading.number
        match self.act:
            case Act.APPROVE:
                return adapter.approve(multisig.address, number, member)
            case Act.REJECT:
                return adapter.reject(multisig.address, number, member, self.memo)
            case Act.CANCEL:
                return adapter.cancel(multisig.address, number, member)
            case Act.EXECUTE:
                return await adapter.execute(self.table.rpc, multisig, number, member)


async def prepared(
    table: Table, act: Act, numbers: Sequence[int], signer: Signer, db: Database, *, memo: str | None = None
) -> Prepared:
    """Read the proposals and refuse what must not or cannot be done.

    Raises OperatorError with the reason, UsageError, EndpointsDisagree, AccountError, RpcError and StoreError.
    """
    if len(set(numbers)) != len(numbers) or not numbers:
        raise UsageError("Name each proposal once.")
    if len(numbers) > (1 if act is Act.EXECUTE else TOGETHER):
        most = "one proposal is executed" if act is Act.EXECUTE else f"{TOGETHER} proposals are voted on"
        raise UsageError(f"At most {most} in one transaction: name fewer.")
    if signer.public_key not in table.council.people:
        raise OperatorError(f"{signer.public_key} is nobody's key in the roster's [{table.name}]: use a member's.")
    readings = [await table.reading(number, db) for number in numbers]
    for reading in readings:
        if (why := _against(act, reading, signer.public_key)) is not None:
            raise OperatorError(f"Nothing was signed: {why}.")
    return Prepared(table, act, tuple(readings), signer, memo)


def _against(act: Act, reading: Reading, member: Pubkey) -> str | None:
    """Why it must not or cannot be done. What must not be approved may be rejected and called off."""
    multisig, proposal = reading.multisig, reading.proposal
    if act in (Act.APPROVE, Act.EXECUTE) and reading.refusals:
        return f"proposal {reading.number} must not be approved: {reading.refusals[0].removesuffix('.')}"
    match act:
        case Act.APPROVE:
            if member in proposal.approved:
                return f"{reading.names([member])} has approved proposal {reading.number} already"
            return against_vote(multisig, proposal, member)
        case Act.REJECT:
            return against_vote(multisig, proposal, member)
        case Act.CANCEL:
            return against_cancel(multisig, proposal, member)
        case Act.EXECUTE:
            changes = bool(reading.stored.changes) or reading.stored.authority == multisig.address
            return against_execution(multisig, proposal, member, reading.now, changes_multisig=changes)


async def propose_score(table: Table, market: Pubkey, signer: Signer, db: Database) -> tuple[Sent, int]:
    """Propose the score that the oracle prepared for a market; returns the proposal's number too.

    Where somebody else's proposal takes the number first, it is looked again whether that is this one, and the next
    number is tried. Raises OperatorError where there is no score, where it is proposed already, or where the key may
    not propose.
    """
    kept = await analyses.get(db, str(market))
    if kept is None:
        raise OperatorError(f"The oracle has no analysis of {market} yet: wait for it, or look at 'opinion explain'.")
    wanted = recording(table.council.authority, kept, table.settings.program)
    for left in reversed(range(_RACES)):
        multisig = await read_council(table.rpc, table.council)
        if Roles.INITIATE not in multisig.roles_of(signer.public_key):
            words = f"{signer.public_key} may not propose in multisig {multisig.address}: use a member's key."
            raise OperatorError(words)
        if (standing := await _already(table, multisig, wanted)) is not None:
            state = standing.status.value
            raise OperatorError(f"Proposal {standing.index} does that already, and is {state}: vote on it.")
        made = table.council.adapter.propose(multisig, signer.public_key, table.council.vault, [wanted])
        number = multisig.last_index + 1
        details: dict[str, audit.Json] = {"proposal": number, "market": str(market), "key": str(signer.public_key)}
        try:
            return await audited_send(table, "propose score", made, signer, db, details), number
        except TransactionError:
            again = await read_council(table.rpc, table.council)
            if not left or again.last_index == multisig.last_index:
                raise
    raise AssertionError("the last try returns or raises")


async def _already(table: Table, multisig: Multisig, wanted: Instruction) -> Proposal | None:
    for proposal in (await table.seen()).open:
        if is_stale(multisig, proposal):
            continue
        try:
            stored = await table.council.adapter.stored(table.rpc, multisig, proposal.index)
        except AccountError:
            continue
        if stored.does(wanted, table.council.authority):
            return proposal
    return None
