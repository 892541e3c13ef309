"""Steps of time, of the operator, and of whoever touches the accounts past the program."""

from __future__ import annotations

import struct

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.scene import BOND_VAULT, CRANK
from tests.programs.spec import Provider, Role
from tests.programs.steps import AUTHORITIES, HOLDERS, KEYS, PLAYERS, Dice, Steps

JUMPS = (60, 1, 3_600, 3_600, spec.DAY // 4, spec.DAY // 2, spec.DAY, 3 * spec.DAY)
SLOTS = (9, 1, 2, 8, 10, 200, 503, 511, 512, 520, 700)
SKIPPED = ((), (), (8,), (7, 8, 9), (0, 1))
BOND_SHARES = (20_000, 10_000, 12_345, 50_000, 100_000, 9_999, 100_001)


def token_transfer(source: Pubkey, destination: Pubkey, owner: Pubkey, amount: int) -> Instruction:
    """SPL Token's Transfer."""
    metas = [AccountMeta(source, False, True), AccountMeta(destination, False, True), AccountMeta(owner, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\3" + struct.pack("<Q", amount), metas)


def freeze(account: Pubkey, *, thaw: bool) -> Instruction:
    """SPL Token's FreezeAccount or ThawAccount."""
    metas = [AccountMeta(account, False, True), AccountMeta(s.USDC, False, False), AccountMeta(s.FREEZER, True, False)]
    return Instruction(spec.TOKEN_PROGRAM, b"\x0b" if thaw else b"\x0a", metas)


class WorldSteps(Steps):
    """What happens around the markets."""

    # Time

    def wait(self, dice: Dice) -> None:
        self.scene.later(dice.one_of(JUMPS))
        self.step("wait")

    def wait_for_an_edge(self, dice: Dice) -> None:
        """To the next limit of a market, one second before it, or one after."""
        of, beside = self.market(dice), dice.below(3) - 1
        edges = [of.closes_at, of.closes_at + spec.REQUEST_DEADLINE]
        if of.asked is not None:
            edges += [of.asked.at + spec.REARM_DELAY, of.asked.at + spec.RANDOMNESS_DEADLINE]
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

        allowed = self.model.may_deposit(amount, depositor)
        self.tries("deposit", s.deposit_bond(amount, depositor), allowed, deposited)

    def withdraw(self, dice: Dice) -> None:
        """Around all that is free, by one admin or the other."""
        admin, free = dice.one_of(AUTHORITIES[Role.ADMIN]), self.model.vault - self.model.locked
        amount = max(0, free + dice.one_of((-200_000_000, -1, 0, 1, 10**9)))

        def withdrawn() -> None:
            self.model.vault -= amount
            self.model.purses[admin] += amount

        allowed = self.model.may_withdraw(amount, admin)
        self.tries("withdraw", s.withdraw_bond(amount, admin), allowed, withdrawn)

    # The world outside

    def donate(self, dice: Dice) -> None:
        """To an escrow or the vault, past the program."""
        of, who, amount = self.market(dice), dice.one_of(PLAYERS), dice.between(1, 5_000_000)
        to_escrow = dice.coin() and not of.finished
        if who in self.model.frozen or (self.model.vault_frozen and not to_escrow):
            return
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
        for holder in thawed or {dice.one_of((*PLAYERS, *AUTHORITIES[Role.TREASURY], BOND_VAULT))} - frozen:
            account = BOND_VAULT if holder == BOND_VAULT else s.usdc_of(holder)
            self.scene.send(freeze(account, thaw=holder in frozen))
            frozen ^= {holder}
        self.step("freeze or thaw")
