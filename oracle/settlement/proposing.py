"""Has a multisig record the score: one proposal a market, made once, executed when its members agreed.

The chain decides what a proposal is and how it stands. The database knows only which number was meant for which
market, written down before anything is sent (store/proposals.py), so that neither a crash nor a node that lags makes
a second proposal, and a refusal is met by a person before it is tried again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.decoding.programs import Decoder
from chain.errors import AccountError, NotUnderstood
from chain.multisig.model import Multisig, Proposal, Roles, Status
from chain.multisig.roster import Council
from chain.multisig.rules import is_stale, missing_approvals, not_voted, released_at
from chain.multisig.stored import StoredTransaction
from chain.rpc import Rpc
from chain.units import UnixTime
from oracle.councils import read_council
from oracle.errors import OracleError
from oracle.settlement.plan import Act, Wait, WaitReason
from oracle.settlement.recorder import recording
from store import proposals
from store.analyses import KeptAnalysis
from store.database import Database
from store.proposals import KeptProposal
from store.settlements import Claim, Phase

LOOKED_THROUGH = 200
"""How many of the newest proposals are looked through for one that somebody else made for the market."""
_SIGNATURES_S, _MOVED_S = 10.0, 1.0
_LAG = timedelta(minutes=10)
"""So far no node lags behind another."""


class RecordingRefused(OracleError):  # noqa: N818 - named for what happened
    """The members do not want this score: a person must look before it is proposed again."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands of the market's proposal: the multisig, and the proposal where there is one to go on with."""

    multisig: Multisig
    proposal: Proposal | None


class CouncilRecorder:
    """Proposes with the oracle's key and executes with it, as far as the multisig's roles let it; it never votes."""

    def __init__(self, db: Database, rpc: Rpc, council: Council, oracle: Pubkey, program: Pubkey) -> None:
        self._db, self._rpc, self._council, self._oracle, self._program = db, rpc, council, oracle, program
        self._decoder = Decoder(program)

    async def step(self, claim: Claim, analysis: KeptAnalysis, now: UnixTime) -> Act | Wait:
        """Look for the market's proposal, and say what it needs.

        Raises CouncilError where the multisig is not the one agreed on, RecordingRefused where its members refused,
        StoreError, AccountError and RpcError.
        """
        found = await self._look(claim, analysis)
        if isinstance(found, Wait):
            return found
        if found.proposal is None:
            return self._to_propose(found.multisig, claim.market)
        return await self._standing(claim, found.multisig, found.proposal, now)

    async def instructions(self, act: Act, claim: Claim, analysis: KeptAnalysis) -> list[Instruction] | Wait:
        """Propose it, or execute it; looked at again, since members act in between."""
        found = await self._look(claim, analysis)
        if isinstance(found, Wait):
            return found
        multisig, proposal, adapter = found.multisig, found.proposal, self._council.adapter
        if act is Act.PROPOSE and proposal is None:
            number, wanted = multisig.last_index + 1, self._wanted(analysis)
            stored = self._stored(number, wanted)
            await proposals.note(self._db, claim, str(multisig.address), number, stored.payload_hash)
            return adapter.propose(multisig, self._oracle, self._council.vault, [wanted])
        if act is Act.RECORD and proposal is not None and proposal.status is Status.APPROVED:
            return [await adapter.execute(self._rpc, multisig, proposal.index, self._oracle)]
        return _wait("the proposal moved on while it was looked at", _MOVED_S)

    async def overtaken(self, claim: Claim) -> bool:
        """Somebody else's proposal took the number that was meant for the market last."""
        multisig = await self._council.adapter.read(self._rpc, self._council.pinned.address)
        kept = await proposals.newest(self._db, str(multisig.address), claim.market)
        return kept is not None and kept.number <= multisig.last_index

    def _to_propose(self, multisig: Multisig, market: str) -> Act | Wait:
        if Roles.INITIATE in multisig.roles_of(self._oracle):
            return Act.PROPOSE
        return _wait(f"nobody has proposed it yet: a signer does, by `opinion signers propose {market}`")

    async def _standing(self, claim: Claim, multisig: Multisig, proposal: Proposal, now: UnixTime) -> Act | Wait:
        match proposal.status:
            case Status.APPROVED:
                return self._to_execute(multisig, proposal, now)
            case Status.REJECTED | Status.CANCELLED:
                await proposals.refuse(self._db, claim, str(multisig.address), proposal.index)
                who = proposal.rejected if proposal.status is Status.REJECTED else proposal.cancelled
                raise RecordingRefused(
                    f"proposal {proposal.index} was {proposal.status.value} by {self._names(who)}: ask them why, "
                    "then retry the market to have it proposed again"
                )
            case Status.EXECUTED:
                return Wait(Phase.RECORD, WaitReason.SLOT, _MOVED_S, f"proposal {proposal.index} is executed")
            case Status.EXECUTING | Status.DRAFT:
                return _wait(f"proposal {proposal.index} is {proposal.status.value}: a signer has to look at it")
            case Status.ACTIVE:
                missing = missing_approvals(multisig, proposal)
                asked = self._names(not_voted(multisig, proposal))
                return _wait(
                    f"proposal {proposal.index} lacks {missing} of {multisig.threshold} approvals: ask {asked}"
                )

    def _to_execute(self, multisig: Multisig, proposal: Proposal, now: UnixTime) -> Act | Wait:
        if Roles.EXECUTE not in multisig.roles_of(self._oracle):
            return _wait(f"proposal {proposal.index} is approved: a signer executes it, by `opinion signers execute`")
        left = released_at(multisig, proposal) - now
        if left > 0:
            return _wait(f"proposal {proposal.index} is approved and under its time lock", float(left))
        return Act.RECORD

    async def _look(self, claim: Claim, analysis: KeptAnalysis) -> _Found | Wait:
        multisig = await read_council(self._rpc, self._council)
        wanted = self._wanted(analysis)
        kept = await proposals.newest(self._db, str(multisig.address), claim.market)
        if kept is not None and kept.number <= multisig.last_index:
            noted = await self._noted(claim, multisig, kept, wanted)
            if noted is not None:
                return noted
        return await self._made_by_others(claim, multisig, kept, wanted)

    async def _noted(
        self, claim: Claim, multisig: Multisig, kept: KeptProposal, wanted: Instruction
    ) -> _Found | Wait | None:
        """How the proposal stands that was meant for the market; None where there is none to go on with."""
        adapter, number = self._council.adapter, kept.number
        proposal = await adapter.proposal(self._rpc, multisig, number)
        if proposal is None:
            if kept.answered_at is not None or number <= multisig.stale_index:
                return None
            return await self._vanished(claim, multisig, kept)
        if not await self._is_it(multisig, number, wanted):
            return None
        if kept.seen_at is None:
            await proposals.see(self._db, claim, str(multisig.address), number)
        refused = proposal.status in (Status.REJECTED, Status.CANCELLED)
        if (refused and kept.answered_at is not None) or _is_dead(multisig, proposal):
            return None
        return _Found(multisig, proposal)

    async def _vanished(self, claim: Claim, multisig: Multisig, kept: KeptProposal) -> Wait | None:
        """Not there, though its number was given out: a node lags, or the account was closed after its end."""
        if await self._db.now() < kept.noted_at + _LAG:
            return _wait(f"proposal {kept.number} does not show: the node lags")
        if kept.seen_at is None:
            # The number became another's, which is closed by now.
            return None
        await proposals.refuse(self._db, claim, str(multisig.address), kept.number)
        raise RecordingRefused(
            f"proposal {kept.number} was closed before it recorded a score: ask the signers why, "
            "then retry the market to have it proposed again"
        )

    async def _made_by_others(
        self, claim: Claim, multisig: Multisig, kept: KeptProposal | None, wanted: Instruction
    ) -> _Found | Wait:
        """An open one that is not written down: a signer's, or ours of before the database was restored."""
        adapter = self._council.adapter
        after = kept.number if kept is not None and kept.number <= multisig.last_index else 0
        most = min(LOOKED_THROUGH, multisig.last_index - after)
        shown = await adapter.proposals(self._rpc, multisig, most) if most > 0 else []
        open_ones = [one for one in shown if one.status.is_open and not _is_dead(multisig, one)]
        numbers = [one.index for one in open_ones]
        others = await proposals.seen_of_others(self._db, str(multisig.address), claim.market, numbers)
        for proposal in open_ones:
            stored = None if proposal.index in others else await self._readable(multisig, proposal.index)
            if stored is None:
                continue
            if stored.does(wanted, self._council.authority):
                await proposals.note(self._db, claim, str(multisig.address), proposal.index, stored.payload_hash)
                return _Found(multisig, proposal)
            if self._records(stored.instructions, wanted):
                return _wait(
                    f"proposal {proposal.index} would record another score of this market: "
                    "a signer has to reject it before ours is made"
                )
        return _Found(multisig, None)

    async def _is_it(self, multisig: Multisig, number: int, wanted: Instruction) -> bool:
        stored = await self._readable(multisig, number)
        return stored is not None and stored.does(wanted, self._council.authority)

    async def _readable(self, multisig: Multisig, number: int) -> StoredTransaction | None:
        """What is proposed; None where it is closed, or takes what nobody here proposes."""
        try:
            return await self._council.adapter.stored(self._rpc, multisig, number)
        except AccountError:
            return None

    def _records(self, stored: Iterable[Instruction], wanted: Instruction) -> bool:
        """Whether one of the instructions records a score of the same market."""
        market = self._decoder.decode(wanted).account("market")
        for instruction in stored:
            try:
                decoded = self._decoder.decode(instruction)
            except NotUnderstood:
                continue
            if decoded.name == "record_sentiment" and decoded.account("market") == market:
                return True
        return False

    def _wanted(self, analysis: KeptAnalysis) -> Instruction:
        return recording(self._council.authority, analysis, self._program)

    def _stored(self, number: int, wanted: Instruction) -> StoredTransaction:
        """As it will stand on the chain."""
        council = self._council
        return StoredTransaction(
            council.pinned.address, number, self._oracle, council.authority, council.vault, (wanted,)
        )

    def _names(self, keys: Iterable[Pubkey]) -> str:
        """In the roster's order, which people know; whoever is not in it comes last."""
        known = list(self._council.people)
        ordered = sorted(keys, key=lambda key: known.index(key) if key in known else len(known))
        return ", ".join(self._council.name(key) for key in ordered) or "nobody"


def _is_dead(multisig: Multisig, proposal: Proposal) -> bool:
    """Whether nobody can vote on it any more, and it was not approved before."""
    return proposal.status in (Status.ACTIVE, Status.DRAFT) and is_stale(multisig, proposal)


def _wait(words: str, seconds: float = _SIGNATURES_S) -> Wait:
    return Wait(Phase.RECORD, WaitReason.SIGNATURES, seconds, words)
