"""Who puts a score on the chain: the oracle's key itself, or a multisig whose members have to agree."""

from typing import Protocol

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import instructions
from chain.multisig.roster import Council
from chain.rpc import Rpc
from chain.signers import Signer
from chain.units import UnixTime
from oracle.errors import OracleError
from oracle.settlement.plan import Act, Wait
from settings import Network
from store.analyses import KeptAnalysis
from store.database import Database
from store.settlements import Claim


class RecorderError(OracleError):
    """No score can be recorded with these settings: one sentence."""


class Recorder(Protocol):
    """Turns a kept analysis into what the oracle sends for it."""

    async def step(self, claim: Claim, analysis: KeptAnalysis, now: UnixTime) -> Act | Wait:
        """What recording needs next: PROPOSE, RECORD, or something to wait for. `now` is the chain's time."""
        ...

    async def instructions(self, act: Act, claim: Claim, analysis: KeptAnalysis) -> list[Instruction] | Wait:
        """What the oracle's key pays for and signs, or why nothing can be sent just now."""
        ...

    async def overtaken(self, claim: Claim) -> bool:
        """Whether what was made last was refused because somebody else was faster: it can be made again at once."""
        ...


def recording(authority: Pubkey, analysis: KeptAnalysis, program: Pubkey) -> Instruction:
    """The instruction that puts the analysis on the chain, signed by whoever is the program's oracle."""
    return instructions.record_sentiment(
        oracle=authority,
        market=Pubkey.from_string(analysis.market),
        score=analysis.score,
        confidence=analysis.confidence,
        summary_hash=analysis.summary_hash,
        program=program,
    )


class DirectRecorder:
    """Signs `record_sentiment` with the oracle's own key."""

    def __init__(self, oracle: Signer, program: Pubkey) -> None:
        self._oracle, self._program = oracle, program

    async def step(self, claim: Claim, analysis: KeptAnalysis, now: UnixTime) -> Act | Wait:
        """Nobody else is asked."""
        return Act.RECORD

    async def instructions(self, act: Act, claim: Claim, analysis: KeptAnalysis) -> list[Instruction] | Wait:
        """One instruction."""
        return [recording(self._oracle.public_key, analysis, self._program)]

    async def overtaken(self, claim: Claim) -> bool:
        """Who was faster changed the market, which shows."""
        return False


def recorder_of(
    network: Network, oracle: Signer, program: Pubkey, council: Council | None, db: Database, rpc: Rpc
) -> Recorder:
    """The recorder of a network. Raises RecorderError as `check_recordable`."""
    check_recordable(network, council)
    if council is None:
        return DirectRecorder(oracle, program)
    from oracle.settlement.proposing import CouncilRecorder

    return CouncilRecorder(db, rpc, council, oracle.public_key, program)


def check_recordable(network: Network, council: Council | None) -> None:
    """Raise RecorderError on mainnet, where one key must never decide: what is not recorded is not analysed either."""
    if network is Network.MAINNET and council is None:
        raise RecorderError(
            "NETWORK is mainnet, where scores are recorded by a multisig alone: "
            "set ROSTER_PATH and SQUADS_MULTISIG, as docs/signers.md says"
        )
