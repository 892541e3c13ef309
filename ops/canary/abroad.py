"""The canary of a network that others use too: opened with wallets of one's own, and followed once its day is over."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.accounts import Market, ProgramConfig
from chain.answers import ChainAccount
from chain.constants import CREATE_FEE, MIN_STAKE, MarketDuration
from chain.journal import SqliteJournal
from chain.rpc import Rpc
from chain.sender import Sender
from chain.signers import KeypairSigner, signer_from_file
from chain.token import associated_address, decode_token_account
from chain.units import Lamports, Stake, UsdcUnits, sol, usdc
from ops.canary.course import Say
from ops.cluster import connected
from ops.demo.steps import Step
from ops.demo.story import STATEMENT, VOICES
from ops.errors import OperatorError
from oracle.texts import texts_of
from settings import Settings
from store.cid import cid_of, text_hash

CREATOR = "creator.json"
STAKE = Stake(MIN_STAKE)
FEES = Lamports(20_000_000)
"""What each wallet must have for fees and rent; most of it comes back."""


@dataclass(frozen=True, slots=True)
class Wallets:
    """Who pays: one creator, and two stakers at least."""

    creator: KeypairSigner
    stakers: tuple[KeypairSigner, ...]

    def needs(self) -> Mapping[Pubkey, UsdcUnits]:
        """Return the USDC that each must hold."""
        return {self.creator.public_key: CREATE_FEE} | {one.public_key: STAKE.units for one in self.stakers}


@dataclass(frozen=True, slots=True)
class Fledgling:
    """A canary that can be opened: everything it takes is there."""

    rpc: Rpc
    settings: Settings
    wallets: Wallets
    config: ProgramConfig
    sender: Sender

    def cost(self) -> str:
        """Return in one sentence what it will cost whom."""
        count = len(self.wallets.stakers)
        return (
            f"It costs {usdc(CREATE_FEE)} for good, paid by {self.wallets.creator.public_key}; {count} stakers put "
            f"{STAKE} each into a pool that one of them gets back, less the protocol's fee."
        )


def read_wallets(folder: Path) -> Wallets:
    """Read FOLDER/creator.json and every other keypair file there as a staker's. Raises OperatorError, SignerError."""
    files = sorted(folder.glob("*.json"))
    stakers = [path for path in files if path.name != CREATOR]
    if folder / CREATOR not in files or not 2 <= len(stakers) <= len(VOICES):
        raise OperatorError(
            f"{folder} holds {len(files)} keypair files: it should be {CREATOR}, and one each of 2 to {len(VOICES)} "
            "stakers."
        )
    return Wallets(signer_from_file(folder / CREATOR), tuple(signer_from_file(path) for path in stakers))


@asynccontextmanager
async def prepared(settings: Settings, url: str | None, folder: Path) -> AsyncGenerator[Fledgling]:
    """Check everything and spend nothing. Raises OperatorError for what is missing, and what `chain` raises."""
    wallets = read_wallets(folder)
    journal = SqliteJournal(folder / "canary.sqlite3")
    try:
        async with connected(settings, url) as rpc:
            account = await rpc.account(addresses.config(settings.program))
            if account is None:
                raise OperatorError(
                    f"No program of ours is initialised at {settings.program}: correct PROGRAM_ID or NETWORK."
                )
            config = ProgramConfig.from_account(account.owner, account.data, settings.program)
            await _check_balances(rpc, wallets, config.usdc_mint)
            yield Fledgling(rpc, settings, wallets, config, Sender(rpc, journal, program=settings.program))
    finally:
        journal.close()


async def opened(bird: Fledgling, say: Say) -> Pubkey:
    """Open the market, stake on it, and return its address. Raises what `chain` raises."""
    settings, wallets, config = bird.settings, bird.wallets, bird.config
    uuid = os.urandom(16)
    market = addresses.market(uuid, settings.program)
    voices = VOICES[: len(wallets.stakers)]
    async with texts_of(settings.texts_path, settings.ipfs_gateways, settings.ipfs_apis) as texts:
        for voice in voices:
            await texts.keep(voice.text)
    create = instructions.create_market(
        creator=wallets.creator.public_key,
        uuid=uuid,
        statement=STATEMENT,
        duration=MarketDuration.DAY,
        usdc_mint=config.usdc_mint,
        creator_usdc=associated_address(wallets.creator.public_key, config.usdc_mint),
        treasury_usdc=associated_address(config.treasury, config.usdc_mint),
        program=settings.program,
    )
    await _send(bird, say, "create", f"Market {market} is open for a day.", [create], wallets.creator, market)
    for staker, voice in zip(wallets.stakers, voices, strict=True):
        stake = instructions.stake_opinion(
            staker=staker.public_key,
            market=market,
            stake=STAKE,
            text_hash=text_hash(voice.text),
            cid=cid_of(voice.text),
            statement_hash=hashlib.sha256(STATEMENT.encode()).digest(),
            staker_usdc=associated_address(staker.public_key, config.usdc_mint),
            program=settings.program,
        )
        words = f"{staker.public_key} stakes {STAKE}: “{voice.text}”"
        await _send(bird, say, f"stake {staker.public_key}", words, [stake], staker, market)
    closes = await _closing_time(bird.rpc, market, settings.program)
    words = f"It closes at {closes:%Y-%m-%d %H:%M} UTC. Afterwards: opinion canary --follow {market}"
    say(Step("wait", words, facts={"market": str(market), "closes_at": closes.isoformat()}))
    return market


async def _send(
    bird: Fledgling, say: Say, act: str, words: str, items: Sequence[Instruction], payer: KeypairSigner, market: Pubkey
) -> None:
    sent = await bird.sender.send(f"market {market} {act}", items, payer)
    say(Step(act.partition(" ")[0], words, str(sent.signature), facts={"market": str(market)}))


async def _closing_time(rpc: Rpc, market: Pubkey, program: Pubkey) -> datetime:
    account = await rpc.account(market)
    if account is None:
        raise OperatorError(f"The market {market} is gone: look at its transactions before you open another.")
    return datetime.fromtimestamp(Market.from_account(account.owner, account.data, program).closes_at, UTC)


async def _check_balances(rpc: Rpc, wallets: Wallets, mint: Pubkey) -> None:
    needs = wallets.needs()
    owners = list(needs)
    native, tokens = await asyncio.gather(
        rpc.accounts(owners), rpc.accounts([associated_address(owner, mint) for owner in owners])
    )
    missing: list[str] = []
    for owner, account, token in zip(owners, native, tokens, strict=True):
        if account is None or account.lamports < FEES:
            missing.append(f"{owner} needs {sol(FEES)}")
        if _held(token) < needs[owner]:
            missing.append(f"{owner} needs {usdc(needs[owner])} of {mint}")
    if missing:
        raise OperatorError(f"The canary's wallets hold too little, and nothing was spent: {'; '.join(missing)}.")


def _held(token: ChainAccount | None) -> int:
    return 0 if token is None else decode_token_account(token.owner, token.data).amount
