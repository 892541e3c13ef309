"""Parcels: what is in each, that each fits into a transaction, and who can be paid into what."""

import asyncio
import os
from typing import cast

import pytest
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.accounts import Market, Opinion
from chain.answers import ChainAccount, Commitment, MemcmpFilter
from chain.constants import ASSOCIATED_TOKEN_PROGRAM_ID, PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID, MarketState
from chain.errors import MalformedAnswer
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from chain.token import associated_address
from chain.transaction import Budget, compile_message, unsigned
from chain.units import ComputeUnits, Lamports, MicroLamports, Slot, UnixTime, UsdcUnits
from oracle.prover import Prover
from oracle.settlement.acts import CLOSINGS_TOGETHER, REFUNDS_TOGETHER, Maker, Parcel
from oracle.settlement.plan import Act, Facts, Wait, WaitReason
from oracle.settlement.recorder import RecorderError, check_recordable
from settings import Network
from store.settlements import Phase
from tests.oracle.settlement.test_plan import CONFIG, facts

LIMIT = 1_232
MARKET_AT = addresses.market(bytes(16))
ORACLE = KeypairSigner(Keypair.from_seed(bytes([5]) * 32))
S = MarketState


def _someone() -> Pubkey:
    return Pubkey(os.urandom(32))


class Shown:
    """What a node shows: accounts by address. A frozen account needs a mint that the localnet's is not."""

    def __init__(self) -> None:
        self.shown: dict[Pubkey, ChainAccount] = {}

    def show(self, key: Pubkey, owner: Pubkey, data: bytes) -> None:
        self.shown[key] = ChainAccount(key, owner, Lamports(1), data, executable=False, slot=Slot(1))

    def token(self, owner: Pubkey, *, holder: Pubkey | None = None, state: int = 1) -> None:
        data = bytes(CONFIG.usdc_mint) + bytes(holder or owner) + bytes(8) + bytes(36) + bytes((state,)) + bytes(56)
        self.show(associated_address(owner, CONFIG.usdc_mint), TOKEN_PROGRAM_ID, data)

    def opinions(self, stakers: list[Pubkey], *, paid: bool = False) -> None:
        for number, staker in enumerate(stakers):
            opinion = Opinion(
                version=1, bump=1, paid=paid, market=MARKET_AT, staker=staker, start=UsdcUnits(number),
                stake=UsdcUnits(1), created_at=UnixTime(0), text_hash=bytes(32), cid="bafy",
            )  # fmt: skip
            self.show(addresses.opinion(MARKET_AT, staker), PROGRAM_ID, opinion.to_bytes())

    async def accounts(self, keys: list[Pubkey], commitment: Commitment | None = None) -> list[ChainAccount | None]:
        return [self.shown.get(key) for key in keys]

    async def program_accounts(self, program: Pubkey, filters: list[MemcmpFilter]) -> list[ChainAccount]:
        return [account for account in self.shown.values() if account.owner == program]


@pytest.fixture
def shown() -> Shown:
    return Shown()


def _made(shown: Shown, act: Act, known: Facts) -> list[Parcel] | Wait:
    maker = Maker(cast("Rpc", shown), PROGRAM_ID, MARKET_AT, ORACLE, Prover([]))
    return asyncio.run(maker.parcels(act, known))


def _parcels(shown: Shown, act: Act, known: Facts) -> list[Parcel]:
    made = _made(shown, act, known)
    assert isinstance(made, list), made
    return made


def _size(parcel: Parcel) -> int:
    budget = Budget(ComputeUnits(1_400_000), MicroLamports(1_000_000))
    return len(bytes(unsigned(compile_message(ORACLE.public_key, budget, parcel.instructions, Hash.default()))))


@pytest.mark.parametrize("count", [1, REFUNDS_TOGETHER, REFUNDS_TOGETHER + 1, 100])
def test_refunds_fit_and_cover_everybody(shown: Shown, count: int) -> None:
    stakers = [_someone() for _ in range(count)]
    shown.opinions(stakers)
    for staker in stakers:
        shown.token(staker)
    parcels = _parcels(shown, Act.REFUND, facts(S.REFUNDING, open_opinions=count))
    assert max(map(_size, parcels)) <= LIMIT
    assert len(parcels) == -(-count // REFUNDS_TOGETHER)
    paid = [item.accounts[4].pubkey for parcel in parcels for item in parcel.instructions]
    assert sorted(paid, key=bytes) == sorted(stakers, key=bytes)
    assert not _makes_accounts(parcels)


@pytest.mark.parametrize("count", [0, CLOSINGS_TOGETHER, 3 * CLOSINGS_TOGETHER + 1])
def test_clearing_away_fits_and_ends_with_the_market(shown: Shown, count: int) -> None:
    shown.opinions([_someone() for _ in range(count)], paid=True)
    parcels = _parcels(shown, Act.FINISH, facts(S.REFUNDING, liability=0, open_opinions=count))
    assert max(map(_size, parcels)) <= LIMIT
    assert sum(len(parcel.instructions) for parcel in parcels) == count + 1
    assert len(parcels[-1].instructions) == 1


def test_prize_and_fee_are_apart_and_make_the_accounts_that_are_missing(shown: Shown) -> None:
    treasury, winner = _someone(), _someone()
    known = _settled(winner, treasury)
    parcels = _parcels(shown, Act.PAY, known)
    assert [len(parcel.instructions) for parcel in parcels] == [2, 2]
    assert _makes_accounts(parcels)
    assert max(map(_size, parcels)) <= LIMIT
    known = _settled(winner, treasury, prize_paid=True)
    [fee] = _parcels(shown, Act.PAY, known)
    assert fee.instructions[1].accounts[3].pubkey == associated_address(treasury, CONFIG.usdc_mint)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shown, owner: shown.token(owner, state=2),
        lambda shown, owner: shown.token(owner, holder=_someone()),
        lambda shown, owner: shown.show(associated_address(owner, CONFIG.usdc_mint), SYSTEM_PROGRAM_ID, b"x"),
        lambda shown, owner: shown.show(associated_address(owner, CONFIG.usdc_mint), TOKEN_PROGRAM_ID, b"x" * 3),
    ],
    ids=["frozen", "foreign", "no token account", "cut short"],
)
def test_what_hinders_one_hinders_nobody_else(shown: Shown, spoil) -> None:
    treasury, winner, other = _someone(), _someone(), _someone()
    spoil(shown, winner)
    [fee] = _parcels(shown, Act.PAY, _settled(winner, treasury))
    assert fee.instructions[1].accounts[4].pubkey == treasury
    waiting = _made(shown, Act.PAY, _settled(winner, treasury, fee_collected=True))
    assert isinstance(waiting, Wait)
    assert (waiting.phase, waiting.reason) == (Phase.PAY, WaitReason.ACCOUNT)
    assert str(winner) in (waiting.words or "")
    assert str(treasury) not in (waiting.words or "")
    shown.opinions([winner, other])
    shown.token(other)
    [parcel] = _parcels(shown, Act.REFUND, facts(S.REFUNDING, open_opinions=2))
    assert [item.accounts[4].pubkey for item in parcel.instructions] == [other]


def test_refunds_make_no_accounts(shown: Shown) -> None:
    stakers = [_someone() for _ in range(5)]
    shown.opinions(stakers)
    waiting = _made(shown, Act.REFUND, facts(S.REFUNDING, open_opinions=5))
    assert isinstance(waiting, Wait)
    assert (waiting.phase, waiting.reason) == (Phase.REFUND, WaitReason.ACCOUNT)
    assert "and 2 more" in (waiting.words or "")


@pytest.mark.parametrize("act", [Act.REFUND, Act.FINISH])
def test_a_node_that_shows_too_few_opinions_is_not_believed(shown: Shown, act: Act) -> None:
    shown.opinions([_someone()])
    with pytest.raises(MalformedAnswer, match="wait until it has caught up"):
        _made(shown, act, facts(S.REFUNDING, open_opinions=2))


def test_a_node_that_shows_nobody_unpaid_is_not_believed(shown: Shown) -> None:
    shown.opinions([_someone()], paid=True)
    with pytest.raises(MalformedAnswer, match="wait for it"):
        _made(shown, Act.REFUND, facts(S.REFUNDING, open_opinions=1))


def test_the_same_instructions_are_the_same_intent() -> None:
    close = instructions.close_market(market=MARKET_AT)
    one = Parcel(Act.CLOSE, (close,))
    assert one.intent("m", 1) == Parcel(Act.CLOSE, (instructions.close_market(market=MARKET_AT),)).intent("m", 1)
    others = [
        one.intent("m", 2),
        one.intent("n", 1),
        Parcel(Act.CLOSE, (close, close)).intent("m", 1),
        Parcel(Act.CLOSE, (Instruction(close.program_id, close.data + b"\0", close.accounts),)).intent("m", 1),
        Parcel(Act.CLOSE, (instructions.close_market(market=_someone()),)).intent("m", 1),
    ]
    assert len({one.intent("m", 1), *others}) == 6
    assert one.intent("m", 1).startswith("m close ")
    assert one.intent("m", 2).endswith(" 2")


def test_mainnet_has_no_direct_recorder() -> None:
    with pytest.raises(RecorderError, match="NETWORK is mainnet"):
        check_recordable(Network.MAINNET, None)
    check_recordable(Network.DEVNET, None)


def _settled(winner: Pubkey, treasury: Pubkey, **changes: object) -> Facts:
    from dataclasses import replace

    known = facts(S.SETTLED, winner=winner, **changes)
    assert isinstance(known.market, Market)
    return replace(known, config=replace(CONFIG, treasury=treasury))


def _makes_accounts(parcels: list[Parcel]) -> bool:
    return any(item.program_id == ASSOCIATED_TOKEN_PROGRAM_ID for parcel in parcels for item in parcel.instructions)
