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
NAMES = {Role.ADMIN: "admin", Role.ORACLE: "oracle", Role.TREASURY: "treasury", Role.GUARDIAN: "guardian"}
HOLDERS = tuple(dict.fromkeys((*PLAYERS, *CREATORS, *AUTHORITIES[Role.ADMIN], *AUTHORITIES[Role.TREASURY], actor("stranger"))))
PICK = st.integers(0, 255)
MOST_MARKETS = 4
STAKE = st.one_of(st.integers(spec.MIN_STAKE, spec.MAX_STAKE), st.sampled_from([0, 1, 499_999, 500_000, 10_000_000, 10_000_001]))
JUMPS = (1, 60, 3_600, spec.DAY // 2, spec.DAY, 3 * spec.DAY, 14 * spec.DAY)
SLOTS = (1, 2, 8, 9, 10, 200, 503, 511, 520, 700)


def stage(scene: Scene) -> Snapshot:
    """Where every run begins: initialized, the whole cast with SOL and USDC."""
    for one in (*HOLDERS, *(key for pair in AUTHORITIES.values() for key in pair)):
        scene.fund(one)
    for holder in HOLDERS:
        scene.place(s.usdc_of(holder), TokenAccount(s.USDC, holder, s.PURSE).account())
    scene.do(s.initialize())
    scene.do(s.deposit_bond(300_000_000))
    return scene.snapshot()


def one_of(options: Sequence[T], pick: int) -> T:
    """The option that a drawn number means."""
    return options[pick % len(options)]


def token_transfer(source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    """SPL Token's Transfer."""
    metas = [AccountMeta(source, False, True), AccountMeta(destination, False, True), AccountMeta(owner, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\3" + struct.pack("<Q", amount), metas)


def freeze(account: Pubkey, *, thaw: bool) -> Instruction:
    """SPL Token's FreezeAccount or ThawAccount."""
    metas = [AccountMeta(account, False, True), AccountMeta(s.USDC, False, False), AccountMeta(s.FREEZER, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\x0b" if thaw else b"\x0a", metas)


class OpinionMarket(RuleBasedStateMachine):
    """The program beside its model. `scene` and `start` are set before it runs; `counts` grows over all runs."""

    scene: ClassVar[Scene]
    start: ClassVar[Snapshot]
    counts: ClassVar[Counter[str]] = Counter()
    reasons: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.scene.restore(self.start)
        self.model = Model(vault=self.scene.balance(BOND_VAULT))
        self.model.purses = {holder: self.scene.balance(s.usdc_of(holder)) for holder in HOLDERS}
        self.watch = Watch(self.scene, self.model, HOLDERS)
        self.born = 0

    # One step

    def tries(self, name: str, call: Call, allowed: bool, then: Callable[[], None]) -> None:
        """Sends a call that the model allows or forbids, applies its effect, and checks everything."""
        if allowed:
            self.scene.do(call)
            then()
        else:
            self.is_refused(name, call)
        self.step(f"{name}: {'done' if allowed else 'refused'}")

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

    def a_market(self, pick: int) -> m.Market | None:
        markets = self.model.markets
        return one_of(markets, pick) if markets else None

    # Markets

    @rule(creator=PICK, duration=st.sampled_from(spec.DURATIONS))
    def create(self, creator: int, duration: int) -> None:
        if self.born >= MOST_MARKETS:
            self.again(creator)
            return
        who = one_of(CREATORS, creator)
        key = self.model.key if self.model.provider is Provider.ECVRF else None
        pinned = bytes(32) if key is None else s.public(key)
        handle = s.market(f"fuzz {self.born}", creator=who, key=pinned, statement=f"number {self.born}")
        self.watch.track([handle.address, handle.escrow, handle.vrf_request, *map(handle.opinion, PLAYERS)])
        call = s.create_market(handle, duration).using(treasury_usdc=s.usdc_of(self.model.treasury))
        closes = self.scene.now + duration

        def born() -> None:
            self.born += 1
            self.model.purses[who] -= spec.CREATE_FEE
            self.model.purses[self.model.treasury] += spec.CREATE_FEE
            made = m.Market(handle, who, closes, self.model.provider, key, self.model.bond_share)
            self.model.markets.append(made)

        self.tries("create", call, self.model.may_create(who), born)

    def again(self, pick: int) -> None:
        """A uuid that lives or has lived is refused."""
        market = one_of(self.model.markets, pick)
        call = s.create_market(market.handle).using(treasury_usdc=s.usdc_of(self.model.treasury))
        self.is_refused("create again", call)
        self.step("create again: refused")

    @rule(market=PICK, staker=PICK, stake=STAKE)
    def stake(self, market: int, staker: int, stake: int) -> None:
        of = self.a_market(market)
        if of is None:
            return
        who = one_of(PLAYERS, staker)

        def staked() -> None:
            of.opinions[who] = m.Opinion(of.total, stake)
            self.model.purses[who] -= stake

        allowed = self.model.may_stake(of, who, stake, self.scene.now)
        self.tries("stake", s.stake_opinion(of.handle, who, stake), allowed, staked)

    @rule(market=PICK, first=PICK, stakes=st.lists(st.integers(spec.MIN_STAKE, spec.MAX_STAKE), min_size=1, max_size=4))
    def several_stake(self, market: int, first: int, stakes: list[int]) -> None:
        for offset, stake in enumerate(stakes):
            self.stake(market, first + offset, stake)

    @rule(market=PICK)
    def close(self, market: int) -> None:
        if of := self.a_market(market):
            self._close(of)

    def _close(self, of: m.Market) -> None:
        def closed() -> None:
            of.state = State.CLOSED

        self.tries("close", s.close_market(of.handle), self.model.may_close(of, self.scene.now), closed)

    @rule(market=PICK, oracle=PICK, score=st.integers(0, 100))
    def record(self, market: int, oracle: int, score: int) -> None:
        if of := self.a_market(market):
            self._record(of, one_of(AUTHORITIES[Role.ORACLE], oracle), score)

    def _record(self, of: m.Market, who: Pubkey, score: int = 50) -> None:
        def recorded() -> None:
            of.state = State.SCORED

        call = s.record_sentiment(of.handle, score, score % 3, who)
        self.tries("record", call, self.model.may_record(of, who), recorded)

    # Randomness

    @rule(market=PICK)
    def request(self, market: int) -> None:
        if of := self.a_market(market):
            self._request(of)

    def _request(self, of: m.Market) -> None:
        now, target = self.scene.now, self.scene.slot + spec.TARGET_SLOT_DELAY

        def requested() -> None:
            of.state, of.bond = State.AWAITING, spec.share(of.total, of.bond_share)
            of.asked = m.Asked(now, target)

        self.tries("request", s.request_vrf_randomness(of.handle), self.model.may_request(of, now), requested)

    @rule(market=PICK)
    def capture(self, market: int) -> None:
        if of := self.a_market(market):
            self._capture(of)

    def _capture(self, of: m.Market) -> None:
        def captured() -> None:
            assert of.asked is not None
            of.asked.status = Request.CAPTURED
            slot = m.first_at_or_after(self.scene.slot_hashes, of.asked.target)
            assert self.scene.request(of.handle).captured_slot == slot

        allowed = self.model.may_capture(of, self.scene.now, self.scene.slot_hashes)
        self.tries("capture", s.capture_slot_hash(of.handle), allowed, captured)

    @rule(market=PICK)
    def rearm(self, market: int) -> None:
        of = self.a_market(market)
        if of is None:
            return
        target = self.scene.slot + spec.TARGET_SLOT_DELAY

        def rearmed() -> None:
            assert of.asked is not None
            of.asked.rearmed, of.asked.target = True, target

        allowed = self.model.may_rearm(of, self.scene.now, self.scene.slot_hashes)
        self.tries("rearm", s.rearm_slot_hash(of.handle), allowed, rearmed)

    @rule(market=PICK)
    def fulfil(self, market: int) -> None:
        if of := self.a_market(market):
            self._fulfil(of)

    def _alpha(self, of: m.Market) -> bytes:
        if of.asked is None or of.finished:
            return bytes(32)
        return self.scene.request(of.handle).alpha

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

    @rule(market=PICK, other=PICK, key=PICK, bit=st.integers(0, 639))
    def forge(self, market: int, other: int, key: int, bit: int) -> None:
        """A proof by another key, over another market's alpha, or with a bit flipped never serves."""
        of, elsewhere = self.a_market(market), self.a_market(other)
        if of is None or elsewhere is None:
            return
        secret = s.secret(one_of(KEYS, key))
        proof = bytearray(secret.prove(self._alpha(elsewhere)))
        if secret.public == of.handle.key and elsewhere is of:
            proof[bit // 8] ^= 1 << bit % 8
        self.is_refused("forge", s.fulfill_vrf_randomness(of.handle, bytes(proof)))
        self.step("forge: refused")

    @rule(market=PICK, staker=PICK)
    def draw(self, market: int, staker: int) -> None:
        of = self.a_market(market)
        if of is None:
            return
        who = one_of(PLAYERS, staker)
        allowed = self.model.may_draw(of) and self._winner(of) == who
        self._draw(of, who, allowed)

    def _winner(self, of: m.Market) -> Pubkey:
        return of.covers(spec.draw(self.scene.request(of.handle).output, of.total))

    def _draw(self, of: m.Market, who: Pubkey, allowed: bool) -> None:
        def drawn() -> None:
            of.state, of.winner = State.SETTLED, who
            of.fee, of.prize = spec.fee_and_prize(of.total)

        self.tries("draw", s.run_lottery_with_vrf(of.handle, who), allowed, drawn)

    # Money out

    @rule(market=PICK, winner=PICK)
    def claim(self, market: int, winner: int) -> None:
        if of := self.a_market(market):
            self._claim(of, one_of(PLAYERS, winner))

    def _claim(self, of: m.Market, who: Pubkey) -> None:
        def claimed() -> None:
            of.prize_paid = True
            self.model.purses[who] += of.prize

        self.tries("claim", s.claim_prize(of.handle, who), self.model.may_claim(of, who), claimed)

    @rule(market=PICK, treasury=PICK)
    def collect(self, market: int, treasury: int) -> None:
        if of := self.a_market(market):
            self._collect(of, one_of(AUTHORITIES[Role.TREASURY], treasury))

    def _collect(self, of: m.Market, who: Pubkey) -> None:
        def collected() -> None:
            of.fee_collected = True
            self.model.purses[who] += of.fee

        self.tries("collect", s.collect_fee(of.handle, who), self.model.may_collect(of, who), collected)

    @rule(market=PICK, staker=PICK, signs=st.booleans())
    def recover(self, market: int, staker: int, signs: bool) -> None:
        if of := self.a_market(market):
            self._recover(of, one_of(PLAYERS, staker), signs)

    def _recover(self, of: m.Market, who: Pubkey, signs: bool = False) -> None:
        def recovered() -> None:
            of.opinions[who].paid = True
            self.model.purses[who] += sum(of.refund(who))

        call = s.recover_stake(of.handle, who)
        allowed = self.model.may_recover(of, who)
        self.tries("recover", call.signed_by("staker") if signs else call, allowed, recovered)

    @rule(market=PICK)
    def expire(self, market: int) -> None:
        if of := self.a_market(market):
            self._expire(of)

    def _expire(self, of: m.Market) -> None:
        reason = self.model.may_expire(of, self.scene.now, self.scene.slot_hashes)

        def expired() -> None:
            of.state, of.reason = State.REFUNDING, reason
            self.model.vault -= of.bond
            self.reasons[reason.name] += 1

        self.tries("expire", s.expire_market(of.handle), reason is not Reason.NONE, expired)

    @rule(market=PICK, staker=PICK)
    def close_opinion(self, market: int, staker: int) -> None:
        if of := self.a_market(market):
            self._close_opinion(of, one_of(PLAYERS, staker))

    def _close_opinion(self, of: m.Market, who: Pubkey) -> None:
        def closed() -> None:
            of.opinions[who].open = False

        allowed = self.model.may_close_opinion(of, who)
        self.tries("close opinion", s.close_opinion(of.handle, who), allowed, closed)

    @rule(market=PICK)
    def finish(self, market: int) -> None:
        if of := self.a_market(market):
            self._finish(of)

    def _finish(self, of: m.Market) -> None:
        def finished() -> None:
            of.receipt = self.scene.data(of.handle.address)
            self.model.vault += of.donated
            of.donated = 0

        self.tries("finish", s.finish_market(of.handle), self.model.may_finish(of), finished)

    # The way forward, so that deep states are common

    @rule(market=PICK, pick=PICK, steps=st.integers(1, 4))
    def advance(self, market: int, pick: int, steps: int) -> None:
        """What an honest crank would do next with a market, a few times."""
        of = self.a_market(market)
        for _ in range(steps if of else 0):
            assert of is not None
            self._advance(of, pick)

    def _advance(self, of: m.Market, pick: int) -> None:
        if of.finished:
            return
        if of.state is State.ACTIVE:
            self.scene.at(max(self.scene.now, of.closes_at))
            self._close(of)
        elif of.state is State.CLOSED:
            self._record(of, self.model.oracle)
        elif of.state is State.SCORED:
            self._request(of)
        elif of.state is State.AWAITING:
            self._answer(of)
        else:
            self._pay_out(of, pick)

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

    def _pay_out(self, of: m.Market, pick: int) -> None:
        unpaid = [who for who, mine in of.opinions.items() if not mine.paid and mine.open]
        still_open = [who for who, mine in of.opinions.items() if mine.open]
        if of.state is State.SETTLED and not of.prize_paid and pick % 3:
            assert of.winner is not None
            self._claim(of, of.winner)
        elif of.state is State.SETTLED and not of.fee_collected:
            self._collect(of, self.model.treasury)
        elif of.state is State.REFUNDING and unpaid:
            self._recover(of, one_of(unpaid, pick))
        elif still_open:
            self._close_opinion(of, one_of(still_open, pick))
        else:
            self._finish(of)

    # Time

    @rule(jump=st.sampled_from(JUMPS))
    def wait(self, jump: int) -> None:
        self.scene.later(jump)
        self.step("wait")

    @rule(market=PICK, beside=st.integers(-1, 1))
    def wait_for_an_edge(self, market: int, beside: int) -> None:
        """To the next limit of a market, one second before it, or one after."""
        of = self.a_market(market)
        if of is None:
            return
        edges = [of.closes_at, of.closes_at + spec.REQUEST_DEADLINE]
        if of.asked is not None:
            edges.append(of.asked.at + spec.RANDOMNESS_DEADLINE)
        coming = [edge + beside for edge in edges if edge + beside > self.scene.now]
        if coming:
            self.scene.at(min(coming))
        self.step("wait for an edge")

    @rule(count=st.sampled_from(SLOTS), skipped=st.sampled_from([(), (8,), (7, 8, 9), (0, 1)]))
    def pass_slots(self, count: int, skipped: tuple[int, ...]) -> None:
        self.scene.pass_slots(count, skipped=[self.scene.slot + offset for offset in skipped])
        self.step("pass slots")

    # The operator

    @rule(role=st.sampled_from(list(AUTHORITIES)), new=PICK, by=PICK)
    def rotate(self, role: Role, new: int, by: int) -> None:
        """Proposes and accepts; the wrong admin proposes nothing."""
        key, admin = one_of(AUTHORITIES[role], new), one_of(AUTHORITIES[Role.ADMIN], by)

        def proposed() -> None:
            self.model.pending[role] = key

        self.tries("propose", s.propose_authority(role, key, admin), admin == self.model.admin, proposed)

    @rule(role=st.sampled_from(list(AUTHORITIES)), who=PICK)
    def accept(self, role: Role, who: int) -> None:
        key = one_of(AUTHORITIES[role], who)

        def accepted() -> None:
            setattr(self.model, NAMES[role], key)
            del self.model.pending[role]

        self.tries("accept", s.accept_authority(role, key), self.model.pending.get(role) == key, accepted)

    @rule(key=PICK)
    def rotate_key(self, key: int) -> None:
        name = one_of(KEYS, key)
        new = Pubkey(s.public(name))
        self.scene.do(s.propose_authority(Role.RANDOMNESS_KEY, new, self.model.admin))

        def accepted() -> None:
            self.model.key = name

        self.tries("rotate key", s.accept_authority(Role.RANDOMNESS_KEY, new), name not in self.model.revoked, accepted)
        if name in self.model.revoked:
            self.scene.do(s.propose_authority(Role.RANDOMNESS_KEY, Pubkey.default(), self.model.admin))

    @rule(key=PICK, rarely=st.integers(0, 5))
    def revoke(self, key: int, rarely: int) -> None:
        if rarely:
            return
        name = one_of(KEYS, key)
        self.watch.track([s.revoked_address(s.public(name))])

        def revoked() -> None:
            self.model.revoked.add(name)
            self.model.key = None if self.model.key == name else self.model.key

        self.watch.track([self.model.admin])
        call = s.revoke_randomness_key(s.public(name), self.model.admin)
        self.tries("revoke", call, name not in self.model.revoked, revoked)

    @rule(provider=st.sampled_from(Provider), bond_share=st.sampled_from([9_999, 10_000, 12_345, 50_000, 100_000, 100_001]))
    def set_randomness(self, provider: Provider, bond_share: int) -> None:
        def changed() -> None:
            self.model.provider, self.model.bond_share = provider, bond_share

        allowed = spec.MIN_BOND_SHARE <= bond_share <= spec.MAX_BOND_SHARE
        self.tries("set randomness", s.set_randomness(provider, bond_share, self.model.admin), allowed, changed)

    @rule(paused=st.booleans(), guardian=st.booleans())
    def pause(self, paused: bool, guardian: bool) -> None:
        def changed() -> None:
            self.model.paused = paused

        who = self.model.guardian if guardian else self.model.admin
        self.tries("pause", s.set_paused(paused, who), paused or not guardian, changed)
        if paused and not guardian:
            self.scene.do(s.set_paused(False, self.model.admin))
            self.model.paused = False

    @rule(amount=st.sampled_from([0, 1, 10_000_000, 400_000_000]), who=PICK)
    def deposit(self, amount: int, who: int) -> None:
        depositor = one_of(HOLDERS, who)

        def deposited() -> None:
            self.model.vault += amount
            self.model.purses[depositor] -= amount

        allowed = amount > 0 and depositor not in self.model.frozen
        self.tries("deposit", s.deposit_bond(amount, depositor), allowed, deposited)

    @rule(excess=st.sampled_from([-10_000_000, -1, 0, 1, 10**9]), by=PICK)
    def withdraw(self, excess: int, by: int) -> None:
        """Around all that is free, by one admin or the other."""
        admin = one_of(AUTHORITIES[Role.ADMIN], by)
        free = self.model.vault - self.model.locked
        amount = max(0, free + excess)

        def withdrawn() -> None:
            self.model.vault -= amount
            self.model.purses[admin] += amount

        allowed = admin == self.model.admin and 0 < amount <= free and admin not in self.model.frozen
        self.tries("withdraw", s.withdraw_bond(amount, admin), allowed, withdrawn)

    # The world outside

    @rule(market=PICK, giver=PICK, amount=st.integers(1, 5_000_000))
    def donate(self, market: int, giver: int, amount: int) -> None:
        """To an escrow, past the program."""
        of, who = self.a_market(market), one_of(PLAYERS, giver)
        if of is None or of.finished or who in self.model.frozen:
            return
        self.scene.send(token_transfer(s.usdc_of(who), of.handle.escrow, who, amount))
        self.model.purses[who] -= amount
        of.donated += amount
        self.step("donate")

    @rule(giver=PICK, amount=st.integers(1, 5_000_000))
    def donate_to_the_vault(self, giver: int, amount: int) -> None:
        who = one_of(PLAYERS, giver)
        if who not in self.model.frozen:
            self.scene.send(token_transfer(s.usdc_of(who), BOND_VAULT, who, amount))
            self.model.purses[who] -= amount
            self.model.vault += amount
            self.step("donate to the vault")

    @rule(market=PICK, what=PICK, lamports=st.sampled_from([1, 900_000, 10_000_000]))
    def prefund(self, market: int, what: int, lamports: int) -> None:
        """Lamports to whatever address a market has or will have."""
        of = self.a_market(market)
        if of is None:
            return
        handle = of.handle
        to = one_of([handle.address, handle.escrow, handle.vrf_request, *map(handle.opinion, PLAYERS)], what)
        held = self.scene.lamports(to)
        enough = max(lamports, 900_000) if held == 0 else lamports
        if of.finished and to == handle.address:
            return
        self.scene.send(transfer(TransferParams(from_pubkey=CRANK, to_pubkey=to, lamports=enough)))
        self.step("prefund")

    @rule(who=PICK, thaw=st.integers(0, 2))
    def freeze(self, who: int, thaw: int) -> None:
        holder = one_of((*PLAYERS, *AUTHORITIES[Role.TREASURY]), who)
        frozen = self.model.frozen
        if holder in frozen or not thaw:
            self.scene.send(freeze(s.usdc_of(holder), thaw=holder in frozen))
            frozen ^= {holder}
            self.step("freeze or thaw")

    @rule(market=PICK, other=PICK, action=PICK, place=PICK, by=PICK)
    def attack(self, market: int, other: int, action: int, place: int, by: int) -> None:
        """A right call with one wrong account: never accepted, always refused by name."""
        of, elsewhere = self.a_market(market), self.a_market(other)
        if of is None or elsewhere is None:
            return
        call = self._right_call(of, one_of(ACTIONS, action), one_of(PLAYERS, by))
        names = [name for name in call.accounts if (call.name, name) not in FREE]
        name = one_of(names, place)
        wrong = [key for key in self._zoo(of, elsewhere) if key != call.accounts[name]]
        if any(account.signer for account in call.spec.accounts if account.name == name):
            wrong = [CRANK, actor("stranger"), actor("nobody")]
        self.is_refused(f"attack {call.name}.{name}", call.using(**{name: one_of(wrong, by + other)}))
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


ACTIONS = (
    "stake_opinion", "record_sentiment", "request_vrf_randomness", "capture_slot_hash", "rearm_slot_hash",
    "fulfill_vrf_randomness", "run_lottery_with_vrf", "claim_prize", "recover_stake", "collect_fee", "expire_market",
    "close_opinion", "finish_market", "deposit_bond", "withdraw_bond",
)  # fmt: skip
FREE = {
    ("withdraw_bond", "destination"), ("finish_market", "vrf_payer"), ("record_sentiment", "market"),
    ("request_vrf_randomness", "payer"),
}  # fmt: skip
"""Accounts that another one may rightly stand in for, so that passing it is no attack."""
