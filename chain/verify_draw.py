"""From the slot hash to the winner: each step of the draw computed again."""

from collections.abc import Iterator

from chain import addresses, draw, ecvrf
from chain.checks import Check, failed, not_checkable, passed_if
from chain.constants import ORAO_DISCRIMINATOR, ORAO_PROGRAM_ID, RandomnessProvider
from chain.errors import ProofError
from chain.events import LotterySettledEvent, SlotHashCapturedEvent, VrfRandomnessFulfilledEvent
from chain.evidence import Evidence, Randomness
from chain.units import usdc
from chain.verify_request import target_slot

_ORAO_TAG, _ORAO_ALPHA, _ORAO_OUTPUT, _ORAO_END = 8, 41, 73, 137
_ORAO_FULFILLED = 1


def draw_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a settled market's draw."""
    randomness = evidence.randomness
    if randomness is None:
        yield failed("randomness", "The market is settled, but there is no slot hash to draw from.")
        return
    alpha = draw.alpha(
        market=evidence.address,
        total_stake=evidence.market.total_stake,
        staker_count=evidence.market.staker_count,
        slot_hash=randomness.slot_hash,
        program=evidence.program,
    )
    yield _slot_hash(evidence, randomness)
    yield _alpha(evidence, randomness, alpha)
    yield _proof(evidence, randomness, alpha)
    yield _output(evidence, randomness)
    yield _draw(evidence, randomness)
    yield _winner(evidence)
    yield _winners_opinion(evidence)


def _slot_hash(evidence: Evidence, randomness: Randomness) -> Check:
    """That the hash is the cluster's own cannot be asked of an RPC node: it keeps no hashes of banks."""
    target = target_slot(evidence)
    if target is not None and randomness.captured_slot < target:
        return failed("slot hash", f"Slot {randomness.captured_slot} was captured, before its target {target}.")
    captured = evidence.of(SlotHashCapturedEvent)
    if not captured:
        if evidence.lacks(SlotHashCapturedEvent):
            return failed("slot hash", "No transaction of the market captured a slot hash.")
        words = (
            f"That slot {randomness.captured_slot} had this hash is the program's word: nodes do not keep slot hashes."
        )
        return not_checkable("slot hash", words)
    same = (captured[-1].slot, captured[-1].slot_hash) == (randomness.captured_slot, randomness.slot_hash)
    return passed_if(
        "slot hash",
        same and len(captured) == 1,
        f"The hash of slot {randomness.captured_slot} was captured once and is the one that counted.",
        f"The hash of slot {captured[-1].slot} was captured, {len(captured)} time(s), but another one counted.",
    )


def _alpha(evidence: Evidence, randomness: Randomness, alpha: bytes) -> Check:
    told = [event.alpha for event in evidence.of(SlotHashCapturedEvent)]
    told += [randomness.alpha] if randomness.alpha is not None else []
    return passed_if(
        "alpha",
        all(one == alpha for one in told),
        f"The input {alpha.hex()} follows from the market, its pool and the slot hash.",
        "The recorded input does not follow from the market, its pool and the slot hash.",
    )


def _proof(evidence: Evidence, randomness: Randomness, alpha: bytes) -> Check:
    if evidence.market.randomness_provider is RandomnessProvider.ORAO:
        return _external(evidence, randomness, alpha)
    key = evidence.market.randomness_key
    try:
        output = ecvrf.verify(key, alpha, randomness.proof)
    except ProofError as error:
        return failed("proof", f"The proof does not hold for the pinned key {key.hex()}: {error}.")
    return passed_if(
        "proof",
        output == randomness.output,
        f"The ECVRF proof holds for the key {key.hex()} that the market pinned, and gives the recorded output.",
        "The proof holds, but the recorded output is not the one it gives.",
        decisive=True,
    )


def _external(evidence: Evidence, randomness: Randomness, alpha: bytes) -> Check:
    """ORAO's own signatures are its program's business; here: its account, for this alpha, with this output."""
    if evidence.external is None:
        words = f"ORAO's account {addresses.orao_request(alpha)}, which the output came from, is not there."
        return not_checkable("proof", words, decisive=True)
    owner, data = evidence.external
    holds = (
        owner == ORAO_PROGRAM_ID
        and data[:8] == ORAO_DISCRIMINATOR
        and data[_ORAO_TAG : _ORAO_TAG + 1] == bytes((_ORAO_FULFILLED,))
        and data[_ORAO_ALPHA:_ORAO_OUTPUT] == alpha
        and data[_ORAO_OUTPUT:_ORAO_END] == randomness.output
    )
    return passed_if(
        "proof",
        holds,
        "ORAO's fulfilled account for this input gives the recorded output.",
        "ORAO's account says otherwise.",
        decisive=True,
    )


def _output(evidence: Evidence, randomness: Randomness) -> Check:
    """The output that was drawn from is the one that the program announced, once."""
    told = evidence.of(VrfRandomnessFulfilledEvent)
    if not told and not evidence.history_complete:
        return not_checkable("output", "The transaction that brought the randomness is not at hand.")
    return passed_if(
        "output",
        [event.output for event in told] == [randomness.output],
        "The randomness was brought once, with the recorded output.",
        f"The randomness was brought {len(told)} time(s), not once with the recorded output.",
    )


def _draw(evidence: Evidence, randomness: Randomness) -> Check:
    market = evidence.market
    r = draw.draw(randomness.output, market.total_stake) if market.total_stake else None
    return passed_if(
        "draw",
        r == market.draw,
        f"The output gives r = {market.draw} of {market.total_stake}.",
        f"The output gives r = {r}, but {market.draw} was drawn.",
        decisive=True,
    )


def _winner(evidence: Evidence) -> Check:
    market = evidence.market
    end = market.winner_start + market.winner_stake
    settled = evidence.of(LotterySettledEvent)
    agreed = all((event.winner, event.draw) == (market.winner, market.draw) for event in settled)
    agreed = agreed and len(settled) <= 1 and not evidence.lacks(LotterySettledEvent)
    return passed_if(
        "winner",
        market.winner_start <= market.draw < end <= market.total_stake and agreed,
        f"r lies in [{market.winner_start}, {end}), the interval of the winner {market.winner}.",
        f"r = {market.draw} does not make {market.winner} with [{market.winner_start}, {end}) the winner.",
        decisive=True,
    )


def _winners_opinion(evidence: Evidence) -> Check:
    market, stakes = evidence.market, evidence.stakes()
    known = {(start, stake) for start, stake, staker in stakes if staker == market.winner}
    if not known and (evidence.history_complete or len(stakes) >= market.staker_count):
        return failed("winner's stake", f"{market.winner} won, but has no opinion on this market.")
    if not known:
        return not_checkable("winner's stake", "The winner's opinion was closed and its transaction is not at hand.")
    return passed_if(
        "winner's stake",
        known == {(market.winner_start, market.winner_stake)},
        f"The winner staked {usdc(market.winner_stake)}, which is that interval.",
        "The winner's opinion has another interval than the one that won.",
    )
