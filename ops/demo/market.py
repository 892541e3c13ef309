"""The demo's steps, in order: each acts on the chain, reads back what came of it, and says so."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.accounts import Market, Opinion, VrfRequest
from chain.constants import CREATE_FEE, MarketDuration
from chain.draw import draw, share
from chain.errors import SlotHashNotReady
from chain.signers import KeypairSigner
from chain.units import UsdcUnits, usdc
from ops.demo.authorities import BOND_SHARE, establish
from ops.demo.opening import creation, staking
from ops.demo.stage import Receipt, Stage
from ops.demo.steps import Step
from ops.demo.story import STATEMENT, VOICES, Voice
from ops.errors import OperatorError
from oracle.analysis import Panel, ReadOpinion, analyse
from oracle.analysis.lexicon import LexiconAnalyser
from store.cid import cid_of, text_hash

CAPTURE_LOOK_S = 0.1
CAPTURE_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Staker:
    """One of the story's voices with a wallet."""

    voice: Voice
    signer: KeypairSigner


class DemoMarket:
    """One market on its way; `address` is known from the start."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._uuid = os.urandom(16)
        self._creator = KeypairSigner(Keypair())
        self._stakers = [Staker(voice, KeypairSigner(Keypair())) for voice in VOICES]
        self.address = addresses.market(self._uuid, stage.program)

    async def steps(self) -> AsyncIterator[Step]:
        """Take the market from nothing to its receipt, yielding each step once it is confirmed."""
        async for step in self.opening():
            yield step
        async for step in self._settling():
            yield step

    async def opening(self) -> AsyncIterator[Step]:
        """Take the market from nothing to its deadline: what comes then is the oracle's."""
        yield await self._prepare()
        yield await self._create()
        for staker in self._stakers:
            yield await self._stake(staker)
        yield await self._wait()

    async def _settling(self) -> AsyncIterator[Step]:
        yield await self._close()
        yield await self._score()
        yield await self._request()
        yield await self._capture()
        yield await self._prove()
        yield await self._draw()
        yield await self._pay()
        yield await self._finish()

    async def _prepare(self) -> Step:
        stage = self._stage
        pool = UsdcUnits(sum(staker.voice.stake.units for staker in self._stakers))
        bond = share(pool, BOND_SHARE)
        wallets = [(staker.signer.public_key, staker.voice.stake.units) for staker in self._stakers]
        wallets.append((self._creator.public_key, CREATE_FEE))
        receipt, _ = await asyncio.gather(
            establish(stage, self._intent("prepare"), bond),
            asyncio.gather(*(stage.fund(wallet, usdc) for wallet, usdc in wallets)),
        )
        vault = {"bond vault": addresses.bond_vault(stage.program)}
        words = f"The program {stage.program} stands with its authorities and {usdc(bond)} more of bond."
        return await self._step("prepare", words, receipt, vault)

    async def _create(self) -> Step:
        stage, creator = self._stage, self._creator.public_key
        create = creation(stage, creator, self._uuid, STATEMENT, MarketDuration.DAY)
        receipt = await stage.send(self._intent("create"), [create], self._creator)
        words = f"“{STATEMENT}” is open for a day, for a fee of {usdc(CREATE_FEE)}: market {self.address}."
        treasury = {"treasury": stage.usdc_account(stage.keys.treasury.public_key)}
        return await self._step("create", words, receipt, treasury, market=str(self.address))

    async def _stake(self, staker: Staker) -> Step:
        stage, voice, wallet = self._stage, staker.voice, staker.signer.public_key
        stake = staking(stage, self.address, STATEMENT, wallet, voice)
        receipt = await stage.send(self._intent(f"stake {voice.name}"), [stake], staker.signer)
        words = f"{voice.name} stakes {voice.stake}: “{voice.text}”"
        holders = {"escrow": self._escrow, voice.name: stage.usdc_account(wallet)}
        return await self._step("stake", words, receipt, holders, staker=str(wallet), cid=cid_of(voice.text))

    async def _wait(self) -> Step:
        now = await self._stage.extras.warp(MarketDuration.DAY)
        return Step("wait", f"A day passes, all at once: it is {now:%Y-%m-%d %H:%M} UTC on the localnet.")

    async def _close(self) -> Step:
        close = instructions.close_market(market=self.address, program=self._stage.program)
        receipt = await self._stage.send(self._intent("close"), [close], self._stage.keys.oracle)
        market = await self._market()
        words = f"The market is closed, with {market.staker_count} stakers and {usdc(market.total_stake)} in its pool."
        return await self._step("close", words, receipt, {"escrow": self._escrow})

    async def _score(self) -> Step:
        opinions = [
            ReadOpinion(
                staker=str(staker.signer.public_key),
                cid=cid_of(staker.voice.text),
                text_hash=text_hash(staker.voice.text),
                stake=staker.voice.stake.units,
                text=staker.voice.text,
            )
            for staker in self._stakers
        ]
        analysis = await analyse(str(self.address), STATEMENT, opinions, Panel((LexiconAnalyser(),)))
        sentiment = instructions.record_sentiment(
            oracle=self._stage.keys.oracle.public_key,
            market=self.address,
            score=analysis.score,
            confidence=analysis.confidence,
            summary_hash=analysis.summary_hash,
            program=self._stage.program,
        )
        receipt = await self._stage.send(self._intent("score"), [sentiment], self._stage.keys.oracle)
        words = (
            f"The crowd's score is {analysis.score} of 100, confidence {analysis.confidence.name.lower()}, "
            f"by the {analysis.analyser}."
        )
        by_staker = {opinion.staker: opinion.score for opinion in analysis.record.opinions}
        scores = {staker.voice.name: by_staker[str(staker.signer.public_key)] for staker in self._stakers}
        facts = {
            "score": analysis.score,
            "confidence": int(analysis.confidence),
            "scores": scores,
            "analyser": analysis.analyser,
            "record": analysis.document.decode(),
        }
        step = await self._step("score", words, receipt, {"escrow": self._escrow}, **facts)
        return replace(
            step, details=["Each opinion: " + ", ".join(f"{name} {score}" for name, score in scores.items())]
        )

    async def _request(self) -> Step:
        stage, payer = self._stage, self._stage.keys.oracle
        request = instructions.request_vrf_randomness(
            requester=payer.public_key,
            market=self.address,
            randomness_key=stage.keys.randomness.public,
            program=stage.program,
        )
        receipt = await stage.send(self._intent("request"), [request], payer)
        target = (await self._vrf_request()).target_slot
        market = await self._market()
        words = (
            f"The draw will rest on the hash of slot {target}, still to come; {usdc(market.bond)} of bond vouch for it."
        )
        holders = {"bond vault": addresses.bond_vault(stage.program)}
        return await self._step("request", words, receipt, holders, target_slot=target, bond=market.bond)

    async def _capture(self) -> Step:
        receipt = await self._capture_when_ready()
        request = await self._vrf_request()
        words = f"The hash of slot {request.captured_slot} is kept."
        facts = {"slot": request.captured_slot, "slot_hash": request.slot_hash.hex(), "alpha": request.alpha.hex()}
        return await self._step("capture", words, receipt, {"escrow": self._escrow}, **facts)

    async def _capture_when_ready(self) -> Receipt:
        capture = instructions.capture_slot_hash(market=self.address, program=self._stage.program)
        async with asyncio.timeout(CAPTURE_TIMEOUT_S):
            while True:
                try:
                    return await self._stage.send(self._intent("capture"), [capture], self._stage.keys.oracle)
                except SlotHashNotReady:
                    await asyncio.sleep(CAPTURE_LOOK_S)

    async def _prove(self) -> Step:
        proof = self._stage.keys.randomness.prove((await self._vrf_request()).alpha)
        fulfil = instructions.fulfill_vrf_randomness(market=self.address, proof=proof, program=self._stage.program)
        receipt = await self._stage.send(self._intent("prove"), [fulfil], self._stage.keys.oracle)
        output = (await self._vrf_request()).output
        words = f"The program has verified the proof; the randomness is {output.hex()[:16]}…"
        facts = {"proof": proof.hex(), "output": output.hex()}
        return await self._step("prove", words, receipt, {"escrow": self._escrow}, **facts)

    async def _draw(self) -> Step:
        stage, total = self._stage, (await self._market()).total_stake
        number = draw((await self._vrf_request()).output, total)
        winner = await self._staker_of(number)
        lottery = instructions.run_lottery_with_vrf(
            market=self.address, winner=winner.signer.public_key, program=stage.program
        )
        receipt = await stage.send(self._intent("draw"), [lottery], stage.keys.oracle)
        market = await self._market()
        words = (
            f"The draw is {market.draw} of {market.total_stake}, which is {winner.voice.name}'s: "
            f"{usdc(market.prize)} to win, {usdc(market.fee)} of fee."
        )
        facts = {"draw": market.draw, "winner": str(market.winner), "prize": market.prize, "fee": market.fee}
        return await self._step("draw", words, receipt, {"escrow": self._escrow}, **facts)

    async def _pay(self) -> Step:
        stage, winner = self._stage, (await self._market()).winner
        treasury = stage.keys.treasury.public_key
        name = next(staker.voice.name for staker in self._stakers if staker.signer.public_key == winner)
        holders = {
            "escrow": self._escrow,
            name: stage.usdc_account(winner),
            "treasury": stage.usdc_account(treasury),
        }
        payouts = [
            instructions.claim_prize(
                market=self.address, winner=winner, destination=holders[name], program=stage.program
            ),
            instructions.collect_fee(
                market=self.address, treasury=treasury, destination=holders["treasury"], program=stage.program
            ),
        ]
        receipt = await stage.send(self._intent("pay"), payouts, stage.keys.oracle)
        return await self._step("pay", f"{name} is paid, and the treasury has its fee.", receipt, holders)

    async def _finish(self) -> Step:
        """Give everybody's rent back; what stays is the receipt, which anyone can verify for ever."""
        stage, payer = self._stage, self._stage.keys.oracle
        wallets = [staker.signer.public_key for staker in self._stakers]
        closings = [
            instructions.close_opinion(market=self.address, staker=wallet, program=stage.program) for wallet in wallets
        ]
        finish = instructions.finish_market(
            market=self.address,
            creator=self._creator.public_key,
            vrf_payer=(await self._vrf_request()).payer,
            program=stage.program,
        )
        receipt = await stage.send(self._intent("finish"), [*closings, finish], payer)
        words = (
            "The opinions are closed, all rent is back with those who paid it; a receipt of the draw stays for ever."
        )
        return await self._step("finish", words, receipt, {"bond vault": addresses.bond_vault(stage.program)})

    async def _staker_of(self, number: UsdcUnits) -> Staker:
        """Whose Opinion on the chain covers the draw."""
        stage = self._stage
        wallets = [staker.signer.public_key for staker in self._stakers]
        keys = [addresses.opinion(self.address, wallet, stage.program) for wallet in wallets]
        for staker, account in zip(self._stakers, await stage.rpc.accounts(keys), strict=True):
            if account and Opinion.from_account(account.owner, account.data, stage.program).covers(number):
                return staker
        raise OperatorError(f"No opinion on {self.address} covers the draw {number}: verify the market.")

    async def _market(self) -> Market:
        account = await self._stage.rpc.account(self.address)
        if account is None:
            raise OperatorError(f"The market {self.address} is gone: is something else using this localnet?")
        return Market.from_account(account.owner, account.data, self._stage.program)

    async def _vrf_request(self) -> VrfRequest:
        address = addresses.vrf_request(self.address, self._stage.program)
        account = await self._stage.rpc.account(address)
        if account is None:
            raise OperatorError(f"The request {address} is gone: is something else using this localnet?")
        return VrfRequest.from_account(account.owner, account.data, self._stage.program)

    @property
    def _escrow(self) -> Pubkey:
        return addresses.escrow(self.address, self._stage.program)

    def _intent(self, act: str) -> str:
        return f"market {self.address} {act}"

    async def _step(self, name: str, words: str, receipt: Receipt, holders: dict[str, Pubkey], **facts: object) -> Step:
        balances = await self._stage.usdc_of(holders)
        return Step(name, words, receipt.signature, receipt.compute_units, balances=balances, facts=facts)
