"""End to end on our localnet, where it is built: the sender, and a market read and verified from the chain alone."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from chain_net import BUILT, PYTHON, Node, running
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from chain import addresses, instructions, market_reader, verify
from chain.accounts import Market, Opinion, VrfRequest, decode_market
from chain.checks import Result
from chain.constants import CREATE_FEE, PROGRAM_ID, MarketDuration, MarketState, RandomnessProvider
from chain.draw import draw
from chain.ecvrf import SecretKey
from chain.errors import (
    BondShort,
    InvalidAuthority,
    MarketNotFound,
    MarketUnfinished,
    NotEnoughSol,
    NotOracle,
    OtherProgramError,
    SlotHashNotReady,
    WrongMarketState,
)
from chain.evidence import Evidence
from chain.signers import KeypairSigner
from chain.token import associated_address, create_associated_account
from chain.transaction import Budget, compile_message, unsigned
from chain.units import BasisPoints, ComputeUnits, MicroLamports, Stake, UsdcUnits

PROGRAM = BUILT / "opinion_market.so"
STATEMENT = "The ferry to the island should run at night."

pytestmark = pytest.mark.skipif(
    not (PYTHON.exists() and PROGRAM.exists()), reason="the localnet or the built program is missing: run make setup"
)


class Net(Node):
    """The localnet of one test, with everybody's keys."""

    def __init__(self, node: Node, admin: KeypairSigner) -> None:
        super().__init__(node.url, node.rpc, node.sender)
        self.admin = admin
        self.oracle, self.treasury, self.guardian, self.creator = (KeypairSigner(Keypair()) for _ in range(4))
        self.randomness = SecretKey(bytes(range(32)))

    def usdc(self, owner: Pubkey) -> Pubkey:
        """The owner's USDC account."""
        return associated_address(owner, self.mint)

    async def market(self, address: Pubkey) -> Market:
        account = await self.rpc.account(address)
        assert account is not None
        return Market.from_account(account.owner, account.data)


NOBODY = Keypair().pubkey()


@pytest.fixture
async def net(tmp_path: Path) -> AsyncIterator[Net]:
    admin = KeypairSigner(Keypair())
    async with running(tmp_path, [(PROGRAM_ID, PROGRAM, admin.public_key)]) as node:
        yield Net(node, admin)


async def test_what_a_transfer_would_change_is_told_without_a_signature(net: Net) -> None:
    poor = Keypair().pubkey()
    await net.fund(net.admin)
    held = await net.rpc.balance(net.admin.public_key)

    def tried(lamports: int) -> VersionedTransaction:
        paid = transfer(TransferParams(from_pubkey=net.admin.public_key, to_pubkey=poor, lamports=lamports))
        budget = Budget(ComputeUnits(1_000), MicroLamports(0))
        return unsigned(compile_message(net.admin.public_key, budget, [paid], Hash.default()))

    done, after = await net.rpc.simulate_changes(tried(5_000_000), [poor, net.admin.public_key, NOBODY])
    assert done.error is None
    assert [None if account is None else account.lamports for account in after] == [5_000_000, held - 5_005_000, None]
    failed_one, nothing = await net.rpc.simulate_changes(tried(held + 1), [poor])
    assert failed_one.error is not None
    assert nothing == []
    assert (await net.rpc.simulate_changes(tried(1_000_000), []))[1] == []
    assert await net.rpc.balance(poor) == 0


async def test_a_transfer_lands_once(net: Net) -> None:
    poor = KeypairSigner(Keypair())
    await net.fund(net.admin)
    to = transfer(TransferParams(from_pubkey=net.admin.public_key, to_pubkey=poor.public_key, lamports=5_000_000))
    sent = await net.sender.send("pay", [to], net.admin)
    again = await net.sender.send("pay", [to], net.admin)
    assert again.signature == sent.signature
    assert await net.rpc.balance(poor.public_key) == 5_000_000
    record = await net.rpc.transaction(sent.signature)
    assert record is not None
    assert (record.slot, record.error) == (sent.slot, None)
    assert record.units is not None
    assert sent.signature in [info.signature for info in await net.rpc.history(poor.public_key)]
    too_much = transfer(TransferParams(from_pubkey=poor.public_key, to_pubkey=net.admin.public_key, lamports=10**12))
    with pytest.raises((NotEnoughSol, OtherProgramError)):
        await net.sender.send("too much", [too_much], poor)
    with pytest.raises(NotEnoughSol):
        await net.sender.send("nothing there", [too_much], KeypairSigner(Keypair()))
    with pytest.raises(MarketNotFound, match=f"^{poor.public_key} is not a market .* belongs to 1{{32}}$"):
        await market_reader.read_evidence(net.rpc, poor.public_key)
    with pytest.raises(MarketNotFound):
        await market_reader.read_evidence(net.rpc, Keypair().pubkey())


async def set_up(net: Net, bond: int) -> None:
    """The program initialized, everybody funded, so much bond deposited."""
    await net.fund(net.admin, max(bond, 1))
    await net.fund(net.oracle)
    await net.fund(net.creator, CREATE_FEE)
    bad = instructions.initialize(
        admin=net.admin.public_key,
        usdc_mint=net.mint,
        oracle=Pubkey.default(),
        treasury=net.treasury.public_key,
        guardian=net.guardian.public_key,
        randomness_key=net.randomness.public,
        provider=RandomnessProvider.ECVRF,
        bond_share=BasisPoints(10_000),
    )
    with pytest.raises(InvalidAuthority) as caught:
        await net.send([bad], net.admin)
    assert caught.value.logs
    good = instructions.initialize(
        admin=net.admin.public_key,
        usdc_mint=net.mint,
        oracle=net.oracle.public_key,
        treasury=net.treasury.public_key,
        guardian=net.guardian.public_key,
        randomness_key=net.randomness.public,
        provider=RandomnessProvider.ECVRF,
        bond_share=BasisPoints(10_000),
    )
    treasury = create_associated_account(payer=net.admin.public_key, owner=net.treasury.public_key, mint=net.mint)
    await net.send([treasury, good], net.admin)
    if bond:
        await deposit(net, bond)


async def deposit(net: Net, amount: int) -> None:
    """More bond."""
    admin = net.admin.public_key
    wanted = instructions.deposit_bond(depositor=admin, source=net.usdc(admin), amount=UsdcUnits(amount))
    await net.send([wanted], net.admin)


async def closed_market(net: Net, stakes: Sequence[int]) -> tuple[Pubkey, list[KeypairSigner]]:
    """A market with these stakes, its time up."""
    uuid = bytes(range(16))
    address = addresses.market(uuid)
    create = instructions.create_market(
        creator=net.creator.public_key,
        uuid=uuid,
        statement=STATEMENT,
        duration=MarketDuration.DAY,
        usdc_mint=net.mint,
        creator_usdc=net.usdc(net.creator.public_key),
        treasury_usdc=net.usdc(net.treasury.public_key),
    )
    await net.send([create], net.creator)
    stakers = [KeypairSigner(Keypair()) for _ in stakes]
    for staker, units in zip(stakers, stakes, strict=True):
        await net.fund(staker, units)
        stake = instructions.stake_opinion(
            staker=staker.public_key,
            market=address,
            stake=Stake(UsdcUnits(units)),
            text_hash=hashlib.sha256(b"text").digest(),
            cid="bafy123",
            statement_hash=hashlib.sha256(STATEMENT.encode()).digest(),
            staker_usdc=net.usdc(staker.public_key),
        )
        await net.send([stake], staker)
    net.ask("localnet_warp", {"seconds": int(MarketDuration.DAY)})
    await net.send([instructions.close_market(market=address)], net.oracle)
    return address, stakers


async def request_randomness(net: Net, address: Pubkey, short: int = 0) -> None:
    """Scored and requested, after depositing the bond that was missing."""

    def score(oracle: KeypairSigner) -> Instruction:
        who = oracle.public_key
        return instructions.record_sentiment(oracle=who, market=address, score=61, confidence=2, summary_hash=bytes(32))

    with pytest.raises(NotOracle):
        await net.send([score(net.creator)], net.creator)
    await net.send([score(net.oracle)], net.oracle)
    request = instructions.request_vrf_randomness(
        requester=net.oracle.public_key, market=address, randomness_key=net.randomness.public
    )
    if short:
        with pytest.raises(BondShort) as caught:
            await net.send([request], net.oracle)
        assert caught.value.missing == short
        await deposit(net, short)
    await net.send([request], net.oracle)


async def settle(net: Net, address: Pubkey) -> Market:
    """Captured, proved and drawn."""
    async with asyncio.timeout(60):
        while True:
            try:
                await net.send([instructions.capture_slot_hash(market=address)], net.oracle)
                break
            except SlotHashNotReady:
                await asyncio.sleep(0.1)
    account = await net.rpc.account(addresses.vrf_request(address))
    assert account is not None
    proof = net.randomness.prove(VrfRequest.from_account(account.owner, account.data).alpha)
    await net.send([instructions.fulfill_vrf_randomness(market=address, proof=proof)], net.oracle)
    evidence = await market_reader.read_evidence(net.rpc, address)
    assert evidence.randomness is not None
    r = draw(evidence.randomness.output, evidence.market.total_stake)
    winner = next(opinion.staker for opinion in evidence.opinions if opinion.covers(r))
    await net.send([instructions.run_lottery_with_vrf(market=address, winner=winner)], net.oracle)
    return await net.market(address)


def failed(evidence: Evidence) -> list[str]:
    """What is wrong, in words."""
    found = verify.verify_market(evidence).with_result(Result.FAILED)
    return [f"{check.name}: {check.words}" for check in found]


async def test_a_market_settles_and_verifies_to_its_receipt(net: Net) -> None:
    stakes = [500_000, 10_000_000, 2_345_678, 1_000_001, 750_000]
    await set_up(net, bond=0)
    net.ask("localnet_faucetUsdc", str(net.admin.public_key), sum(stakes))
    address, stakers = await closed_market(net, stakes)
    with pytest.raises(WrongMarketState):
        await net.send([instructions.close_market(market=address)], net.oracle)
    await request_randomness(net, address, short=sum(stakes))
    with pytest.raises(MarketUnfinished, match=f"{address} is awaiting randomness"):
        verify.verify_market(await market_reader.read_evidence(net.rpc, address))
    with pytest.raises(MarketNotFound, match="it is its VrfRequest"):
        await market_reader.read_evidence(net.rpc, addresses.vrf_request(address))
    market = await settle(net, address)
    assert failed(await market_reader.read_evidence(net.rpc, address)) == []
    destination = net.usdc(market.winner)
    treasury = net.treasury.public_key
    await net.send(
        [instructions.claim_prize(market=address, winner=market.winner, destination=destination)], net.oracle
    )
    await net.send(
        [instructions.collect_fee(market=address, treasury=treasury, destination=net.usdc(treasury))], net.oracle
    )
    paid = verify.verify_market(await market_reader.read_evidence(net.rpc, address))
    assert paid.ok, paid
    assert [check.name for check in paid.with_result(Result.NOT_CHECKABLE)] == []
    closing = [instructions.close_opinion(market=address, staker=staker.public_key) for staker in stakers]
    await net.send(closing, net.oracle)
    finish = instructions.finish_market(market=address, creator=net.creator.public_key, vrf_payer=net.oracle.public_key)
    await net.send([finish], net.oracle)
    account = await net.rpc.account(address)
    assert account is not None
    assert decode_market(account.owner, account.data).state is MarketState.SETTLED
    gone = [addresses.vrf_request(address), addresses.escrow(address)]
    who = net.oracle.public_key
    gifts = [transfer(TransferParams(from_pubkey=who, to_pubkey=key, lamports=1_000_000)) for key in gone]
    await net.send(gifts, net.oracle)
    receipt = verify.verify_market(await market_reader.read_evidence(net.rpc, address))
    assert receipt.ok, receipt
    assert receipt.with_result(Result.NOT_CHECKABLE) == []
    alone = verify.verify_market(await market_reader.read_evidence(net.rpc, address, history=False))
    assert alone.ok, alone
    assert {"proof", "draw", "winner"} <= {check.name for check in alone.with_result(Result.OK)}


async def test_an_unanswered_market_refunds_and_verifies(net: Net) -> None:
    stakes = [500_000, 1_333_333]
    await set_up(net, bond=sum(stakes))
    address, stakers = await closed_market(net, stakes)
    await request_randomness(net, address)
    net.ask("localnet_warp", {"seconds": 86_400})
    await net.send([instructions.expire_market(market=address, randomness_key=net.randomness.public)], net.oracle)
    assert failed(await market_reader.read_evidence(net.rpc, address)) == []
    for staker in stakers:
        key = staker.public_key
        await net.send([instructions.recover_stake(market=address, staker=key, destination=net.usdc(key))], net.oracle)
    evidence = await market_reader.read_evidence(net.rpc, address)
    assert all(isinstance(opinion, Opinion) and opinion.paid for opinion in evidence.opinions)
    done = verify.verify_market(evidence)
    assert done.ok, done
    assert done.with_result(Result.NOT_CHECKABLE) == []
