"""Whose fault it is when a step fails: the market's own costs an attempt, something shared only time."""

import random
from dataclasses import dataclass

from chain.errors import (
    AllEndpointsFailed,
    BlockhashUnknown,
    BondShort,
    ExternalRandomnessNotFulfilled,
    MalformedAnswer,
    MarketNotFound,
    NotEnoughSol,
    NotOracle,
    OutcomeUnknown,
    RpcError,
    RpcRefused,
    SlotHashNotReady,
    TransactionExpired,
)
from oracle.analysis import AnalysisFailure, Unavailable
from oracle.councils import CouncilError
from oracle.settlement.plan import WaitReason
from store.errors import OnHold, OtherCluster, QueuePaused, StoreUnavailable
from store.settlements import Phase

ATTEMPTS = 3
"""So many failures of a market's own in one phase, and it is parked."""
_FIRST_S, _LONGEST_S, _LONGEST_CAPTURE_S = 2.0, 60.0, 5.0


@dataclass(frozen=True, slots=True)
class Outage:
    """Something shared failed: the market waits for it, at no cost. `seconds` where the wait is known."""

    reason: WaitReason
    seconds: float | None = None


def outage(error: Exception) -> Outage | None:
    """What the market has to wait for, or None when the failure is its own."""
    match error:
        case QueuePaused():
            return Outage(WaitReason.PAUSE, 1.0)
        case OnHold():
            return Outage(WaitReason.HOLD, 1.0)
        case StoreUnavailable():
            return Outage(WaitReason.DATABASE)
        case SlotHashNotReady():
            return Outage(WaitReason.SLOT, 0.4)
        case BondShort():
            return Outage(WaitReason.BOND, 15.0)
        case CouncilError():
            return Outage(WaitReason.SIGNATURES, 30.0)
        case NotOracle():
            return Outage(WaitReason.ORACLE_KEY, 60.0)
        case ExternalRandomnessNotFulfilled():
            return Outage(WaitReason.EXTERNAL, 10.0)
        case NotEnoughSol():
            return Outage(WaitReason.FUNDS, 15.0)
        case Unavailable():
            return Outage(WaitReason.MODEL, error.retry_after)
        case AnalysisFailure():
            return Outage(WaitReason.MODEL) if error.outage else None
        case TransactionExpired() | BlockhashUnknown():
            return Outage(WaitReason.CONGESTION)
        case OtherCluster() | MarketNotFound():
            # The node or the settings are wrong, never the market, which was there once.
            return Outage(WaitReason.RPC)
        case RpcRefused():
            return None
        case RpcError() | AllEndpointsFailed() | MalformedAnswer() | OutcomeUnknown():
            return Outage(WaitReason.RPC)
        case _:
            return None


def back_off(before: int, chance: random.Random, phase: Phase) -> float:
    """Seconds to wait after a failure that followed `before` others: twice as long each time, up to a minute.

    But up to five seconds before a capture, for which there are three minutes in all.
    """
    longest = _LONGEST_CAPTURE_S if phase is Phase.CAPTURE else _LONGEST_S
    return min(_FIRST_S * 2 ** min(before, 10), longest) * chance.uniform(0.5, 1.0)
