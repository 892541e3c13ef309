"""A hypothesis state machine: several actors, several markets, time, rotation, revocation, pauses, freezes, donations, hostile calls.

Every step either does what the model allows, or tries what it forbids and must be refused by name; then every invariant is checked.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from tests.programs import idl
from tests.programs import model as m
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.invariants import Watch
from tests.programs.model import Model
from tests.programs.scene import BOND_VAULT, CRANK, STAKERS, Scene
from tests.programs.spec import Provider, Reason, Request, Role, State
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, Snapshot, actor

T = TypeVar("T")

PLAYERS = STAKERS[:5]
CREATORS = (s.CREATOR, STAKERS[0])
KEYS = ("first key", "second key", "third key", "fourth key")
AUTHORITIES = {
    Role.ADMIN: (s.ADMIN, actor("second admin")),
    Role.ORACLE: (s.ORACLE, actor("second oracle")),
    Role.TREASURY: (s.TREASURY, actor("second treasury")),
    Role.GUARDIAN: (s.GUARDIAN, actor("second guardian")),
}
HOLDERS = tuple(dict.fromkeys((*PLAYERS, *CREATORS, *AUTHORITIES[Role.ADMIN], *AUTHORITIES[Role.TREASURY], actor("stranger"))))
MOST_MARKETS = 4
EDGE_STAKES = (0, 1, 499_999, 500_000, 10_000_000, 10_000_001)
JUMPS = (60, 1, 3_600, 3_600, spec.DAY // 4, spec.DAY // 2, spec.DAY, 3 * spec.DAY)
SLOTS = (9, 1, 2, 8, 10, 200, 503, 511, 512, 520, 700)
SKIPPED = ((), (), (8,), (7, 8, 9), (0, 1))
BOND_SHARES = (20_000, 10_000, 12_345, 50_000, 100_000, 9_999, 100_001)


def stage(scene: Scene) -> Snapshot:
    """Where every run begins: initialized, the whole cast with SOL and USDC."""
    for one in (*HOLDERS, *(key for pair in AUTHORITIES.values() for key in pair)):
        scene.fund(one)
    for holder in HOLDERS:
        scene.place(s.usdc_of(holder), TokenAccount(s.USDC, holder, s.PURSE).account())
    scene.do(s.initialize())
    scene.do(s.deposit_bond(300_000_000))
    return scene.snapshot()


class Dice:
    """Choices out of drawn bytes: one draw a step keeps hypothesis out of the way, and zeros are the simplest choices."""

    def __init__(self, drawn: bytes) -> None:
        self._left = int.from_bytes(drawn, "big")

    def below(self, bound: int) -> int:
        """A number in [0, bound)."""
        self._left, number = divmod(self._left, bound)
        return number

    def one_of(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.below(len(options))]

    def between(self, low: int, high: int) -> int:
        """A number in [low, high]."""
        return low + self.below(high - low + 1)

    def coin(self) -> bool:
        """Yes or no."""
        return self.below(2) == 1


def token_transfer(source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    """SPL Token's Transfer."""
    metas = [AccountMeta(source, False, True), AccountMeta(destination, False, True), AccountMeta(owner, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\3" + struct.pack("<Q", amount), metas)


def freeze(account: Pubkey, *, thaw: bool) -> Instruction:
    """SPL Token's FreezeAccount or ThawAccount."""
    metas = [AccountMeta(account, False, True), AccountMeta(s.USDC, False, False), AccountMeta(s.FREEZER, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\x0b" if thaw else b"\x0a", metas)


TARGETS = (
    "stake_opinion", "record_sentiment", "request_vrf_randomness", "capture_slot_hash", "rearm_slot_hash",
    "fulfill_vrf_randomness", "run_lottery_with_vrf", "claim_prize", "recover_stake", "collect_fee", "expire_market",
    "close_opinion", "finish_market", "deposit_bond", "withdraw_bond",
)  # fmt: skip
FREE = {
    ("withdraw_bond", "destination"), ("finish_market", "vrf_payer"), ("record_sentiment", "market"),
    ("request_vrf_randomness", "payer"),
}  # fmt: skip
"""Accounts that another one may rightly stand in for, so that passing it is no attack."""

WEIGHTS = {
    "advance": 14, "several_stake": 6, "attack": 6, "create": 4, "stake": 4, "expire": 4, "claim": 3, "recover": 3, "fulfil": 3,
    "wait_for_an_edge": 3, "wait": 2, "pass_slots": 2, "close": 2, "record": 2, "request": 2, "capture": 2, "rearm": 2, "lapse": 2,
    "forge": 2, "draw": 2, "collect": 2, "close_opinion": 2, "finish": 2, "deposit": 2, "withdraw": 2, "donate": 2, "prefund": 2,
    "propose": 2, "accept": 2, "rotate_key": 1, "revoke": 1, "set_randomness": 1, "pause": 2, "freeze": 2,
}  # fmt: skip
SCRIPT = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
WITHOUT_A_MARKET = {
    "create", "deposit", "withdraw", "propose", "accept", "rotate_key", "revoke", "set_randomness", "pause", "freeze", "wait",
    "pass_slots",
}  # fmt: skip


class OpinionMarket(RuleBasedStateMachine):
    """The program beside its model. `scene` and `start` are set before it runs; `counts` and `reasons` grow over all runs."""

    scene: ClassVar[Scene]
    start: ClassVar[Snapshot]
    counts: ClassVar[Counter[str]] = Counter()
    reasons: ClassVar[Counter[str]] = Counter()
    model_kind: ClassVar[type[Model]] = Model

    def __init__(self) -> None:
        super().__init__()
        self.scene.restore(self.start)
        self.model = self.model_kind(vault=self.scene.balance(BOND_VAULT))
        self.model.purses = {holder: self.scene.balance(s.usdc_of(holder)) for holder in HOLDERS}
        self.watch = Watch(self.scene, self.model, HOLDERS)

    @rule(action=st.sampled_from(SCRIPT), drawn=st.binary(min_size=12, max_size=12))
    def act(self, action: str, drawn: bytes) -> None:
        """One action; one rule for all keeps hypothesis fast and every run's mix the same."""
        dice = Dice(drawn)
        if action not in WITHOUT_A_MARKET and not self.model.markets:
            action = "create"
        getattr(self, action)(dice)

    # One step

    def tries(self, name: str, call: Call, allowed: bool, then: Callable[[], None]) -> None:
        """Sends a call that the model allows or forbids, applies its effect, and checks everything."""
        if allowed:
            self.is_done(name, call)
            then()
        else:
            self.is_refused(name, call)
        self.step(f"{name}: {'done' if allowed else 'refused'}")

    def is_done(self, name: str, call: Call) -> None:
        """The program must accept."""
        try:
            self.scene.do(call)
        except Refused as refused:
            raise AssertionError(f"{name} was refused, which the model allows: {refused}") from refused

    def is_refused(self, name: str, call: Call) -> None:
        """The program must refuse, with an error of its own."""
        try:
            self.scene.do(call)
        except Refused as refused:
            assert refused.code in idl.load().errors, f"{name}: {refused.name} is not the program's own: {refused.logs}"
        else:
            raise AssertionError(f"{name} was accepted, which the model forbids: {call}")

    def step(self, name: str) -> None:
        """Counts a step and checks every invariant."""
        self.counts[name] += 1
        self.watch.check()

    def market(self, dice: Dice) -> m.Market:
        """Any market, a younger one twice as likely, since it has more to come."""
        markets = self.model.markets
        return markets[max(dice.below(len(markets)), dice.below(len(markets)))]

    # Markets

    def create(self, dice: Dice) -> None:
        markets = self.model.markets
        if len(markets) >= MOST_MARKETS:
            self.create_again(dice.one_of(markets))
            return
        who, duration = dice.one_of(CREATORS), dice.one_of(spec.DURATIONS)
        key = self.model.key if self.model.provider is Provider.ECVRF else None
        pinned = bytes(32) if key is None else s.public(key)
        handle = s.market(f"fuzz {len(markets)}", creator=who, key=pinned, statement=f"number {len(markets)}")
        self.watch.track([handle.address, handle.escrow, handle.vrf_request, *map(handle.opinion, PLAYERS)])
        closes = self.scene.now + duration

        def born() -> None:
            self.model.purses[who] -= spec.CREATE_FEE
            self.model.purses[self.model.treasury] += spec.CREATE_FEE
            markets.append(m.Market(handle, who, closes, self.model.provider, key, self.model.bond_share))

        call = s.create_market(handle, duration).using(treasury_usdc=s.usdc_of(self.model.treasury))
        self.tries("create", call, self.model.may_create(who), born)

    def create_again(self, of: m.Market) -> None:
        """A uuid that lives or has lived is refused."""
        call = s.create_market(of.handle).using(treasury_usdc=s.usdc_of(self.model.treasury))
        self.is_refused("create again", call)
        self.step("create again: refused")

    def stake(self, dice: Dice) -> None:
        of, who = self.market(dice), dice.one_of(PLAYERS)
        at_the_edge = dice.below(4) == 3
        self._stake(of, who, dice.one_of(EDGE_STAKES) if at_the_edge else dice.between(spec.MIN_STAKE, spec.MAX_STAKE))

    def several_stake(self, dice: Dice) -> None:
        """Two to four players in a row."""
        of, first = self.market(dice), dice.below(len(PLAYERS))
        for offset in range(2 + dice.below(3)):
            who = PLAYERS[(first + offset) % len(PLAYERS)]
            self._stake(of, who, dice.between(spec.MIN_STAKE, spec.MAX_STAKE))

    def _stake(self, of: m.Market, who: Pubkey, stake: int) -> None:
        def staked() -> None:
            of.opinions[who] = m.Opinion(of.total, stake)
            self.model.purses[who] -= stake

        allowed = self.model.may_stake(of, who, stake, self.scene.now)
        self.tries("stake", s.stake_opinion(of.handle, who, stake), allowed, staked)

    def close(self, dice: Dice) -> None:
        self._close(self.market(dice))

    def _close(self, of: m.Market) -> None:
        def closed() -> None:
            of.state = State.CLOSED

        self.tries("close", s.close_market(of.handle), self.model.may_close(of, self.scene.now), closed)

    def record(self, dice: Dice) -> None:
        self._record(self.market(dice), dice.one_of(AUTHORITIES[Role.ORACLE]), dice.below(101))

    def _record(self, of: m.Market, who: Pubkey, score: int) -> None:
        def recorded() -> None:
            of.state = State.SCORED

        call = s.record_sentiment(of.handle, score, score % 3, who)
        self.tries("record", call, self.model.may_record(of, who), recorded)

    # Randomness

    def request(self, dice: Dice) -> None:
        self._request(self.market(dice))

    def _request(self, of: m.Market) -> None:
        now, target = self.scene.now, self.scene.slot + spec.TARGET_SLOT_DELAY

        def requested() -> None:
            of.state, of.bond = State.AWAITING, spec.share(of.total, of.bond_share)
            of.asked = m.Asked(now, target)

        self.tries("request", s.request_vrf_randomness(of.handle), self.model.may_request(of, now), requested)

    def capture(self, dice: Dice) -> None:
        self._capture(self.market(dice))

    def _capture(self, of: m.Market) -> None:
        def captured() -> None:
            assert of.asked is not None
            of.asked.status = Request.CAPTURED
            slot = m.first_at_or_after(self.scene.slot_hashes, of.asked.target)
            assert self.scene.request(of.handle).captured_slot == slot

        allowed = self.model.may_capture(of, self.scene.now, self.scene.slot_hashes)
        self.tries("capture", s.capture_slot_hash(of.handle), allowed, captured)

    def rearm(self, dice: Dice) -> None:
        self._rearm(self.market(dice))

    def _rearm(self, of: m.Market) -> None:
        target = self.scene.slot + spec.TARGET_SLOT_DELAY

        def rearmed() -> None:
            assert of.asked is not None
            of.asked.rearmed, of.asked.target = True, target

        allowed = self.model.may_rearm(of, self.scene.now, self.scene.slot_hashes)
        self.tries("rearm", s.rearm_slot_hash(of.handle), allowed, rearmed)

    def lapse(self, dice: Dice) -> None:
        """Nobody captures in time, which is how a market comes to be re-armed."""
        of = self.market(dice)
        for _ in range(1 + dice.below(2)):
            if of.state is State.AWAITING:
                self.scene.pass_slots(600)
                self._capture(of)
                self._rearm(of)
                self._expire(of)

    def fulfil(self, dice: Dice) -> None:
        self._fulfil(self.market(dice))

    def _alpha(self, of: m.Market) -> bytes:
        return bytes(32) if of.asked is None or of.finished else self.scene.request(of.handle).alpha

    def _fulfil(self, of: m.Market) -> None:
        def fulfilled() -> None:
            assert of.asked is not None
            of.asked.status = Request.FULFILLED

        alpha = self._alpha(of)
        if of.provider is Provider.ORAO:
            call = s.fulfill_vrf_external(of.handle, self.scene.orao_answers(alpha, alpha[::-1] + alpha))
        else:
            call = s.fulfill_vrf_randomness(of.handle, s.secret(of.key or s.KEY).prove(alpha))
        allowed = self.model.may_fulfil(of, self.scene.now, of.provider)
        self.tries("fulfil", call, allowed, fulfilled)

    def forge(self, dice: Dice) -> None:
        """A proof by another key, over another market's alpha, or with a bit flipped never serves."""
        of, elsewhere, secret = self.market(dice), self.market(dice), s.secret(dice.one_of(KEYS))
        proof = bytearray(secret.prove(self._alpha(elsewhere)))
        if secret.public == of.handle.key and self._alpha(elsewhere) == self._alpha(of):
            proof[dice.below(80)] ^= 1 << dice.below(8)
        self.is_refused("forge", s.fulfill_vrf_randomness(of.handle, bytes(proof)))
        self.step("forge: refused")

    def draw(self, dice: Dice) -> None:
        of, who = self.market(dice), dice.one_of(PLAYERS)
        self._draw(of, who, self.model.may_draw(of) and self._winner(of) == who)

    def _winner(self, of: m.Market) -> Pubkey:
        return of.covers(spec.draw(self.scene.request(of.handle).output, of.total))

    def _draw(self, of: m.Market, who: Pubkey, allowed: bool) -> None:
        def drawn() -> None:
            of.state, of.winner = State.SETTLED, who
            of.fee, of.prize = spec.fee_and_prize(of.total)

        self.tries("draw", s.run_lottery_with_vrf(of.handle, who), allowed, drawn)

    # Money out

    def claim(self, dice: Dice) -> None:
        of = self.market(dice)
        self._claim(of, of.winner if of.winner and dice.coin() else dice.one_of(PLAYERS), dice.coin())

    def _claim(self, of: m.Market, who: Pubkey, signs: bool = False) -> None:
        def claimed() -> None:
            of.prize_paid = True
            self.model.purses[who] += of.prize

        call = s.claim_prize(of.handle, who)
        self.tries("claim", call.signed_by("winner") if signs else call, self.model.may_claim(of, who), claimed)

    def collect(self, dice: Dice) -> None:
        self._collect(self.market(dice), dice.one_of(AUTHORITIES[Role.TREASURY]))

    def _collect(self, of: m.Market, who: Pubkey) -> None:
        def collected() -> None:
            of.fee_collected = True
            self.model.purses[who] += of.fee

        self.tries("collect", s.collect_fee(of.handle, who), self.model.may_collect(of, who), collected)

    def recover(self, dice: Dice) -> None:
        self._recover(self.market(dice), dice.one_of(PLAYERS), dice.coin())

    def _recover(self, of: m.Market, who: Pubkey, signs: bool = False) -> None:
        def recovered() -> None:
            of.opinions[who].paid = True
            self.model.purses[who] += sum(of.refund(who))

        call = s.recover_stake(of.handle, who)
        self.tries("recover", call.signed_by("staker") if signs else call, self.model.may_recover(of, who), recovered)

    def expire(self, dice: Dice) -> None:
        self._expire(self.market(dice))

    def _expire(self, of: m.Market) -> None:
        reason = self.model.may_expire(of, self.scene.now, self.scene.slot_hashes)

        def expired() -> None:
            of.state, of.reason = State.REFUNDING, reason
            self.model.vault -= of.bond
            self.reasons[reason.name] += 1

        self.tries("expire", s.expire_market(of.handle), reason is not Reason.NONE, expired)

    def close_opinion(self, dice: Dice) -> None:
        self._close_opinion(self.market(dice), dice.one_of(PLAYERS))

    def _close_opinion(self, of: m.Market, who: Pubkey) -> None:
        def closed() -> None:
            of.opinions[who].open = False

        allowed = self.model.may_close_opinion(of, who)
        self.tries("close opinion", s.close_opinion(of.handle, who), allowed, closed)

    def finish(self, dice: Dice) -> None:
        self._finish(self.market(dice))

    def _finish(self, of: m.Market) -> None:
        def finished() -> None:
            of.receipt = self.scene.data(of.handle.address)
            self.model.vault += of.donated
            of.donated = 0

        self.tries("finish", s.finish_market(of.handle), self.model.may_finish(of), finished)

    # The way forward, so that deep states are common

    def advance(self, dice: Dice) -> None:
        """What an honest crank would do next with a market, a few times."""
        of = self.market(dice)
        for _ in range(1 + dice.below(4)):
            if not of.finished:
                self._advance(of, dice)

    def _advance(self, of: m.Market, dice: Dice) -> None:
        if self.model.may_expire(of, self.scene.now, self.scene.slot_hashes) is not Reason.NONE:
            self._expire(of)
        elif of.state is State.ACTIVE and len(of.opinions) < 2 and not self.model.paused and self.scene.now < of.closes_at:
            fresh = [who for who in PLAYERS if who not in of.opinions]
            self._stake(of, dice.one_of(fresh), dice.between(spec.MIN_STAKE, spec.MAX_STAKE))
        elif of.state is State.ACTIVE:
            self.scene.at(max(self.scene.now, of.closes_at))
            self._close(of)
        elif of.state is State.CLOSED:
            self._record(of, self.model.oracle, dice.below(101))
        elif of.state is State.SCORED and self.model.vault - self.model.locked < spec.share(of.total, of.bond_share):
            self._deposit(400_000_000, self.model.admin)
        elif of.state is State.SCORED:
            self._request(of)
        elif of.state is State.AWAITING:
            self._answer(of)
        else:
            self._pay_out(of, dice)

    def _answer(self, of: m.Market) -> None:
        assert of.asked is not None
        if of.asked.status is Request.REQUESTED:
            if self.scene.slot <= of.asked.target:
                self.scene.pass_slots(of.asked.target + 1 - self.scene.slot)
            self._capture(of)
        elif of.asked.status is Request.CAPTURED:
            self._fulfil(of)
        else:
            self._draw(of, self._winner(of), True)

    def _pay_out(self, of: m.Market, dice: Dice) -> None:
        still_open = [who for who, mine in of.opinions.items() if mine.open]
        unpaid = [who for who in still_open if not of.opinions[who].paid]
        settled = of.state is State.SETTLED
        if settled and not of.fee_collected and (of.prize_paid or dice.coin()):
            self._collect(of, self.model.treasury)
        elif settled and not of.prize_paid:
            assert of.winner is not None
            self._claim(of, of.winner)
        elif of.state is State.REFUNDING and unpaid:
            self._recover(of, dice.one_of(unpaid))
        elif still_open:
            self._close_opinion(of, dice.one_of(still_open))
        else:
            self._finish(of)

    # Time

    def wait(self, dice: Dice) -> None:
        self.scene.later(dice.one_of(JUMPS))
        self.step("wait")

    def wait_for_an_edge(self, dice: Dice) -> None:
        """To the next limit of a market, one second before it, or one after."""
        of, beside = self.market(dice), dice.below(3) - 1
        edges = [of.closes_at, of.closes_at + spec.REQUEST_DEADLINE]
        if of.asked is not None:
            edges.append(of.asked.at + spec.RANDOMNESS_DEADLINE)
        coming = [edge + beside for edge in edges if edge + beside > self.scene.now]
        if coming:
            self.scene.at(min(coming))
        self.step("wait for an edge")

    def pass_slots(self, dice: Dice) -> None:
        skipped = [self.scene.slot + offset for offset in dice.one_of(SKIPPED)]
        self.scene.pass_slots(dice.one_of(SLOTS), skipped=skipped)
        self.step("pass slots")

    # The operator

    def propose(self, dice: Dice) -> None:
        role = dice.one_of(list(AUTHORITIES))
        key, admin = dice.one_of(AUTHORITIES[role]), dice.one_of(AUTHORITIES[Role.ADMIN])

        def proposed() -> None:
            self.model.pending[role] = key

        self.tries("propose", s.propose_authority(role, key, admin), admin == self.model.admin, proposed)

    def accept(self, dice: Dice) -> None:
        role = dice.one_of(list(self.model.pending) or list(AUTHORITIES))
        key = dice.one_of(AUTHORITIES[role])

        def accepted() -> None:
            setattr(self.model, role.name.lower(), key)
            del self.model.pending[role]

        self.tries("accept", s.accept_authority(role, key), self.model.pending.get(role) == key, accepted)

    def rotate_key(self, dice: Dice) -> None:
        """Proposes a key and accepts it, which a revoked one cannot."""
        name = dice.one_of(KEYS)
        new, admin = Pubkey(s.public(name)), self.model.admin
        self.scene.do(s.propose_authority(Role.RANDOMNESS_KEY, new, admin))

        def accepted() -> None:
            self.model.key = name

        self.tries("rotate key", s.accept_authority(Role.RANDOMNESS_KEY, new), name not in self.model.revoked, accepted)
        if name in self.model.revoked:
            self.scene.do(s.propose_authority(Role.RANDOMNESS_KEY, Pubkey.default(), admin))

    def revoke(self, dice: Dice) -> None:
        name, admin = dice.one_of(KEYS), self.model.admin
        self.watch.track([s.revoked_address(s.public(name)), admin])

        def revoked() -> None:
            self.model.revoked.add(name)
            self.model.key = None if self.model.key == name else self.model.key

        self.tries("revoke", s.revoke_randomness_key(s.public(name), admin), name not in self.model.revoked, revoked)

    def set_randomness(self, dice: Dice) -> None:
        provider, bond_share = dice.one_of(list(Provider)), dice.one_of(BOND_SHARES)

        def changed() -> None:
            self.model.provider, self.model.bond_share = provider, bond_share

        allowed = spec.MIN_BOND_SHARE <= bond_share <= spec.MAX_BOND_SHARE
        self.tries("set randomness", s.set_randomness(provider, bond_share, self.model.admin), allowed, changed)

    def pause(self, dice: Dice) -> None:
        """Mostly resumes, so that most runs are not one long pause."""
        guardian, paused = dice.coin(), dice.below(4) == 3

        def changed() -> None:
            self.model.paused = paused

        who = self.model.guardian if guardian else self.model.admin
        self.tries("pause", s.set_paused(paused, who), paused or not guardian, changed)

    def deposit(self, dice: Dice) -> None:
        self._deposit(dice.one_of((50_000_000, 10_000_000, 1, 0)), dice.one_of(HOLDERS))

    def _deposit(self, amount: int, depositor: Pubkey) -> None:
        def deposited() -> None:
            self.model.vault += amount
            self.model.purses[depositor] -= amount

        allowed = amount > 0 and depositor not in self.model.frozen
        self.tries("deposit", s.deposit_bond(amount, depositor), allowed, deposited)

    def withdraw(self, dice: Dice) -> None:
        """Around all that is free, by one admin or the other."""
        admin, free = dice.one_of(AUTHORITIES[Role.ADMIN]), self.model.vault - self.model.locked
        amount = max(0, free + dice.one_of((-200_000_000, -1, 0, 1, 10**9)))

        def withdrawn() -> None:
            self.model.vault -= amount
            self.model.purses[admin] += amount

        allowed = admin == self.model.admin and 0 < amount <= free
        self.tries("withdraw", s.withdraw_bond(amount, admin), allowed, withdrawn)

    # The world outside

    def donate(self, dice: Dice) -> None:
        """To an escrow or the vault, past the program."""
        of, who, amount = self.market(dice), dice.one_of(PLAYERS), dice.between(1, 5_000_000)
        if who in self.model.frozen:
            return
        to_escrow = dice.coin() and not of.finished
        self.scene.send(token_transfer(s.usdc_of(who), of.handle.escrow if to_escrow else BOND_VAULT, who, amount))
        self.model.purses[who] -= amount
        of.donated += amount * to_escrow
        self.model.vault += amount * (not to_escrow)
        self.step("donate")

    def prefund(self, dice: Dice) -> None:
        """Lamports to whatever address a market has or will have."""
        of = self.market(dice)
        handle = of.handle
        to = dice.one_of([handle.escrow, handle.vrf_request, *map(handle.opinion, PLAYERS), handle.address])
        least = 1 if self.scene.lamports(to) else 900_000
        if not (of.finished and to == handle.address):
            lamports = max(least, dice.one_of((1, 900_000, 10_000_000)))
            self.scene.send(transfer(TransferParams(from_pubkey=CRANK, to_pubkey=to, lamports=lamports)))
            self.step("prefund")

    def freeze(self, dice: Dice) -> None:
        """Freezes one, or thaws all."""
        frozen = self.model.frozen
        thawed = set(frozen) if frozen and dice.coin() else set[Pubkey]()
        for holder in thawed or {dice.one_of((*PLAYERS, *AUTHORITIES[Role.TREASURY]))} - frozen:
            self.scene.send(freeze(s.usdc_of(holder), thaw=holder in frozen))
            frozen ^= {holder}
        self.step("freeze or thaw")

    def attack(self, dice: Dice) -> None:
        """A right call with one wrong account: never accepted, always refused by name."""
        of, elsewhere = self.market(dice), self.market(dice)
        call = self._right_call(of, dice.one_of(TARGETS), dice.one_of(PLAYERS))
        name = dice.one_of([name for name in call.accounts if (call.name, name) not in FREE])
        wrong = [key for key in self._zoo(of, elsewhere) if key != call.accounts[name]]
        if any(account.signer for account in call.spec.accounts if account.name == name):
            wrong = [CRANK, actor("stranger"), actor("nobody")]
        self.is_refused(f"attack {call.name}.{name}", call.using(**{name: dice.one_of(wrong)}))
        self.step("attack: refused")

    def _right_call(self, of: m.Market, name: str, who: Pubkey) -> Call:
        handle = of.handle
        winner = of.winner or who
        calls: dict[str, Callable[[], Call]] = {
            "stake_opinion": lambda: s.stake_opinion(handle, who),
            "record_sentiment": lambda: s.record_sentiment(handle, oracle=self.model.oracle),
            "request_vrf_randomness": lambda: s.request_vrf_randomness(handle),
            "capture_slot_hash": lambda: s.capture_slot_hash(handle),
            "rearm_slot_hash": lambda: s.rearm_slot_hash(handle),
            "fulfill_vrf_randomness": lambda: s.fulfill_vrf_randomness(
                handle, s.secret(of.key or s.KEY).prove(self._alpha(of))
            ),
            "run_lottery_with_vrf": lambda: s.run_lottery_with_vrf(handle, self._winner(of) if self.model.may_draw(of) else who),
            "claim_prize": lambda: s.claim_prize(handle, winner),
            "recover_stake": lambda: s.recover_stake(handle, who),
            "collect_fee": lambda: s.collect_fee(handle, self.model.treasury),
            "expire_market": lambda: s.expire_market(handle),
            "close_opinion": lambda: s.close_opinion(handle, who),
            "finish_market": lambda: s.finish_market(handle),
            "deposit_bond": lambda: s.deposit_bond(1, who),
            "withdraw_bond": lambda: s.withdraw_bond(1, self.model.admin),
        }
        return calls[name]()

    def _zoo(self, of: m.Market, elsewhere: m.Market) -> list[Pubkey]:
        one, two = of.handle, elsewhere.handle
        return [
            one.address, one.escrow, one.vrf_request, one.opinion(PLAYERS[0]), one.opinion(PLAYERS[1]), s.usdc_of(PLAYERS[0]),
            s.usdc_of(PLAYERS[1]), two.address, two.escrow, two.vrf_request, two.opinion(PLAYERS[0]), two.opinion(PLAYERS[2]),
            s.CONFIG, BOND_VAULT, s.USDC, spec.PROGRAM_ID, spec.TOKEN_PROGRAM, spec.SLOT_HASHES, actor("nobody"), s.CREATOR, CRANK,
        ]  # fmt: skip
