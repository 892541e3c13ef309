"""Votes by a key on a machine without a network: exported here, signed there, imported here.

Fetching such a signature takes longer than a blockhash lives, so it rests on a durable nonce, and on nothing that
would make one dangerous. The nonce account is made for one vote: its address follows from the vote. It belongs to the
courier, another key of the same signer, which signs only when the signature is imported, after everything has been
read again: a signature that is stolen on its way is worth nothing. After an hour it is not used any more, and taken
back; so it is once the vote has landed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from chain.clock import chain_time
from chain.durable import has_landed, land_durable
from chain.errors import SignerError
from chain.failures import failure
from chain.multisig.roster import Council
from chain.nonce import LENGTH, Nonce, close_nonce, create_nonce, read_nonce
from chain.rpc import Rpc
from chain.signers import Signer
from chain.transaction import MAX_UNITS, Budget, FeePolicy, compile_message, programs, sign, unsigned
from chain.units import ComputeUnits, MicroLamports, Seconds, Slot, UnixTime
from chain.witnesses import agreed
from ops.errors import OperatorError, UsageError
from ops.signers.acts import Act, Prepared, prepared
from ops.signers.asking import Table
from ops.signers.request import LIFE, Request, read_request
from ops.signers.sending import audited, audited_send
from store import audit
from store.database import Database

FOLDER = Path(".opinion") / "offline"
_NOTHING = bytes(32)
_TRIES = 6
_PAUSE = 0.5


class DistantSigner:
    """A member's key that is elsewhere: it has signed one message, or none yet."""

    def __init__(self, key: Pubkey, signature: Signature | None = None) -> None:
        self._key, self._signature = key, signature

    @property
    def public_key(self) -> Pubkey:
        """The member's."""
        return self._key

    async def sign(self, message: bytes) -> Signature:
        """The signature that was fetched. Raises SignerError where there is none, or for another message."""
        if self._signature is None or not self._signature.verify(self._key, message):
            raise SignerError(f"{self._key} has not signed this: sign the request on its own machine first")
        return self._signature


@dataclass(frozen=True)
class Kept:
    """A request that was exported here and has not come to an end."""

    path: Path
    request: Request

    def age(self, now: UnixTime) -> Seconds:
        """Since it was exported."""
        return Seconds(now - self.request.made_at)

    def words(self, council: Council, now: UnixTime) -> str:
        """What it is and how old, in a line."""
        age, request = self.age(now), self.request
        told = f"{request.act} proposal {request.number} by {council.name(request.member)}"
        old = "; TOO OLD: revoke it" if age > LIFE else ""
        return f"{told}, exported {max(age, 0) // 60} min ago{old}: {self.path}"

    def keep(self) -> None:
        """Write it down, for its owner alone."""
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        self.path.write_text("\n".join(self.request.parts()) + "\n")

    def forget(self) -> None:
        """It has come to an end."""
        self.path.unlink(missing_ok=True)


def member_of(council: Council, told: str) -> Pubkey:
    """Return the member of this name or key. Raises UsageError."""
    found = [key for key, one in council.people.items() if told in (one.name, str(key))]
    if len(found) != 1:
        names = ", ".join(person.name for person in council.people.values())
        raise UsageError(f"{told!r} is no member: give one of {names}, or a key of theirs.")
    return found[0]


def kept_requests(council: Council) -> list[Kept]:
    """Return this council's requests that were exported in this folder, oldest first. Raises UsageError."""
    found = [Kept(path, read_request(path.read_text().splitlines())) for path in FOLDER.glob("*.request")]
    ours = [one for one in found if one.request.multisig == council.pinned.address]
    return sorted(ours, key=lambda one: one.request.made_at)


def signed_by(kept: Sequence[Kept], council: Council, signature: Signature) -> Kept:
    """Return the request that the signature is for. Raises OperatorError."""
    for one in kept:
        if signature.verify(one.request.member, to_bytes_versioned(one.request.message(council.adapter))):
            return one
    told = ", ".join(f"{one.request.act} {one.request.number}" for one in kept) or "none"
    raise OperatorError(f"That is no signature for a request that was exported here ({told}): sign that very request.")


async def export(made: Prepared, courier: Signer, db: Database) -> Kept:
    """Set up the nonce for the vote that was prepared with a DistantSigner, and return the request to carry.

    Raises OperatorError, UsageError, StoreError, SignerError, TransactionError and RpcError.
    """
    if made.act is Act.EXECUTE or len(made.readings) != 1:
        raise UsageError("An offline key approves, rejects or calls off one proposal at a time.")
    table, [reading] = made.table, made.readings
    if courier.public_key in table.council.people:
        name = table.council.name(courier.public_key)
        raise UsageError(f"The courier's key is {name}'s own: give one that is no member's, to pay and to carry.")
    request = Request(
        multisig=table.council.pinned.address,
        number=reading.number,
        act=made.act,
        memo=made.memo or "",
        member=made.signer.public_key,
        courier=courier.public_key,
        made_at=await chain_time(table.rpc),
        value=_NOTHING,
        limit=0,
        price=0,
        payload=reading.stored.payload,
    )
    kept = Kept(FOLDER / f"{request.nonce.address}.request", request)
    await made.confirmed(db)
    # On disk before it is on the chain: what is made there is found again, and taken back.
    kept.keep()
    rent = await table.rpc.rent(LENGTH)
    wanted = create_nonce(courier.public_key, request.seed, rent)
    await audited_send(table, f"export to {made.act} proposals", wanted, courier, db, _details(request))

    async def ask(view: Rpc) -> Nonce | None:
        return await read_nonce(view, request.nonce.address)

    nonce = await agreed(table.rpc, f"nonce account {request.nonce.address}", ask)
    if nonce is None or nonce.authority != courier.public_key:
        raise OperatorError(f"The nonce account {request.nonce.address} is not as it was made: export again.")
    request = replace(request, value=bytes(nonce.value))
    budget = await _budget(table, request)
    kept = replace(kept, request=replace(request, limit=budget.limit, price=budget.price))
    kept.keep()
    return kept


async def complete(table: Table, kept: Kept, signature: Signature, courier: Signer, db: Database) -> Slot:
    """Read everything again, sign as the courier, send, and take the nonce's lamports back; returns the slot.

    Safe to call again after a crash. Raises OperatorError where the request is too old or anything is otherwise than
    it was exported, and what `prepared` and `land_durable` raise.
    """
    request, adapter = kept.request, table.council.adapter
    _same_courier(request, courier)
    message = request.message(adapter)
    member = DistantSigner(request.member, signature)
    transaction = await sign(message, [courier, member])
    slot = await has_landed(table.rpc, transaction)
    if slot is None:
        if (age := kept.age(await chain_time(table.rpc))) > LIFE:
            await revoke(table, kept, courier, db)
            raise OperatorError(f"The request is {age // 60} minutes old, {LIFE // 60} is the most: it was revoked.")
        slot = await _land(table, request, transaction, member, db)
    await revoke(table, kept, courier, db)
    return slot


async def _land(
    table: Table, request: Request, transaction: VersionedTransaction, member: DistantSigner, db: Database
) -> Slot:
    made = await prepared(table, Act(request.act), [request.number], member, db, memo=request.memo or None)
    if made.readings[0].stored.payload != request.payload:
        raise OperatorError(f"Proposal {request.number} is not what was exported: tell the others at once.")
    [wanted] = await made.confirmed(db)
    if wanted != request.vote(table.council.adapter):
        raise OperatorError(f"The vote on proposal {request.number} is not what was exported: export it again.")

    async def sending() -> tuple[Slot, Signature, Slot]:
        slot = await land_durable(table.rpc, transaction, request.nonce)
        return slot, transaction.signatures[0], slot

    details = {**made.details, "nonce": str(request.nonce.address)}
    return await audited(db, f"{request.act} proposals", str(request.multisig), details, sending)


async def revoke(table: Table, kept: Kept, courier: Signer, db: Database) -> None:
    """Take the nonce back: what was signed with it can never land. Safe to call again.

    Raises OperatorError, StoreError, SignerError, TransactionError and RpcError.
    """
    request = kept.request
    _same_courier(request, courier)
    account = await table.rpc.account(request.nonce.address)
    if account is not None and account.lamports:
        wanted = close_nonce(request.nonce.address, courier.public_key, account.lamports)
        latest = await table.rpc.latest_blockhash()
        budget = Budget(MAX_UNITS, MicroLamports(0))
        await _tried_out(table, compile_message(courier.public_key, budget, [wanted], latest.blockhash))
        await audited_send(table, "take back nonce", [wanted], courier, db, _details(request))
    kept.forget()


async def _budget(table: Table, request: Request) -> Budget:
    """What the vote takes as the chain stands, tried out with the nonce that it will use."""
    policy, asked = FeePolicy(), replace(request, limit=MAX_UNITS)
    units = await _tried_out(table, asked.message(table.council.adapter))
    recent = await table.rpc.priority_fees([request.nonce.address])
    return Budget(policy.limit(units), policy.price(recent))


async def _tried_out(table: Table, message: MessageV0) -> ComputeUnits:
    """What it takes. A nonce is neither used nor closed in the block whose value it has, so that is waited for."""
    tried = unsigned(message)
    for left in reversed(range(_TRIES)):
        done = await table.rpc.simulate(tried)
        if done.error is None:
            return done.units
        if not left:
            raise failure(done.error, done.logs, programs=programs(tried), program=table.settings.program)
        await asyncio.sleep(_PAUSE)
    raise AssertionError("the last try returns or raises")


def _same_courier(request: Request, courier: Signer) -> None:
    if courier.public_key != request.courier:
        raise OperatorError(f"The courier of this request is {request.courier}: give that key by --courier.")


def _details(request: Request) -> dict[str, audit.Json]:
    return {
        "proposals": [request.number],
        "key": str(request.member),
        "courier": str(request.courier),
        "nonce": str(request.nonce.address),
    }
