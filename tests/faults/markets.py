"""Markets of one batch: people with wallets who stake, and what each of them must hold in the end."""

import asyncio
import hashlib
from dataclasses import dataclass
from random import Random

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.constants import CREATE_FEE, MarketDuration
from chain.signers import KeypairSigner
from chain.units import Stake, UsdcUnits
from ops.demo.stage import Stage
from oracle.texts import Texts
from store.cid import cid_of, text_hash

WORDS = ("calm", "costly", "fair", "lonely", "bright", "slow", "honest", "dull")


@dataclass(frozen=True)
class Staker:
    """Who stakes, how much, with which words."""

    signer: KeypairSigner
    stake: Stake
    text: str

    @property
    def address(self) -> Pubkey:
        """The wallet's."""
        return self.signer.public_key


@dataclass(frozen=True)
class OpenMarket:
    """One market as it was made."""

    run: int
    uuid: bytes
    address: Pubkey
    creator: KeypairSigner
    stakers: tuple[Staker, ...]

    @property
    def name(self) -> str:
        """Its address in words."""
        return str(self.address)


def imagine(seed: int, run: int, place: int, count: int, program: Pubkey) -> OpenMarket:
    """A market that is not there yet; amounts and texts are drawn from the seed, keys are new."""
    chance = Random(f"{seed} market {run} {place}")
    uuid = hashlib.sha256(bytes(KeypairSigner(Keypair()).public_key)).digest()[:16]
    stakers = tuple(
        Staker(
            KeypairSigner(Keypair()),
            Stake(UsdcUnits(chance.randint(Stake.MINIMUM, Stake.MAXIMUM))),
            f"It is {chance.choice(WORDS)} and {chance.choice(WORDS)}, says number {number} of run {run}.{place}.",
        )
        for number in range(count)
    )
    return OpenMarket(run, uuid, addresses.market(uuid, program), KeypairSigner(Keypair()), stakers)


async def open_market(stage: Stage, market: OpenMarket, texts: Texts) -> None:
    """Fund everybody, create the market, stake, and keep the texts where the workers read them."""
    wallets = [(staker.address, staker.stake.units) for staker in market.stakers]
    wallets.append((market.creator.public_key, CREATE_FEE))
    await asyncio.gather(*(stage.fund(wallet, units) for wallet, units in wallets))
    statement = f"Run {market.run} is worth it."
    creator = market.creator.public_key
    create = instructions.create_market(
        creator=creator,
        uuid=market.uuid,
        statement=statement,
        duration=MarketDuration.DAY,
        usdc_mint=stage.mint,
        creator_usdc=stage.usdc_account(creator),
        treasury_usdc=stage.usdc_account(stage.keys.treasury.public_key),
        program=stage.program,
    )
    await stage.sender.send(f"{market.name} create", [create], market.creator)
    for staker in market.stakers:
        await texts.keep(staker.text)
        stake = instructions.stake_opinion(
            staker=staker.address,
            market=market.address,
            stake=staker.stake,
            text_hash=text_hash(staker.text),
            cid=cid_of(staker.text),
            statement_hash=hashlib.sha256(statement.encode()).digest(),
            staker_usdc=stage.usdc_account(staker.address),
            program=stage.program,
        )
        await stage.sender.send(f"{market.name} stake {staker.address}", [stake], staker.signer)
