"""Whose fault a failure is."""

import random

import pytest
from solders.transaction_status import TransactionErrorFieldless

from chain import errors
from oracle.analysis import AnalysisFailure, NothingToScore, Unavailable
from oracle.prover import ProverError
from oracle.settlement.failures import ATTEMPTS, back_off, outage
from oracle.settlement.plan import WaitReason
from store.errors import OnHold, OtherCluster, QueuePaused, SettlementRefused, StoreUnavailable
from store.settlements import Phase

SHARED = [
    (OnHold("held"), WaitReason.HOLD),
    (QueuePaused("paused"), WaitReason.PAUSE),
    (StoreUnavailable("down"), WaitReason.DATABASE),
    (errors.PROGRAM_ERRORS[6052].from_logs(), WaitReason.SLOT),
    (errors.PROGRAM_ERRORS[6026].from_logs(), WaitReason.BOND),
    (errors.NotEnoughSol("send SOL"), WaitReason.FUNDS),
    (Unavailable("overloaded", 7.0), WaitReason.MODEL),
    (errors.TransactionExpired("expired", "intent"), WaitReason.CONGESTION),
    (errors.BlockhashUnknown("unknown"), WaitReason.CONGESTION),
    (errors.OutcomeUnknown("unknown", "intent"), WaitReason.RPC),
    (errors.EndpointUnreachable("down"), WaitReason.RPC),
    (errors.EndpointTimeout("slow"), WaitReason.RPC),
    (errors.RateLimited("limited"), WaitReason.RPC),
    (errors.MalformedAnswer("nonsense"), WaitReason.RPC),
    (errors.WrongCluster("another"), WaitReason.RPC),
    (OtherCluster("another"), WaitReason.RPC),
    (errors.MarketNotFound("nowhere"), WaitReason.RPC),
    (errors.PROGRAM_ERRORS[6015].from_logs(), WaitReason.ORACLE_KEY),
    (errors.PROGRAM_ERRORS[6068].from_logs(), WaitReason.EXTERNAL),
]
OWN = [
    NothingToScore("nothing"),
    AnalysisFailure("contaminated"),
    ProverError("not held"),
    SettlementRefused("no"),
    errors.PROGRAM_ERRORS[6064].from_logs(),
    errors.RpcRefused("refused"),
    errors.JournalError("signed already"),
    errors.TransactionError(str(TransactionErrorFieldless.AccountInUse)),
    ValueError("a mistake of ours"),
    TimeoutError(),
]


@pytest.mark.parametrize(("error", "reason"), SHARED, ids=lambda value: type(value).__name__)
def test_what_is_shared_costs_no_attempt(error: Exception, reason: WaitReason) -> None:
    found = outage(error)
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize("error", OWN, ids=lambda value: type(value).__name__)
def test_what_is_the_markets_own_costs_one(error: Exception) -> None:
    assert outage(error) is None


def test_the_model_says_when_to_come_back() -> None:
    found = outage(Unavailable("overloaded", 7.0))
    assert found is not None
    assert found.seconds == 7.0


def test_back_off_doubles_up_to_a_minute() -> None:
    chance = random.Random(4)
    for before in range(40):
        seconds = [back_off(before, chance, Phase.RECORD) for _ in range(50)]
        whole = min(2.0 * 2**before, 60.0)
        assert whole / 2 <= min(seconds) < max(seconds) <= whole
    assert ATTEMPTS == 3


def test_a_capture_is_looked_at_again_in_time() -> None:
    chance = random.Random(5)
    assert max(back_off(before, chance, Phase.CAPTURE) for before in range(40)) <= 5
