"""The cast and the script: a World with the program initialized, and every instruction called the way its protocol
means it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from solders.account import Account
from solders.pubkey import Pubkey

from chain import ecvrf
from tests.programs import spec, tokens
from tests.programs.calls import Call
from tests.programs.spec import PROGRAM_ID, SYSTEM_PROGRAM, TOKEN_PROGRAM, Provider, State, associated, derive
from tests.programs.tokens import TokenAccount
from tests.programs.world import Done, World, actor

CONFIG, CONFIG_BUMP = derive(b"config")
BOND_VAULT, BOND_BUMP = derive(b"bond")
PROGRAM_DATA, _ = derive(bytes(PROGRAM_ID), program=spec.UPGRADEABLE_LOADER)

ADMIN, ORACLE, TREASURY, GUARDIAN = actor("admin"), actor("oracle"), actor("treasury"), actor("guardian")
CRANK, CREATOR, MINT_AUTHORITY, FREEZER = actor("crank"), actor("creator"), actor("mint authority"), actor("freezer")
USDC = actor("usdc mint")
STAKERS = tuple(actor(f"staker {number}") for number in range(8))
PURSE = 10**12
"""USDC units that every actor begins with."""

TREASURY_USDC = associated(TREASURY, USDC)
STATEMENT = "Lisbon will be the host city in 2031"


@functools.cache
def secret(name: str) -> ecvrf.SecretKey:
    """A randomness key that its holder can prove with."""
    return ecvrf.SecretKey(hashlib.sha256(f"secret {name}".encode()).digest())


def public(name: str) -> bytes:
    """A randomness key."""
    return secret(name).public


KEY = "first key"


def usdc_of(owner: Pubkey) -> Pubkey:
    """An actor's associated USDC account."""
    return associated(owner, USDC)


def revoked_address(key: bytes) -> Pubkey:
    """Where a key's RevokedKey stands."""
    return derive(b"revoked", key)[0]


@dataclass(frozen=True)
class Market:
    """A market's addresses and what pins it."""

    uuid: bytes
    address: Pubkey
    bump: int
    escrow: Pubkey
    escrow_bump: int
    vrf_request: Pubkey
    creator: Pubkey
    key: bytes
    statement: bytes
    payer: Pubkey = CRANK
    opinions: dict[Pubkey, Pubkey] = field(default_factory=dict[Pubkey, Pubkey], compare=False)

    @property
    def statement_hash(self) -> bytes:
        """What a staker signs for."""
        return hashlib.sha256(self.statement).digest()

    def opinion(self, staker: Pubkey) -> Pubkey:
        """The staker's Opinion address."""
        if staker not in self.opinions:
            self.opinions[staker] = derive(b"opinion", bytes(self.address), bytes(staker))[0]
        return self.opinions[staker]


def market(
    name: str, *, creator: Pubkey = CREATOR, key: bytes | None = None, statement: str | bytes = STATEMENT
) -> Market:
    """The market of this name, wherever it stands in its life."""
    uuid = hashlib.sha256(f"uuid {name}".encode()).digest()[:16]
    return market_of(uuid, creator=creator, key=public(KEY) if key is None else key, statement=statement)


def market_of(uuid: bytes, *, creator: Pubkey, key: bytes, statement: str | bytes) -> Market:
    """The market of this uuid."""
    address, bump = derive(b"market", uuid)
    escrow, escrow_bump = derive(b"escrow", bytes(address))
    request, _ = derive(b"vrf_request", bytes(address))
    raw = statement if isinstance(statement, bytes) else statement.encode()
    return Market(uuid, address, bump, escrow, escrow_bump, request, creator, key, raw)


# Calls: every one valid in its right moment.


def initialize(provider: int = Provider.ECVRF, bond_share: int = 20_000, key: bytes | None = None) -> Call:
    """By the upgrade authority."""
    accounts = {
        "admin": ADMIN, "config": CONFIG, "bond_vault": BOND_VAULT, "usdc_mint": USDC, "program": PROGRAM_ID,
        "program_data": PROGRAM_DATA, "token_program": TOKEN_PROGRAM, "system_program": SYSTEM_PROGRAM,
    }  # fmt: skip
    args = {
        "oracle": ORACLE, "treasury": TREASURY, "guardian": GUARDIAN, "randomness_provider": provider,
        "randomness_key": public(KEY) if key is None else key, "bond_share_bps": bond_share,
    }  # fmt: skip
    return Call("initialize", accounts, args)


def propose_authority(role: int, key: Pubkey | bytes, admin: Pubkey = ADMIN) -> Call:
    """By the admin."""
    return Call("propose_authority", {"admin": admin, "config": CONFIG}, {"role": role, "key": key})


def accept_authority(role: int, authority: Pubkey) -> Call:
    """By the proposed."""
    accounts = {"authority": authority, "config": CONFIG, "revoked_key": revoked_address(bytes(authority))}
    return Call("accept_authority", accounts, {"role": role})


def set_paused(paused: bool, authority: Pubkey = ADMIN) -> Call:
    """By the guardian or the admin."""
    return Call("set_paused", {"authority": authority, "config": CONFIG}, {"paused": paused})


def set_randomness(provider: int, bond_share: int, admin: Pubkey = ADMIN) -> Call:
    """By the admin."""
    args = {"randomness_provider": provider, "bond_share_bps": bond_share}
    return Call("set_randomness", {"admin": admin, "config": CONFIG}, args)


def revoke_randomness_key(key: bytes, admin: Pubkey = ADMIN) -> Call:
    """By the admin."""
    accounts = {"admin": admin, "config": CONFIG, "revoked_key": revoked_address(key), "system_program": SYSTEM_PROGRAM}
    return Call("revoke_randomness_key", accounts, {"key": key})


def deposit_bond(amount: int, depositor: Pubkey = ADMIN) -> Call:
    """From anyone's associated account."""
    accounts = {
        "depositor": depositor, "config": CONFIG, "source": usdc_of(depositor), "bond_vault": BOND_VAULT,
        "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("deposit_bond", accounts, {"amount": amount})


def withdraw_bond(amount: int, admin: Pubkey = ADMIN) -> Call:
    """To the admin's associated account."""
    accounts = {
        "admin": admin, "config": CONFIG, "bond_vault": BOND_VAULT, "destination": usdc_of(admin),
        "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("withdraw_bond", accounts, {"amount": amount})


def create_market(of: Market, duration: int = spec.DAY) -> Call:
    """By its creator."""
    accounts = {
        "creator": of.creator, "config": CONFIG, "market": of.address, "escrow": of.escrow,
        "creator_usdc": usdc_of(of.creator),
        "treasury_usdc": TREASURY_USDC, "usdc_mint": USDC, "token_program": TOKEN_PROGRAM,
        "system_program": SYSTEM_PROGRAM,
    }  # fmt: skip
    return Call("create_market", accounts, {"statement": of.statement, "duration": duration, "uuid": of.uuid})


def stake_opinion(of: Market, staker: Pubkey, stake: int = 1_000_000, cid: str | bytes = "bafy1") -> Call:
    """From the staker's associated account."""
    accounts = {
        "staker": staker, "config": CONFIG, "market": of.address, "escrow": of.escrow, "opinion": of.opinion(staker),
        "staker_usdc": usdc_of(staker), "token_program": TOKEN_PROGRAM, "system_program": SYSTEM_PROGRAM,
    }  # fmt: skip
    text = hashlib.sha256(bytes(staker)).digest()
    return Call(
        "stake_opinion", accounts, {"stake": stake, "text_hash": text, "cid": cid, "statement_hash": of.statement_hash}
    )


def close_market(of: Market) -> Call:
    """By anyone."""
    return Call("close_market", {"market": of.address})


def record_sentiment(of: Market, score: int = 64, confidence: int = 2, oracle: Pubkey = ORACLE) -> Call:
    """By the oracle."""
    accounts = {"oracle": oracle, "config": CONFIG, "market": of.address}
    summary = hashlib.sha256(b"summary").digest()
    return Call("record_sentiment", accounts, {"score": score, "confidence": confidence, "summary_hash": summary})


def request_vrf_randomness(of: Market) -> Call:
    """Paid by the market's payer."""
    accounts = {
        "payer": of.payer, "config": CONFIG, "market": of.address, "vrf_request": of.vrf_request,
        "bond_vault": BOND_VAULT,
        "revoked_key": revoked_address(of.key), "system_program": SYSTEM_PROGRAM,
    }  # fmt: skip
    return Call("request_vrf_randomness", accounts)


def _slot_hash_call(name: str, of: Market) -> Call:
    return Call(name, {"market": of.address, "vrf_request": of.vrf_request, "slot_hashes": spec.SLOT_HASHES})


def capture_slot_hash(of: Market) -> Call:
    """By anyone."""
    return _slot_hash_call("capture_slot_hash", of)


def rearm_slot_hash(of: Market) -> Call:
    """By anyone."""
    return _slot_hash_call("rearm_slot_hash", of)


def fulfill_vrf_randomness(of: Market, proof: bytes) -> Call:
    """By anyone with the proof."""
    return Call("fulfill_vrf_randomness", {"market": of.address, "vrf_request": of.vrf_request}, {"proof": proof})


def orao_address(alpha: bytes) -> Pubkey:
    """Where ORAO keeps the answer to a seed."""
    return derive(b"orao-vrf-randomness-request", alpha, program=spec.ORAO_PROGRAM)[0]


def fulfill_vrf_external(of: Market, randomness: Pubkey) -> Call:
    """By anyone, once ORAO has answered."""
    return Call("fulfill_vrf_external", {"market": of.address, "vrf_request": of.vrf_request, "randomness": randomness})


def run_lottery_with_vrf(of: Market, winner: Pubkey) -> Call:
    """By anyone who names the winner's Opinion."""
    accounts = {"config": CONFIG, "market": of.address, "vrf_request": of.vrf_request, "opinion": of.opinion(winner)}
    return Call("run_lottery_with_vrf", accounts)


def claim_prize(of: Market, winner: Pubkey) -> Call:
    """To the winner's associated account."""
    accounts = {
        "market": of.address, "escrow": of.escrow, "destination": usdc_of(winner), "winner": winner,
        "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("claim_prize", accounts)


def recover_stake(of: Market, staker: Pubkey) -> Call:
    """To the staker's associated account."""
    accounts = {
        "market": of.address, "escrow": of.escrow, "opinion": of.opinion(staker), "destination": usdc_of(staker),
        "staker": staker, "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("recover_stake", accounts)


def collect_fee(of: Market, treasury: Pubkey = TREASURY) -> Call:
    """To the treasury's associated account."""
    accounts = {
        "config": CONFIG, "market": of.address, "escrow": of.escrow, "destination": usdc_of(treasury),
        "treasury": treasury,
        "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("collect_fee", accounts)


def expire_market(of: Market) -> Call:
    """By anyone."""
    accounts = {
        "config": CONFIG, "market": of.address, "vrf_request": of.vrf_request, "bond_vault": BOND_VAULT,
        "escrow": of.escrow,
        "revoked_key": revoked_address(of.key), "slot_hashes": spec.SLOT_HASHES, "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("expire_market", accounts)


def close_opinion(of: Market, staker: Pubkey) -> Call:
    """By anyone."""
    return Call("close_opinion", {"market": of.address, "opinion": of.opinion(staker), "staker": staker})


def finish_market(of: Market) -> Call:
    """By anyone."""
    accounts = {
        "config": CONFIG, "market": of.address, "escrow": of.escrow, "vrf_request": of.vrf_request,
        "bond_vault": BOND_VAULT,
        "creator": of.creator, "vrf_payer": of.payer, "token_program": TOKEN_PROGRAM,
    }  # fmt: skip
    return Call("finish_market", accounts)


class Scene(World):
    """A World whose cast has SOL and USDC."""

    def __init__(self, elf: bytes, extra: dict[Pubkey, bytes] | None = None) -> None:
        super().__init__({PROGRAM_ID: elf, **(extra or {})}, ADMIN)
        cast = (ADMIN, ORACLE, TREASURY, GUARDIAN, CRANK, CREATOR, actor("stranger"), *STAKERS)
        self.place(USDC, tokens.mint(MINT_AUTHORITY, FREEZER, supply=PURSE * len(cast)))
        for one in cast:
            self.fund(one)
            self.place(usdc_of(one), TokenAccount(USDC, one, PURSE).account())

    def do(self, *calls: Call) -> Done:
        """Sends the calls in one transaction. Raises Refused."""
        return self.send(*(call.instruction() for call in calls))

    @property
    def config(self) -> SimpleNamespace:
        """The ProgramConfig."""
        return self.read(CONFIG, "ProgramConfig")

    def market(self, of: Market) -> SimpleNamespace:
        """The Market's fields."""
        return self.read(of.address, "Market")

    def request(self, of: Market) -> SimpleNamespace:
        """The VrfRequest's fields."""
        return self.read(of.vrf_request, "VrfRequest")

    def opinion(self, of: Market, staker: Pubkey) -> SimpleNamespace:
        """The Opinion's fields."""
        return self.read(of.opinion(staker), "Opinion")

    def receipt(self, of: Market) -> SimpleNamespace:
        """The MarketReceipt's fields."""
        return self.read(of.address, "MarketReceipt")

    # From one stage of a market to the next

    def opened(self, of: Market, stakes: Sequence[int] = (), duration: int = spec.DAY) -> Market:
        """Creates a market; the first stakers stake these amounts."""
        self.do(create_market(of, duration))
        for staker, stake in zip(STAKERS, stakes, strict=False):
            self.do(stake_opinion(of, staker, stake))
        return of

    def scored(self, of: Market) -> Market:
        """From Active to Scored, at the first second possible."""
        self.at(max(self.now, self.market(of).closes_at)).do(close_market(of))
        self.do(record_sentiment(of))
        return of

    def requested(self, of: Market) -> Market:
        """From Scored to AwaitingRandomness."""
        self.do(request_vrf_randomness(of))
        return of

    def captured(self, of: Market) -> Market:
        """Lets the target slot pass and captures its hash."""
        self.pass_slots(spec.TARGET_SLOT_DELAY + 1)
        self.do(capture_slot_hash(of))
        return of

    def proof(self, of: Market, key: str = KEY) -> bytes:
        """The key holder's proof for a captured request."""
        return secret(key).prove(self.request(of).alpha)

    def fulfilled(self, of: Market, key: str = KEY) -> Market:
        """Verifies the proof on-chain."""
        self.do(fulfill_vrf_randomness(of, self.proof(of, key)))
        return of

    def winner(self, of: Market, stakers: Sequence[Pubkey] = STAKERS) -> Pubkey:
        """Who covers the draw, worked out from the output and the Opinions."""
        drawn = spec.draw(self.request(of).output, self.market(of).total_stake)
        for staker in stakers:
            if self.account(of.opinion(staker)) is not None:
                opinion = self.opinion(of, staker)
                if opinion.start <= drawn < opinion.start + opinion.stake:
                    return staker
        raise AssertionError("nobody covers the draw: Opinions do not tile the pool")

    def settled(self, of: Market) -> Pubkey:
        """Runs the lottery. Returns the winner."""
        winner = self.winner(of)
        self.do(run_lottery_with_vrf(of, winner))
        return winner

    def orao_answers(self, alpha: bytes, randomness: bytes = bytes(range(64)), *, fulfilled: bool = True) -> Pubkey:
        """Places ORAO's RandomnessV2 for a seed. Returns its address."""
        data = bytes([139, 239, 184, 215, 227, 86, 191, 226, fulfilled]) + bytes(CRANK) + alpha + randomness
        address = orao_address(alpha)
        self.place(address, Account(tokens.RENT, data, spec.ORAO_PROGRAM))
        return address

    def state(self, of: Market) -> State:
        """The market's state."""
        return State(self.market(of).state)
