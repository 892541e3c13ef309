"""Steps of a market's life, from its creation to its receipt."""

from __future__ import annotations

from solders.pubkey import Pubkey

from tests.programs import model as m
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.spec import Provider, Reason, Request, Role, State
from tests.programs.steps import AUTHORITIES, CREATORS, KEYS, PLAYERS, Dice
from tests.programs.steps_world import WorldSteps

MOST_MARKETS = 4
EDGE_STAKES = (0, 1, 499_999, 500_000, 10_000_000, 10_000_001)


class MarketSteps(WorldSteps):
    """What happens to markets. Public methods take dice; those with an underscore are told what to do."""

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
                self.scene.later(dice.one_of((spec.REARM_DELAY, spec.REARM_DELAY, spec.REARM_DELAY - 1)))
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
        bondless = reason is not Reason.NONE and of.bond > 0 and self.model.vault_frozen

        def expired() -> None:
            of.state, of.reason = State.REFUNDING, reason
            of.bond *= not bondless
            self.model.vault -= of.bond
            self.reasons[reason.name] += 1

        name = "expire without the bond" if bondless else "expire"
        self.tries(name, s.expire_market(of.handle), reason is not Reason.NONE, expired)

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
        elif (
            of.state is State.ACTIVE
            and len(of.opinions) < 2
            and not self.model.paused
            and self.scene.now < of.closes_at
        ):
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
