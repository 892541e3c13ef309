"""What the plan names, the program accepts: over random walks of real markets, through `facts` and `acts`."""

import asyncio
import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime

from solders.instruction import Instruction

from chain.constants import RANDOMNESS_DEADLINE, REARM_DELAY
from chain.errors import PROGRAM_ERRORS, TransactionError
from chain.failures import failure
from chain.instructions import expire_market
from chain.transaction import MAX_UNITS, Budget, compile_message, programs, unsigned
from chain.units import MicroLamports
from oracle.prover import Prover
from oracle.settlement.acts import Maker, Parcel
from oracle.settlement.facts import FactsReader
from oracle.settlement.plan import Act, Done, Facts, Wait, WaitReason, next_step
from oracle.settlement.recorder import recording
from store.analyses import KeptAnalysis
from tests.oracle.settlement.house import House, Opened

SEED = 20261124
MOST_STEPS = 400
LAPSED, NOT_READY = PROGRAM_ERRORS[6053], PROGRAM_ERRORS[6052]
EARLY = {WaitReason.CLOSES: Act.CLOSE, WaitReason.REARM: Act.REARM, WaitReason.BOND: Act.REQUEST}
JUMPS = (4, 240, 240, REARM_DELAY, RANDOMNESS_DEADLINE)


class Walk:
    """Markets that go on by chance, and the plan of each held to the program at every step."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self._house, self._chance = house, chance
        self._rpc, self._oracle = house.stage.rpc, house.stage.keys.oracle
        self._prover = Prover([house.stage.keys.randomness])
        self._analysed: set[str] = set()
        self.seen: set[Act | WaitReason] = set()

    async def step(self, market: Opened) -> bool:
        """Hold the plan to the program and, by chance, do what it names; False once nothing is left."""
        facts = await self._facts(market)
        step = next_step(facts)
        if step is Act.CAPTURE and isinstance(await self._refusal(market, facts, step), LAPSED):
            facts = replace(facts, lapsed=True)
            step = next_step(facts)
        expirable = await self._simulated([self._expire(market, facts)]) is None
        if (step is Act.EXPIRE) != expirable:
            # Time goes on: a deadline may have come in between.
            step = next_step(await self._facts(market))
        assert (step is Act.EXPIRE) == expirable, (step, facts)
        if isinstance(step, Done):
            return False
        if isinstance(step, Wait):
            self.seen.add(step.reason)
            assert step.seconds > 0
            if step.reason in EARLY and await self._refusal(market, facts, EARLY[step.reason]) is None:
                # What it waits for may have come in between.
                later = next_step(await self._facts(market))
                assert not (isinstance(later, Wait) and later.reason is step.reason), (step, later)
            await self._pass(step)
            return True
        self.seen.add(step)
        if step is not Act.ANALYSE:
            refusal = await self._refusal(market, facts, step)
            assert refusal is None or (step is Act.CAPTURE and isinstance(refusal, NOT_READY)), (step, refusal)
        if self._chance.random() < 0.9:
            await self._do(market, facts, step)
        return True

    async def _pass(self, wait: Wait) -> None:
        """Let time pass: mostly as much as the plan thinks, sometimes so much that something lapses."""
        if self._chance.random() < 0.3:
            await self._house.stage.extras.warp(self._chance.choice(JUMPS))
        elif wait.seconds > 30:
            await self._house.stage.extras.warp(round(wait.seconds))
        else:
            await asyncio.sleep(0.1)

    async def _facts(self, market: Opened) -> Facts:
        reader = FactsReader(self._rpc, self._house.stage.program, market.address)
        return await reader.read(self._prover, analysed=market.name in self._analysed)

    async def _do(self, market: Opened, facts: Facts, act: Act) -> None:
        if act is Act.ANALYSE:
            self._analysed.add(market.name)
            return
        for parcel in await self._parcels(market, facts, act):
            intent = f"{parcel.intent(market.name, 1)} {self._chance.random()}"
            try:
                await self._house.stage.send(intent, parcel.instructions, self._oracle)
            except NOT_READY:
                return

    async def _refusal(self, market: Opened, facts: Facts, act: Act) -> TransactionError | None:
        parcels = await self._parcels(market, facts, act)
        assert len({parcel.intent(market.name, 1) for parcel in parcels}) == len(parcels) > 0
        # What comes later in an act may rest on what came first.
        return await self._simulated([item for parcel in parcels for item in parcel.instructions])

    async def _parcels(self, market: Opened, facts: Facts, act: Act) -> list[Parcel]:
        program = self._house.stage.program
        if act is Act.RECORD:
            return [Parcel(act, (recording(self._oracle.public_key, _analysis(market), program),))]
        made = await Maker(self._rpc, program, market.address, self._oracle, self._prover).parcels(act, facts)
        assert isinstance(made, list), made
        return made

    def _expire(self, market: Opened, facts: Facts) -> Instruction:
        key = facts.market.randomness_key
        return expire_market(market=market.address, randomness_key=key, program=self._house.stage.program)

    async def _simulated(self, instructions: list[Instruction]) -> TransactionError | None:
        latest = await self._rpc.latest_blockhash()
        budget = Budget(MAX_UNITS, MicroLamports(0))
        transaction = unsigned(compile_message(self._oracle.public_key, budget, instructions, latest.blockhash))
        done = await self._rpc.simulate(transaction)
        if done.error is None:
            return None
        program = self._house.stage.program
        return failure(done.error, done.logs, programs=programs(transaction), program=program)


def _analysis(market: Opened) -> KeptAnalysis:
    document = market.name.encode()
    return KeptAnalysis(
        market=market.name,
        document=document,
        summary_hash=hashlib.sha256(document).digest(),
        score=64,
        confidence=1,
        analyser="nobody",
        input_tokens=0,
        output_tokens=0,
        cost_microdollars=0,
        latency_ms=0,
        made_at=datetime.now(UTC),
    )


async def test_what_the_plan_names_the_program_accepts(house: House) -> None:
    chance = random.Random(SEED)
    walk = Walk(house, chance)
    markets = [await house.market(stakers, close=False) for stakers in (3, 2, 1)]
    wanted = {*Act} - {Act.ACCEPT, Act.PROPOSE} | {
        WaitReason.CLOSES,
        WaitReason.SLOT,
        WaitReason.REARM,
        WaitReason.FINALITY,
    }
    for _ in range(MOST_STEPS):
        if walk.seen >= wanted:
            return
        if not markets:
            markets.append(await house.market(2, close=False))
        if not await walk.step(markets[0]):
            markets.pop(0)
        if chance.random() < 0.1:
            chance.shuffle(markets)
    raise AssertionError(f"never came to {wanted - walk.seen}: the walks are too shallow")
