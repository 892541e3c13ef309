"""Opens many markets on a localnet quickly: all of one kind of transaction at a time, without a journal."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain import addresses, instructions
from chain.answers import Commitment
from chain.constants import CREATE_FEE, MarketDuration
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from chain.transaction import Budget, compile_message, sign
from chain.units import ComputeUnits, Lamports, MicroLamports, UsdcUnits
from ops.demo.authorities import establish
from ops.demo.stage import Stage
from ops.demo.story import VOICES, Voice
from oracle.texts import texts_of
from store.cid import cid_of, text_hash

STAKERS = VOICES[:3]
_AT_ONCE = 16
_BUDGET = Budget(ComputeUnits(400_000), MicroLamports(0))
_PATIENCE_S = 60.0
_LOOK_S = 0.1
_STATUSES = 256
_SOL = 1_000_000_000


async def open_markets(stage: Stage, count: int, texts: Path) -> list[str]:
    """Open so many markets with three opinions each, on a program that is established first, and keep their texts.

    Returns their addresses; `pass_a_day` makes them due.
    """
    pool = sum(voice.stake.units for voice in STAKERS)
    await establish(stage, "establish", UsdcUnits(pool * count))
    async with texts_of(texts) as library:
        for voice in STAKERS:
            await library.keep(voice.text)
    wallets = [KeypairSigner(Keypair()) for _ in STAKERS]
    for wallet, voice in zip(wallets, STAKERS, strict=True):
        await stage.fund(wallet.public_key, UsdcUnits((voice.stake.units + CREATE_FEE) * count))
    payers = [stage.keys.oracle.public_key, *(wallet.public_key for wallet in wallets)]
    sol = Lamports(_SOL * (5 + count // 25))
    await _landed(stage.rpc, [await stage.rpc.airdrop(payer, sol) for payer in payers])
    uuids = [os.urandom(16) for _ in range(count)]
    first, *others = zip(wallets, STAKERS, strict=True)
    await _all(stage.rpc, [_create(stage, uuid, number, *first) for number, uuid in enumerate(uuids)], [first[0]])
    stakes = [[_stake(stage, uuid, number, *other) for other in others] for number, uuid in enumerate(uuids)]
    await _all(stage.rpc, stakes, [wallet for wallet, _ in others])
    return [str(addresses.market(uuid, stage.program)) for uuid in uuids]


async def pass_a_day(stage: Stage) -> None:
    """Every open market's day passes at once."""
    await stage.extras.warp(MarketDuration.DAY)


def _statement(number: int) -> str:
    return f"Remote work makes team {number} better."


def _create(stage: Stage, uuid: bytes, number: int, wallet: KeypairSigner, voice: Voice) -> list[Instruction]:
    creator = wallet.public_key
    create = instructions.create_market(
        creator=creator,
        uuid=uuid,
        statement=_statement(number),
        duration=MarketDuration.DAY,
        usdc_mint=stage.mint,
        creator_usdc=stage.usdc_account(creator),
        treasury_usdc=stage.usdc_account(stage.keys.treasury.public_key),
        program=stage.program,
    )
    return [create, _stake(stage, uuid, number, wallet, voice)]


def _stake(stage: Stage, uuid: bytes, number: int, wallet: KeypairSigner, voice: Voice) -> Instruction:
    staker: Pubkey = wallet.public_key
    return instructions.stake_opinion(
        staker=staker,
        market=addresses.market(uuid, stage.program),
        stake=voice.stake,
        text_hash=text_hash(voice.text),
        cid=cid_of(voice.text),
        statement_hash=hashlib.sha256(_statement(number).encode()).digest(),
        staker_usdc=stage.usdc_account(staker),
        program=stage.program,
    )


async def _all(rpc: Rpc, transactions: Sequence[Sequence[Instruction]], signers: Sequence[KeypairSigner]) -> None:
    """Send every transaction, so many at once, and wait for all; the first signer pays."""
    signatures: list[Signature] = []
    queue = iter(transactions)

    async def go_on() -> None:
        for wanted in queue:
            latest = await rpc.latest_blockhash()
            message = compile_message(signers[0].public_key, _BUDGET, wanted, latest.blockhash)
            signatures.append(await rpc.send(bytes(await sign(message, signers)), preflight=False))

    await asyncio.gather(*(go_on() for _ in range(_AT_ONCE)))
    await _landed(rpc, signatures)


async def _landed(rpc: Rpc, signatures: Sequence[Signature]) -> None:
    """Return once all are confirmed. Raises RuntimeError for one that failed, TimeoutError for one that is missing."""
    async with asyncio.timeout(_PATIENCE_S):
        left = list(signatures)
        while left:
            part = left[:_STATUSES]
            statuses = await rpc.statuses(part)
            if failed := next((status for status in statuses if status and status.error is not None), None):
                raise RuntimeError(f"a transaction that opens markets failed: {failed.error}")
            done = {
                signature
                for signature, status in zip(part, statuses, strict=True)
                if status is not None and status.commitment.reaches(Commitment.CONFIRMED)
            }
            left = [signature for signature in left if signature not in done]
            if not done:
                await asyncio.sleep(_LOOK_S)
