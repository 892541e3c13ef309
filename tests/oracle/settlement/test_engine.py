"""Markets settled by a real engine on a real localnet: every ending, and every reason to wait on the way."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain import instructions
from chain.accounts import Market, MarketReceipt
from chain.constants import RANDOMNESS_DEADLINE, REARM_DELAY, TOKEN_PROGRAM_ID, MarketState, RefundReason
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from oracle.analysis import Panel
from oracle.analysis.analyser import Limits, Reading, ScoredBatch
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.analysis.presentation import Words
from oracle.prover import Prover
from oracle.settlement.plan import WaitReason
from store import holds, pauses, settlements
from store.settlements import Phase, Queue, Settlement, Status
from tests.oracle.settlement.house import House, Opened, waits

SLOT_HASHES_S = 240
"""Six hundred slots: more than SlotHashes holds."""
FEE = 1_000
NOWHERE = "http://127.0.0.1:1"


async def test_a_market_is_settled_once_and_paid(house: House) -> None:
    market = await house.market()
    row = await house.settle(market)
    assert (row.status, row.attempt, row.takeovers, row.wait_reason) == (Status.DONE, 0, 0, None)
    assert row.finished_at is not None
    await _is_settled(house, market)
    assert {run.phase for run in await house.runs(market)} == {*map(str, Phase)} - {"refund"}
    assert {(Queue.ANALYSE, market.name), (Queue.CLEAN, market.name)} <= set(house.put)


async def test_a_market_takes_few_questions_to_a_node(house: House) -> None:
    market = await house.market()
    asked: Counter[str] = Counter()
    async with Rpc([house.stage.url]) as rpc:
        for name in ("ask", "ask_raw", "ask_body"):
            for endpoint in rpc.endpoints:
                setattr(endpoint, name, _counting(getattr(endpoint, name), asked))
        await house.settle(market, engine=house.engine(rpc=rpc))
    # Ten transactions: each a blockhash, its height, a simulation and a price, asked once.
    steady = {"getLatestBlockhash", "getBlockHeight", "simulateTransaction", "getRecentPrioritizationFees"}
    assert {method: asked[method] for method in steady} == dict.fromkeys(steady, 10)
    assert asked["sendTransaction"] + asked["getSignatureStatuses"] <= 40, asked
    assert asked["getProgramAccounts"] <= 4, asked


def _counting(ask: Callable[..., Awaitable[Any]], asked: Counter[str]) -> Callable[..., Awaitable[Any]]:
    async def counted(method: str, *rest: Any) -> Any:
        asked[method] += 1
        return await ask(method, *rest)

    return counted


async def test_workers_that_serve_one_kind_of_job_each_need_no_others_keys(house: House) -> None:
    market = await house.market()
    keyless = {"recorder": None, "prover": Prover([])}
    engines = {
        Queue.ANALYSE: house.engine("analyses", oracle=None, serves=frozenset([Queue.ANALYSE]), **keyless),
        Queue.SETTLE: house.engine("settles", serves=frozenset([Queue.SETTLE])),
        Queue.CAPTURE: house.engine("captures", oracle=market.stakers[0], serves=frozenset([Queue.CAPTURE]), **keyless),
        Queue.CLEAN: house.engine("clears", oracle=market.stakers[0], serves=frozenset([Queue.CLEAN]), **keyless),
    }
    async with asyncio.timeout(60):
        while (row := await house.row(market)).status is not Status.DONE:
            assert row.status in (Status.READY, Status.WAITING), row
            await house.once(market, engines[row.queue])
            await asyncio.sleep(0.02)
    await _is_settled(house, market)
    done = {(run.worker, run.phase) for run in await house.runs(market) if run.outcome == "done"}
    settled = {"close", "record", "request", "prove", "draw", "pay"}
    assert done == {("analyses", "analyse"), ("captures", "capture"), ("clears", "finish")} | {
        ("settles", phase) for phase in settled
    }


async def test_in_postgresql_two_engines_on_one_market_settle_it_once(postgres_house: House) -> None:
    house = postgres_house
    market = await house.market()
    one, other = house.engine("one"), house.engine("other")
    while (await house.row(market)).status is not Status.DONE:
        await house.hasten(market)
        await asyncio.gather(one.settle(market.name), other.settle(market.name), one.settle(market.name))
    assert (await house.row(market)).takeovers == 0
    await _is_settled(house, market)


async def test_markets_without_a_draw_are_refunded(house: House) -> None:
    [empty, lonely] = [await house.market(stakers, close=False) for stakers in (0, 1)]
    await house.stage.extras.warp(86_400)
    await asyncio.gather(house.settle(empty), house.settle(lonely, engine=house.engine("other")))
    assert await _reason(house, empty) is RefundReason.NO_STAKE
    assert await _reason(house, lonely) is RefundReason.ONE_STAKER
    assert await house.usdc(*lonely.stakers) == [5_000_000]


async def test_an_unanswered_request_refunds_everybody_with_the_bond(house: House) -> None:
    market = await house.market(14)
    await house.settle(market, _requested)
    await house.stage.extras.warp(RANDOMNESS_DEADLINE)
    row = await house.settle(market)
    assert row.attempt == 0
    assert await _reason(house, market) is RefundReason.UNANSWERED
    held = await house.usdc(*market.stakers)
    # Each stake and as much bond.
    assert held == [5_000_000 + 1_000_000 + number for number in range(14)]
    assert await house.open_attempts() == 0


async def test_a_lapsed_slot_hash_is_rearmed_once(house: House) -> None:
    market = await house.market()
    await house.settle(market, _requested)
    await house.stage.extras.warp(SLOT_HASHES_S)
    row = await house.settle(market, waits(WaitReason.REARM))
    assert (row.phase, row.queue, row.attempt) == (Phase.CAPTURE, Queue.CAPTURE, 0)
    await house.stage.extras.warp(REARM_DELAY)
    await house.settle(market)
    await _is_settled(house, market)


async def test_a_second_lapse_refunds_with_the_bond(house: House) -> None:
    market = await house.market(2)
    await house.settle(market, _requested)
    await house.stage.extras.warp(REARM_DELAY)
    rearm = instructions.rearm_slot_hash(market=market.address, program=house.stage.program)
    await house.stage.send(f"{market.name} rearm", [rearm], house.stage.keys.oracle)
    await house.stage.extras.warp(SLOT_HASHES_S)
    await house.settle(market)
    assert await _reason(house, market) is RefundReason.HASH_LAPSED
    assert await house.usdc(*market.stakers) == [6_000_000, 6_000_001]


async def test_without_the_randomness_key_nothing_is_requested(house: House) -> None:
    market = await house.market(2)
    row = await house.settle(market, waits(WaitReason.RANDOMNESS_KEY), house.engine("keyless", prover=Prover([])))
    assert row.phase is Phase.REQUEST
    assert "is not held here" in (row.reason or "")
    found = await house.on_chain(market)
    assert isinstance(found, Market)
    assert found.state is MarketState.SCORED
    await house.settle(market, lambda row: row.phase is Phase.PAY or row.phase is Phase.FINISH)


async def test_a_short_bond_is_waited_for(house: House) -> None:
    stage, admin = house.stage, house.stage.keys.admin
    market = await house.market(2)
    free = await house.bond_free()
    withdraw = instructions.withdraw_bond(
        admin=admin.public_key, destination=stage.usdc_account(admin.public_key), amount=free, program=stage.program
    )
    await stage.send(f"withdraw {market.name}", [withdraw], admin)
    row = await house.settle(market, waits(WaitReason.BOND))
    assert "short of 2000001 USDC units" in (row.reason or "")
    assert row.attempt == 0
    deposit = instructions.deposit_bond(
        depositor=admin.public_key, source=stage.usdc_account(admin.public_key), amount=free, program=stage.program
    )
    await stage.send(f"deposit {market.name}", [deposit], admin)
    await house.settle(market, lambda row: row.phase is Phase.CAPTURE)


async def test_a_paused_queue_begins_no_phase_though_its_market_is_in_hand(house: House) -> None:
    market = await house.market(2)
    await house.settle(market, lambda row: row.phase is Phase.RECORD)
    signer = house.stopping_signer()
    task = asyncio.create_task(house.once(market, house.engine("in hand", oracle=signer)))
    await signer.asked.wait()
    await pauses.place(house.db, Queue.SETTLE, "a look", "ann")
    signer.go_on.set()
    row = await task
    assert (row.phase, row.wait_reason, row.attempt, row.status) == (Phase.REQUEST, "pause", 0, Status.WAITING)
    assert (await house.once(market)).fence == row.fence, "nobody claims it"
    assert await house.open_runs() == 0
    await pauses.lift(house.db, Queue.SETTLE, "ann")
    await house.settle(market, lambda row: row.phase is Phase.CAPTURE)


async def test_a_hold_stops_before_the_next_signature(house: House) -> None:
    market = await house.market(2)
    signer = house.stopping_signer()
    task = asyncio.create_task(house.once(market, house.engine("held", oracle=signer)))
    await signer.asked.wait()
    await holds.place(house.db, "a look", "ann")
    signer.go_on.set()
    row = await task
    assert (row.wait_reason, row.attempt, row.status) == ("hold", 0, Status.WAITING)
    assert list(await house.sent(market)) == []
    row = await house.once(market)
    assert row.wait_reason == "hold"
    assert await house.open_runs() == 0
    await holds.lift(house.db, "ann")
    await house.settle(market, lambda row: row.phase is Phase.ANALYSE)
    assert len(await house.sent(market)) == 1


async def test_who_was_asleep_signs_nothing_once_another_has_taken_over(house: House) -> None:
    market = await house.market(2)
    signer = house.stopping_signer()
    asleep = asyncio.create_task(house.engine("asleep", oracle=signer).settle(market.name))
    await signer.asked.wait()
    await house.expire_lease(market)
    row = await house.once(market, house.engine("awake"))
    assert row.phase is Phase.ANALYSE
    signer.go_on.set()
    await asleep
    assert {run.worker: run.outcome for run in await house.runs(market)} == {"asleep": "lost", "awake": "done"}
    [sent] = await house.sent(market)
    assert sent.outcome == "landed"
    assert (await house.row(market)).holder is None


async def test_three_failures_of_its_own_park_a_market_until_somebody_retries(house: House) -> None:
    market = await house.market(2)
    await house.settle(market, lambda row: row.phase is Phase.ANALYSE)
    broken = house.engine("broken", panel=lambda: Panel(()))
    for attempt in (1, 2):
        row = await house.once(market, broken)
        assert (row.status, row.wait_reason, row.attempt) == (Status.WAITING, "retry", attempt)
        assert row.due_at > await house.db.now()
    row = await house.once(market, broken)
    assert (row.status, row.phase, row.attempt) == (Status.PARKED, Phase.ANALYSE, 3)
    assert row.reason is not None
    assert row.reason.startswith("A panel has one to 5 analysers")
    assert (await house.once(market)).status is Status.PARKED
    await settlements.retry(house.db, market.name, "ann")
    assert (await house.row(market)).attempt == 0
    await house.settle(market, _requested)


async def test_without_a_node_it_waits_longer_each_time_at_no_cost(house: House) -> None:
    market = await house.market(0)
    waited: list[float] = []
    for _ in range(5):
        # As in its own process, which asks for the first time.
        async with Rpc([NOWHERE]) as rpc:
            row = await house.once(market, house.engine("alone", rpc=rpc))
        assert (row.status, row.wait_reason, row.attempt) == (Status.WAITING, "rpc", 0)
        waited.append((row.due_at - await house.db.now()).total_seconds())
    assert waited[0] < 2.1 < 10 < waited[-1] < 60
    assert {run.outcome for run in await house.runs(market)} == {"outage"}
    await house.settle(market)
    assert await _reason(house, market) is RefundReason.NO_STAKE


async def test_texts_are_waited_for_and_left_out_after_an_hour(house: House) -> None:
    market = await house.market(2, keep=False)
    row = await house.settle(market, waits(WaitReason.TEXTS))
    assert (row.phase, row.attempt) == (Phase.ANALYSE, 0)
    assert "2 of 2 texts cannot be had yet" in (row.reason or "")
    await house.keep_text(market, 0)
    await house.settle(market, waits(WaitReason.TEXTS))
    await house.stage.extras.warp(3_600)
    await house.settle(market, _requested)


async def test_without_any_text_it_waits_for_the_refund(house: House) -> None:
    market = await house.market(2, keep=False)
    await house.stage.extras.warp(3_600)
    row = await house.settle(market, waits(WaitReason.DEADLINE))
    assert (row.phase, row.attempt) == (Phase.ANALYSE, 0)
    await house.stage.extras.warp(14 * 86_400)
    await house.settle(market)
    assert await _reason(house, market) is RefundReason.NOT_REQUESTED
    assert await house.usdc(*market.stakers) == [5_000_000, 5_000_000]


class Speechless(LexiconAnalyser):
    """Would score nothing, and counts how often it was asked."""

    asked = 0

    async def score(self, statement: str, texts: Sequence[Words], limits: Limits) -> ScoredBatch:
        self.asked += 1
        return ScoredBatch(tuple(Reading(None, trouble="refused") for _ in texts))


async def test_a_panel_that_scores_nothing_is_not_asked_for_ever(house: House) -> None:
    market, speechless = await house.market(2), Speechless()
    engine = house.engine(panel=lambda: Panel((speechless,)))
    row = await house.settle(market, lambda row: row.status is Status.PARKED, engine)
    assert "have a person look at them" in (row.reason or "")
    assert speechless.asked == 3


async def test_a_winner_who_cannot_be_paid_does_not_keep_the_fee_back(house: House) -> None:
    market = await house.market(2)
    await house.settle(market, _requested)
    thief = Keypair().pubkey()
    await asyncio.gather(*(_give_away(house, staker, thief) for staker in market.stakers))
    row = await house.settle(market, waits(WaitReason.ACCOUNT))
    assert (row.phase, row.attempt, row.status) == (Phase.PAY, 0, Status.WAITING)
    assert (row.due_at - await house.db.now()).total_seconds() > 3_000
    found = await house.on_chain(market)
    assert isinstance(found, Market)
    assert (found.prize_paid, found.fee_collected) == (False, True)
    assert str(found.winner) in (row.reason or "")
    assert str(house.stage.keys.treasury.public_key) not in (row.reason or "")
    assert (await house.runs(market))[-1].reason == "account"


async def test_a_worker_that_is_told_to_stop_hands_the_market_back(house: House) -> None:
    market = await house.market(2)
    signer = house.stopping_signer()
    task = asyncio.create_task(house.engine("stopped", oracle=signer).settle(market.name))
    await signer.asked.wait()
    task.cancel()
    assert [type(end) for end in await asyncio.gather(task, return_exceptions=True)] == [asyncio.CancelledError]
    row = await house.row(market)
    assert (row.status, row.holder, row.lease_until, row.attempt) == (Status.READY, None, None, 0)
    assert house.put == [(Queue.SETTLE, market.name)]
    [run] = await house.runs(market)
    assert (run.outcome, run.reason) == ("waited", "stopped")
    row = await house.settle(market, lambda row: row.phase is Phase.ANALYSE)
    assert row.takeovers == 0


async def test_a_worker_that_is_stopped_while_it_claims_holds_nothing(house: House) -> None:
    market = await house.market(0)
    task = asyncio.create_task(house.engine("stopped").settle(market.name))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    row = await house.row(market)
    assert (row.status, row.holder) == (Status.READY, None)


async def test_big_refunds_are_done_in_turns(house: House) -> None:
    market = await house.market(7)
    await house.stage.extras.warp(14 * 86_400)
    await house.settle(market, lambda row: row.phase is Phase.REFUND, house.engine("quick", turn=0.0))
    row = await house.once(market, house.engine("quick", turn=0.0))
    assert (row.status, row.phase, row.wait_reason) == (Status.READY, Phase.REFUND, None)
    found = await house.on_chain(market)
    assert isinstance(found, Market)
    assert 1_000_000 <= found.liability <= 1_000_006
    await house.settle(market)
    assert await house.usdc(*market.stakers) == [5_000_000] * 7


def _requested(row: Settlement) -> bool:
    return row.phase is Phase.CAPTURE


async def _is_settled(house: House, market: Opened) -> None:
    """Drawn and paid, each transaction once, and nothing left open."""
    receipt = await house.on_chain(market)
    assert isinstance(receipt, MarketReceipt)
    assert receipt.refund_reason is RefundReason.NONE
    stakes = [1_000_000 + number for number in range(len(market.stakers))]
    held = await house.usdc(*market.stakers)
    won = [have - (5_000_000 - stake) for have, stake in zip(held, stakes, strict=True)]
    assert sorted(won) == [0] * (len(stakes) - 1) + [sum(stakes) * (10_000 - FEE) // 10_000 + (sum(stakes) % 10 > 0)]
    await _nothing_is_open(house, market)


async def _nothing_is_open(house: House, market: Opened) -> None:
    assert await house.open_runs() == await house.open_attempts() == 0
    intents = [sent.intent for sent in await house.sent(market) if sent.outcome == "landed"]
    assert len(intents) == len(set(intents))


async def _reason(house: House, market: Opened) -> RefundReason:
    receipt = await house.on_chain(market)
    assert isinstance(receipt, MarketReceipt)
    await _nothing_is_open(house, market)
    return receipt.refund_reason


async def _give_away(house: House, staker: KeypairSigner, to: Pubkey) -> None:
    """The staker's associated account is somebody else's from now on (SetAuthority, AccountOwner)."""
    accounts = [
        AccountMeta(house.stage.usdc_account(staker.public_key), is_signer=False, is_writable=True),
        AccountMeta(staker.public_key, is_signer=True, is_writable=False),
    ]
    give = Instruction(TOKEN_PROGRAM_ID, bytes((6, 2, 1)) + bytes(to), accounts)
    await house.stage.send(f"give away {os.urandom(4).hex()}", [give], staker)
