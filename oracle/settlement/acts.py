"""What is sent for each act: instructions in parcels, each of which is one transaction and one intent."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import instructions
from chain.accounts import Market, Opinion
from chain.draw import draw
from chain.errors import ForeignAccount, MalformedAnswer, MalformedData, UnexpectedAccount
from chain.rpc import Rpc
from chain.signers import Signer
from chain.token import TokenState, associated_address, create_associated_account, decode_token_account
from oracle.prover import Prover
from oracle.settlement.facts import read_all_opinions, read_opinions
from oracle.settlement.plan import Act, Facts, Wait, WaitReason
from store.settlements import Phase

REFUNDS_TOGETHER = 6
CLOSINGS_TOGETHER = 10
"""How many fit into one transaction's 1,232 bytes, with room to spare."""
_LOOK_AGAIN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One transaction of an act."""

    act: Act
    instructions: tuple[Instruction, ...]

    def intent(self, market: str, generation: int) -> str:
        """Names what is to happen once: the same instructions for the same market are the same intent.

        `generation` counts from 1; above it, the chain took back what had landed before.
        """
        digest = hashlib.sha256()
        for item in self.instructions:
            digest.update(bytes(item.program_id) + b"".join(bytes(meta.pubkey) for meta in item.accounts))
            digest.update(len(item.data).to_bytes(4, "big") + item.data)
        again = f" {generation}" if generation > 1 else ""
        return f"{market} {self.act} {digest.hexdigest()[:12]}{again}"


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes one market's parcels."""

    rpc: Rpc
    program: Pubkey
    market: Pubkey
    oracle: Signer
    prover: Prover

    async def parcels(self, act: Act, facts: Facts) -> list[Parcel] | Wait:
        """What to send for `act`, in order, or why nothing can be sent yet.

        Raises MalformedAnswer when a node shows less than it must, AccountError and RpcError.
        """
        market = facts.market
        if not isinstance(market, Market):
            raise TypeError(f"{self.market} is finished: nothing is to be sent for it")
        match act:
            case Act.CLOSE:
                found = [instructions.close_market(market=self.market, program=self.program)]
            case Act.REQUEST:
                found = [self._request(market)]
            case Act.CAPTURE:
                found = [instructions.capture_slot_hash(market=self.market, program=self.program)]
            case Act.REARM:
                found = [instructions.rearm_slot_hash(market=self.market, program=self.program)]
            case Act.PROVE:
                found = [self._prove(facts, market)]
            case Act.ACCEPT:
                found = [self._accept(facts)]
            case Act.DRAW:
                found = [await self._draw(facts, market)]
            case Act.EXPIRE:
                found = [self._expire(market)]
            case Act.PAY:
                return await self._pay(facts, market)
            case Act.REFUND:
                return await self._refund(facts, market)
            case Act.FINISH:
                return await self._finish(facts, market)
            case Act.ANALYSE | Act.PROPOSE | Act.RECORD:
                raise TypeError("an analysis sends nothing")
        return [Parcel(act, tuple(found))]

    def _request(self, market: Market) -> Instruction:
        return instructions.request_vrf_randomness(
            requester=self.oracle.public_key,
            market=self.market,
            randomness_key=market.randomness_key,
            program=self.program,
        )

    def _prove(self, facts: Facts, market: Market) -> Instruction:
        if facts.request is None:
            raise TypeError(f"{self.market} has no request to prove")
        proof = self.prover.prove(market.randomness_key, facts.request.alpha)
        return instructions.fulfill_vrf_randomness(market=self.market, proof=proof, program=self.program)

    def _accept(self, facts: Facts) -> Instruction:
        if facts.request is None:
            raise TypeError(f"{self.market} has no request to fulfil")
        alpha = facts.request.alpha
        return instructions.fulfill_vrf_external(market=self.market, alpha=alpha, program=self.program)

    def _expire(self, market: Market) -> Instruction:
        key = market.randomness_key
        return instructions.expire_market(market=self.market, randomness_key=key, program=self.program)

    async def _draw(self, facts: Facts, market: Market) -> Instruction:
        if facts.request is None:
            raise TypeError(f"{self.market} has no request to draw with")
        number = draw(facts.request.output, market.total_stake)
        opinions = await read_all_opinions(self.rpc, self.program, self.market, market)
        winner = next((opinion for opinion in opinions if opinion.covers(number)), None)
        if winner is None:
            raise MalformedAnswer(f"no opinion on {self.market} covers the draw {number}: wait until a node has it")
        return instructions.run_lottery_with_vrf(market=self.market, winner=winner.staker, program=self.program)

    async def _pay(self, facts: Facts, market: Market) -> list[Parcel] | Wait:
        """Prize and fee apart, so that what hinders one never hinders the other."""
        mint, treasury = facts.config.usdc_mint, facts.config.treasury
        prize, fee = associated_address(market.winner, mint), associated_address(treasury, mint)
        able = await self._able_to_take([(market.winner, prize), (treasury, fee)], missing_too=True)
        parcels: list[Parcel] = []
        if not market.prize_paid and market.winner in able:
            claim = instructions.claim_prize(
                market=self.market, winner=market.winner, destination=prize, program=self.program
            )
            parcels.append(self._paid_to(market.winner, mint, claim))
        if not market.fee_collected and treasury in able:
            collect = instructions.collect_fee(
                market=self.market, treasury=treasury, destination=fee, program=self.program
            )
            parcels.append(self._paid_to(treasury, mint, collect))
        unpaid = [] if market.prize_paid else [market.winner]
        unpaid += [] if market.fee_collected else [treasury]
        return parcels or _no_account(Phase.PAY, unpaid)

    def _paid_to(self, owner: Pubkey, mint: Pubkey, payment: Instruction) -> Parcel:
        account = create_associated_account(payer=self.oracle.public_key, owner=owner, mint=mint)
        return Parcel(Act.PAY, (account, payment))

    async def _refund(self, facts: Facts, market: Market) -> list[Parcel] | Wait:
        """Only into accounts that are there: their rent would be a gift for everybody who closes one first.

        Who has none opens one, or takes the refund into any account by a signature of their own.
        """
        mint = facts.config.usdc_mint
        unpaid = [opinion.staker for opinion in await self._open_opinions(market) if not opinion.paid]
        if not unpaid:
            raise MalformedAnswer(
                f"a node shows every refund of {self.market} paid, and not in the market: wait for it"
            )
        accounts = {staker: associated_address(staker, mint) for staker in unpaid}
        able = await self._able_to_take(list(accounts.items()), missing_too=False)
        refunds = [
            instructions.recover_stake(
                market=self.market, staker=staker, destination=accounts[staker], program=self.program
            )
            for staker in unpaid
            if staker in able
        ]
        blocked = [staker for staker in unpaid if staker not in able]
        return _batches(Act.REFUND, refunds, REFUNDS_TOGETHER) or _no_account(Phase.REFUND, blocked)

    async def _finish(self, facts: Facts, market: Market) -> list[Parcel]:
        opinions = await self._open_opinions(market)
        closings = [
            instructions.close_opinion(market=self.market, staker=opinion.staker, program=self.program)
            for opinion in opinions
        ]
        finish = instructions.finish_market(
            market=self.market,
            creator=market.creator,
            vrf_payer=facts.request.payer if facts.request else None,
            program=self.program,
        )
        return [*_batches(Act.FINISH, closings, CLOSINGS_TOGETHER), Parcel(Act.FINISH, (finish,))]

    async def _open_opinions(self, market: Market) -> list[Opinion]:
        """All that are open. Raises MalformedAnswer where the node shows others than the market counts."""
        opinions = await read_opinions(self.rpc, self.program, self.market)
        if len(opinions) != market.open_opinions:
            shown = f"{len(opinions)} opinions on {self.market}, of which {market.open_opinions} are open"
            raise MalformedAnswer(f"a node shows {shown}: wait until it has caught up")
        return opinions

    async def _able_to_take(self, payees: Sequence[tuple[Pubkey, Pubkey]], *, missing_too: bool) -> set[Pubkey]:
        """Which owners' associated accounts can be paid into; `missing_too` where we would make the account."""
        accounts = await self.rpc.accounts([account for _, account in payees])
        able: set[Pubkey] = set()
        for (owner, _), account in zip(payees, accounts, strict=True):
            if account is None or not account.data:
                usable = missing_too
            else:
                try:
                    found = decode_token_account(account.owner, account.data)
                except (ForeignAccount, UnexpectedAccount, MalformedData):
                    continue
                usable = found.owner == owner and found.state is TokenState.INITIALIZED
            if usable:
                able.add(owner)
        return able


def _batches(act: Act, items: Sequence[Instruction], size: int) -> list[Parcel]:
    return [Parcel(act, tuple(items[at : at + size])) for at in range(0, len(items), size)]


def _no_account(phase: Phase, owners: Sequence[Pubkey]) -> Wait:
    some = ", ".join(str(owner) for owner in owners[:3]) + (f" and {len(owners) - 3} more" if len(owners) > 3 else "")
    words = f"no usable USDC account of {some}: it is frozen, not there, or another's; the owner can claim by signing"
    return Wait(phase, WaitReason.ACCOUNT, _LOOK_AGAIN_S, words)
