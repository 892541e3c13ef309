"""What the demo's steps stand on: one localnet, the authorities' keys, a sender, and who holds how much."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.answers import Commitment
from chain.constants import UPGRADEABLE_LOADER_ID
from chain.errors import RpcRefused
from chain.journal import SqliteJournal
from chain.rpc import Rpc
from chain.sender import Pace, Sender
from chain.signers import KeypairSigner
from chain.token import associated_address, decode_token_account
from chain.units import ComputeUnits, Lamports, UsdcUnits, sol
from ops.errors import OperatorError
from ops.extras import LocalnetExtras
from ops.localnet import LocalnetKeys
from settings import shown

LOOK_S = 0.05
FUNDS = Lamports(1_000_000_000)
CONFIRM_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Receipt:
    """A transaction that landed, and what it cost in compute units."""

    signature: str
    compute_units: ComputeUnits


@dataclass(frozen=True)
class Stage:
    """One localnet with everything that the steps need of it."""

    url: str
    program: Pubkey
    mint: Pubkey
    keys: LocalnetKeys
    rpc: Rpc
    sender: Sender
    extras: LocalnetExtras
    recorder: Pubkey | None = None
    """Who records scores where the oracle's own key does not: a multisig's vault."""

    async def send(
        self, intent: str, instructions: Sequence[Instruction], payer: KeypairSigner, *signers: KeypairSigner
    ) -> Receipt:
        """Make the intent happen once; raises what Sender.send raises."""
        sent = await self.sender.send(intent, instructions, payer, signers)
        record = await self.rpc.transaction(sent.signature)
        if record is None or record.units is None:
            raise OperatorError(f"The localnet does not know the transaction {sent.signature} any more: start it anew.")
        return Receipt(str(sent.signature), record.units)

    async def fund(self, owner: Pubkey, usdc: UsdcUnits) -> None:
        """Give `owner` SOL for fees, when it has too little, and `usdc` on top of what it has."""
        waiting = [Signature.from_string(await self.extras.faucet_usdc(owner, usdc))] if usdc else []
        if await self.rpc.balance(owner) < FUNDS:
            waiting.append(await self._airdrop(owner))
        await self._until_confirmed(waiting)

    async def usdc_of(self, holders: Mapping[str, Pubkey]) -> dict[str, UsdcUnits]:
        """Return the USDC in each token account, by the holder's name; 0 where there is no account."""
        accounts = await self.rpc.accounts(list(holders.values()))
        return {
            name: UsdcUnits(decode_token_account(account.owner, account.data).amount if account else 0)
            for name, account in zip(holders, accounts, strict=True)
        }

    def usdc_account(self, owner: Pubkey) -> Pubkey:
        """Where the owner's USDC is."""
        return associated_address(owner, self.mint)

    async def _airdrop(self, owner: Pubkey) -> Signature:
        try:
            return await self.rpc.airdrop(owner, FUNDS)
        except RpcRefused as error:
            raise OperatorError(
                f"{owner} has too little SOL and the faucet gives none ({error}): send it {sol(FUNDS)}."
            ) from None

    async def _until_confirmed(self, signatures: Sequence[Signature]) -> None:
        async with asyncio.timeout(CONFIRM_TIMEOUT_S):
            while signatures:
                statuses = await self.rpc.statuses(signatures)
                signatures = [
                    signature
                    for signature, status in zip(signatures, statuses, strict=True)
                    if status is None or not status.commitment.reaches(Commitment.CONFIRMED)
                ]
                if signatures:
                    await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def open_stage(
    program: Pubkey, url: str, keys: LocalnetKeys, journal: Path, recorder: Pubkey | None = None
) -> AsyncGenerator[Stage]:
    """Connect to the localnet at `url`; raises OperatorError when something else is there, or no program of ours."""
    extras = LocalnetExtras(url)
    info = await extras.info()
    book = SqliteJournal(journal)
    try:
        async with Rpc([url], genesis_hash=info.genesis_hash) as rpc:
            await _check_program(rpc, program)
            sender = Sender(rpc, book, pace=Pace(look=LOOK_S), program=program)
            yield Stage(shown(url), program, info.usdc_mint, keys, rpc, sender, extras, recorder)
    finally:
        book.close()


async def _check_program(rpc: Rpc, program: Pubkey) -> None:
    account = await rpc.account(program)
    if account is None or not account.executable or account.owner != UPGRADEABLE_LOADER_ID:
        raise OperatorError(
            f"PROGRAM_ID is {program}, but this localnet has no program there: unset it, or start the localnet with it."
        )
