"""Sends a transaction so that a lost answer, a crash or a bad endpoint neither loses it nor doubles it.

An intent is what is to happen once, named by the caller (`market 8f.. capture`). Its signed bytes are journalled
before they leave, the same bytes are sent to every endpoint again until they land or cannot land any more
(chain.landing), and only then is the intent signed anew. Whoever calls again with the same intent, in this process or
after its death, gets the outcome of what was signed before.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionErrorType

from chain.answers import Commitment, LatestBlockhash
from chain.constants import PROGRAM_ID
from chain.errors import (
    BlockhashUnknown,
    OutcomeUnknown,
    RpcError,
    RpcRefused,
    SendingError,
    TransactionError,
    TransactionExpired,
)
from chain.failures import failure
from chain.journal import Attempt, Journal, Outcome
from chain.landing import Expired, Landed, last_valid_height, look
from chain.rpc import Rpc
from chain.signers import Signer
from chain.transaction import MAX_UNITS, Budget, FeePolicy, compile_message, programs, sign, unsigned
from chain.units import ComputeUnits, MicroLamports, Slot

BLOCKHASH_LIFE = 150
"""Blocks, from the block that a blockhash is of (agave: MAX_PROCESSING_AGE)."""
_SIMULATIONS = 5
_FEE_ACCOUNTS = 128
_YOUNG = 4
"""So many looks at what was signed just now ask only whether it landed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An intent that is done: `signature` is the one that landed, as attempt number `attempt`.

    `witnesses` are the endpoints that saw it land, empty when the journal already knew. `expired` are the earlier
    attempts that this call saw expire, each with the endpoints that know nothing of it: one endpoint's word, where
    only one is configured.
    """

    intent: str
    signature: Signature
    slot: Slot
    attempt: int
    witnesses: tuple[str, ...] = ()
    expired: tuple[Expired, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between looks, between sends of the same bytes to each, and until a call gives up on certainty."""

    look: float = 0.5
    resend: float = 2.0
    give_up: float = 180.0


class Sender:
    """Sends intents, any number at a time; one at a time for each intent."""

    def __init__(
        self,
        rpc: Rpc,
        journal: Journal,
        *,
        fees: FeePolicy = FeePolicy(),  # noqa: B008 - frozen
        pace: Pace = Pace(),
        commitment: Commitment = Commitment.CONFIRMED,
        signings: int = 3,
        blockhash_life: int = BLOCKHASH_LIFE,
        program: Pubkey = PROGRAM_ID,
    ) -> None:
        """`signings` is how often one call signs at most; `blockhash_life` is in blocks."""
        self._rpc = rpc
        self._journal = journal
        self._fees = fees
        self._pace = pace
        self._commitment = commitment
        self._signings = signings
        self._blockhash_life = blockhash_life
        self._program = program

    async def send(
        self, intent: str, instructions: Sequence[Instruction], payer: Signer, signers: Sequence[Signer] = ()
    ) -> Sent:
        """Makes the intent happen once, and tells by which signature.

        Raises a TransactionError when the simulation or the chain refuses (the simulation before anything is
        written), OutcomeUnknown when certainty did not come in time, TransactionExpired when every signing expired,
        SignerError, JournalError and RpcError for what they say.
        """
        expired: list[Expired] = []
        attempts = await self._journal.attempts(intent)
        if attempts and attempts[-1].outcome is Outcome.LANDED:
            return _from_journal(attempts[-1])
        pending = attempts[-1] if attempts and attempts[-1].outcome is None else None
        number = len(attempts)
        for _ in range(self._signings + (pending is not None)):
            if pending is None:
                number += 1
                pending = await self._sign(intent, number, instructions, payer, signers)
                await self._journal.record(pending)
            done = await self._follow(pending, new=number > len(attempts))
            if isinstance(done, Sent):
                return replace(done, expired=tuple(expired))
            expired.append(done)
            pending = None
        words = f"{intent} was signed {len(expired)} times and never landed: raise the priority fee or try again later"
        raise TransactionExpired(words, intent)

    async def resume(self) -> list[Sent | Expired | TransactionError | SendingError]:
        """Takes up every open attempt of the journal, at the same time; signs nothing.

        Each outcome is what `send` would have returned or raised; an expired one may be sent again.
        """
        pending = await self._journal.open_attempts()
        return list(await asyncio.gather(*(self._resume_one(attempt) for attempt in pending)))

    async def look_back(self) -> int:
        """Looks once at every open attempt, concludes those whose outcome is certain and returns how many are left.

        Sends nothing, so it is for intents that nobody needs any more. Raises RpcError.
        """
        left = 0
        for attempt in await self._journal.open_attempts():
            found = await look(self._rpc, attempt, self._commitment)
            if found is None:
                left += 1
                continue
            with suppress(TransactionError):
                await self._conclude(attempt, found)
        return left

    async def _resume_one(self, attempt: Attempt) -> Sent | Expired | TransactionError | SendingError:
        try:
            return await self._follow(attempt)
        except (TransactionError, SendingError) as error:
            return error

    async def _sign(
        self, intent: str, number: int, instructions: Sequence[Instruction], payer: Signer, signers: Sequence[Signer]
    ) -> Attempt:
        """A signed attempt whose simulation succeeded; nothing is written or sent yet."""
        units, latest = await self._simulated(payer.public_key, instructions)
        budget = Budget(self._fees.limit(units), await self._price(instructions))
        message = compile_message(payer.public_key, budget, instructions, latest.blockhash)
        transaction = await sign(message, [payer, *signers])
        return Attempt(
            intent=intent,
            number=number,
            signature=transaction.signatures[0],
            wire=bytes(transaction),
            last_valid_block_height=await last_valid_height(
                self._rpc, latest.last_valid_block_height, self._blockhash_life, self._pace.look
            ),
        )

    async def _simulated(
        self, payer: Pubkey, instructions: Sequence[Instruction], tries: int = _SIMULATIONS
    ) -> tuple[ComputeUnits, LatestBlockhash]:
        """Units that the instructions use, and the blockhash that they were simulated with a moment ago.

        Raises the TransactionError that sending them would end in.
        """
        latest = await self._rpc.latest_blockhash()
        message = compile_message(payer, Budget(MAX_UNITS, MicroLamports(0)), instructions, latest.blockhash)
        transaction = unsigned(message)
        done = await self._rpc.simulate(transaction)
        if done.error is None:
            return done.units, latest
        error = failure(done.error, done.logs, programs=programs(transaction), program=self._program)
        # An endpoint that lags behind the one that gave the blockhash catches up; anything else is an answer.
        if tries > 1 and isinstance(error, BlockhashUnknown):
            await asyncio.sleep(self._pace.look)
            return await self._simulated(payer, instructions, tries - 1)
        raise error

    async def _price(self, instructions: Sequence[Instruction]) -> MicroLamports:
        """What others paid lately for the same accounts, capped; 0 where the node does not tell."""
        writable = {meta.pubkey for item in instructions for meta in item.accounts if meta.is_writable}
        try:
            recent = await self._rpc.priority_fees(sorted(writable, key=str)[:_FEE_ACCOUNTS])
        except RpcRefused:
            return MicroLamports(0)
        return self._fees.price(recent)

    async def _follow(self, attempt: Attempt, *, new: bool = False) -> Sent | Expired:
        """The attempt's certain outcome, journalled; `new` says that it was never sent before.

        Raises TransactionError when it landed and failed, OutcomeUnknown when time is up: it stays open then.
        """
        troubles: list[Exception] = []
        try:
            async with asyncio.timeout(self._pace.give_up):
                found = await self._until_certain(attempt, troubles, new=new)
        except TimeoutError:
            raise OutcomeUnknown(self._unknown(attempt), attempt.intent) from (troubles[-1] if troubles else None)
        return await self._conclude(attempt, found)

    def _unknown(self, attempt: Attempt) -> str:
        unwell = " and ".join(endpoint.name for endpoint in self._rpc.endpoints if endpoint.health.failures)
        trouble = f" with {unwell} in trouble" if unwell else ""
        words = f"whether {attempt.intent} landed as {attempt.signature} is not known yet{trouble}"
        return f"{words}, but it is in the journal: send it again to learn its outcome"

    async def _until_certain(self, attempt: Attempt, troubles: list[Exception], *, new: bool) -> Landed | Expired:
        """Sends the same bytes until they landed or cannot land; `troubles` collects what went wrong."""
        async with asyncio.TaskGroup() as group:
            views = self._rpc.each()
            sending = [group.create_task(self._keep_sending(view, attempt.wire, troubles)) for view in views]
            found = await self._look_until_certain(attempt, troubles, new=new)
            for task in sending:
                task.cancel()
        return found

    async def _keep_sending(self, view: Rpc, wire: bytes, troubles: list[Exception]) -> None:
        """Sends to one endpoint for ever: another may say that it took the bytes and drop them."""
        [endpoint] = view.endpoints
        while True:
            wait = endpoint.health.wait(time.monotonic())
            if wait == 0:
                try:
                    await view.send(wire, preflight=False)
                except (RpcError, TransactionError) as error:
                    # Whatever the answer was, the bytes may have arrived; only the chain can tell.
                    troubles.append(error)
            await asyncio.sleep(min(wait or self._pace.resend, self._pace.resend))

    async def _look_until_certain(self, attempt: Attempt, troubles: list[Exception], *, new: bool) -> Landed | Expired:
        """A new one has not landed before the first pause, and not expired before the next few."""
        if new:
            await asyncio.sleep(self._pace.look)
        young = _YOUNG if new else 0
        while True:
            try:
                if (found := await look(self._rpc, attempt, self._commitment, expiring=young <= 0)) is not None:
                    return found
            except RpcError as error:
                troubles.append(error)
            young -= 1
            await asyncio.sleep(self._pace.look)

    async def _conclude(self, attempt: Attempt, found: Landed | Expired) -> Sent | Expired:
        if isinstance(found, Expired):
            await self._journal.conclude(attempt.signature, Outcome.EXPIRED, None)
            return found
        status = found.status
        outcome = Outcome.LANDED if status.error is None else Outcome.FAILED
        await self._journal.conclude(attempt.signature, outcome, status.slot)
        if status.error is not None:
            raise await self._failure(attempt, status.error)
        return Sent(
            intent=attempt.intent,
            signature=attempt.signature,
            slot=status.slot,
            attempt=attempt.number,
            witnesses=found.witnesses,
        )

    async def _failure(self, attempt: Attempt, error: TransactionErrorType) -> TransactionError:
        """The named exception for a transaction that landed and failed, with its log where a node still has it."""
        try:
            record = await self._rpc.transaction(attempt.signature)
        except RpcError:
            record = None
        return failure(
            error,
            record.logs if record else (),
            programs=programs(VersionedTransaction.from_bytes(attempt.wire)),
            program=self._program,
            signature=str(attempt.signature),
        )


def _from_journal(attempt: Attempt) -> Sent:
    slot = attempt.slot if attempt.slot is not None else Slot(0)
    return Sent(intent=attempt.intent, signature=attempt.signature, slot=slot, attempt=attempt.number)
