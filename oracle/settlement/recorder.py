"""Who puts a score on the chain: here the oracle's key itself; on mainnet a multisig, which a later part brings."""

from typing import Protocol

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import instructions
from chain.signers import Signer
from oracle.errors import OracleError
from settings import Network
from store.analyses import KeptAnalysis


class RecorderError(OracleError):
    """No score can be recorded with these settings: one sentence."""


class Recorder(Protocol):
    """Turns a kept analysis into what the oracle sends for it."""

    def record(self, market: Pubkey, analysis: KeptAnalysis) -> list[Instruction]:
        """The instructions, which the oracle's key pays for and signs."""
        ...


class DirectRecorder:
    """Signs `record_sentiment` with the oracle's own key."""

    def __init__(self, oracle: Signer, program: Pubkey) -> None:
        self._oracle, self._program = oracle, program

    def record(self, market: Pubkey, analysis: KeptAnalysis) -> list[Instruction]:
        """One instruction."""
        return [
            instructions.record_sentiment(
                oracle=self._oracle.public_key,
                market=market,
                score=analysis.score,
                confidence=analysis.confidence,
                summary_hash=analysis.summary_hash,
                program=self._program,
            )
        ]


def recorder_of(network: Network, oracle: Signer, program: Pubkey) -> Recorder:
    """The recorder of a network. Raises RecorderError as `check_recordable`."""
    check_recordable(network)
    return DirectRecorder(oracle, program)


def check_recordable(network: Network) -> None:
    """Raise RecorderError on mainnet, where one key must never decide: what is not recorded is not analysed either."""
    if network is Network.MAINNET:
        raise RecorderError(
            "NETWORK is mainnet, where scores are recorded by a multisig, and this release has no such recorder: "
            "run it on localnet, devnet or testnet"
        )
