"""`initialize` and who may do what afterwards: every effect of every instruction on the config."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from solders.account import Account
from solders.pubkey import Pubkey

from tests.programs import parts, spec, tokens
from tests.programs import scene as s
from tests.programs.effects import effects
from tests.programs.scene import ADMIN, BOND_VAULT, CONFIG, GUARDIAN, ORACLE, TREASURY, USDC, Scene
from tests.programs.spec import Provider, Role
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]
ZERO = bytes(32)
OLD_LOADER = Pubkey.from_string("BPFLoader2111111111111111111111111111111111")
NOBODY = Pubkey.default()


def test_initialize_creates_the_config_and_the_bond_vault(at: At) -> None:
    scene = at("bare")
    did = effects(scene, s.initialize())
    config_rent, vault_rent = scene.rent(377), scene.rent(165)
    assert did.created == {CONFIG, BOND_VAULT}
    assert did.lamports == {ADMIN: -config_rent - vault_rent, CONFIG: config_rent, BOND_VAULT: vault_rent}
    assert did.fields[CONFIG] == {
        "kind": "ProgramConfig", "version": 1, "bump": s.CONFIG_BUMP, "bond_bump": s.BOND_BUMP, "paused": False,
        "admin": ADMIN, "oracle": ORACLE, "treasury": TREASURY, "guardian": GUARDIAN, "randomness_key": s.public(s.KEY),
        "pending_admin": NOBODY, "pending_oracle": NOBODY, "pending_treasury": NOBODY, "pending_guardian": NOBODY,
        "pending_randomness_key": ZERO, "usdc_mint": USDC, "randomness_provider": Provider.ECVRF,
        "bond_share_bps": 20_000,
        "bond_locked": 0, "rest": b"",
    }  # fmt: skip
    vault = scene.account(BOND_VAULT)
    assert vault is not None
    assert tokens.read(vault) == TokenAccount(USDC, CONFIG)
    assert did.event == (
        "ConfigInitialized",
        {
            "admin": ADMIN,
            "oracle": ORACLE,
            "treasury": TREASURY,
            "guardian": GUARDIAN,
            "randomness_key": s.public(s.KEY),
        },
    )


def test_with_the_external_provider_no_randomness_key_is_needed(at: At) -> None:
    scene = at("bare")
    scene.do(s.initialize(Provider.ORAO, key=ZERO))
    assert scene.config.randomness_key == ZERO
    assert scene.config.randomness_provider == Provider.ORAO


def test_with_the_external_provider_a_key_may_be_given_all_the_same(at: At) -> None:
    scene = at("bare")
    scene.do(s.initialize(Provider.ORAO))
    assert scene.config.randomness_key == s.public(s.KEY)


@pytest.mark.parametrize("bond_share", [spec.MIN_BOND_SHARE, spec.MAX_BOND_SHARE])
def test_the_limits_of_the_bond_share_are_allowed(at: At, bond_share: int) -> None:
    scene = at("bare")
    scene.do(s.initialize(bond_share=bond_share))
    assert scene.config.bond_share_bps == bond_share


@pytest.mark.parametrize("lamports", [1, 500_000, 10**9])
def test_prefunded_addresses_do_not_stop_initialize(at: At, lamports: int) -> None:
    scene = at("bare")
    for address in (CONFIG, BOND_VAULT):
        scene.fund(address, lamports)
    did = effects(scene, s.initialize())
    missing = [max(0, scene.rent(size) - lamports) for size in (377, 165)]
    assert did.lamports.get(ADMIN, 0) == -sum(missing)
    assert scene.config.admin == ADMIN
    assert scene.balance(BOND_VAULT) == 0


def test_initialize_works_once(at: At) -> None:
    scene = at("initialized")
    with pytest.raises(Refused, match="AlreadyInitialized"):
        scene.do(s.initialize())


def test_nobody_but_the_upgrade_authority_initializes(at: At) -> None:
    scene = at("bare")
    with pytest.raises(Refused, match="NotUpgradeAuthority"):
        scene.do(s.initialize().using(admin=actor("stranger")))


def test_an_immutable_program_cannot_be_initialized(at: At) -> None:
    scene = at("bare")
    found = scene.account(s.PROGRAM_DATA)
    assert found is not None
    data = found.data[:12] + bytes(33) + found.data[45:]
    scene.place(s.PROGRAM_DATA, Account(found.lamports, data, found.owner))
    for admin in (ADMIN, NOBODY):
        with pytest.raises(Refused):
            scene.do(s.initialize().using(admin=admin))
    scene.place(s.PROGRAM_DATA, found)


def test_a_program_of_the_old_loader_has_no_upgrade_authority() -> None:
    """Placed by the loader before, the program runs, but its account names no ProgramData that counts."""
    elf = parts.program(parts.OPINION_MARKET)
    scene = Scene(elf)
    scene.svm.add_program_with_loader(spec.PROGRAM_ID, elf, OLD_LOADER)
    with pytest.raises(Refused, match="WrongAccountOwner"):
        scene.do(s.initialize())


ROLES = {
    Role.ADMIN: ("admin", actor("new admin")),
    Role.ORACLE: ("oracle", actor("new oracle")),
    Role.TREASURY: ("treasury", actor("new treasury")),
    Role.RANDOMNESS_KEY: ("randomness_key", Pubkey(s.public("second key"))),
    Role.GUARDIAN: ("guardian", actor("new guardian")),
}


def _typed(role: Role, key: Pubkey) -> Pubkey | bytes:
    return bytes(key) if role is Role.RANDOMNESS_KEY else key


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_passes_on_in_two_steps(at: At, role: Role) -> None:
    scene = at("initialized")
    name, key = ROLES[role]
    proposed = effects(scene, s.propose_authority(role, key))
    assert proposed.fields == {CONFIG: {f"pending_{name}": _typed(role, key)}}
    assert proposed.event == ("AuthorityProposed", {"role": role, "key": key})
    accepted = effects(scene, s.accept_authority(role, key))
    empty = ZERO if role is Role.RANDOMNESS_KEY else NOBODY
    assert accepted.fields == {CONFIG: {name: _typed(role, key), f"pending_{name}": empty}}
    assert accepted.event == ("AuthorityAccepted", {"role": role, "key": key})
    assert not accepted.lamports
    with pytest.raises(Refused, match="NotPendingAuthority"):
        scene.do(s.accept_authority(role, key))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_proposal_is_withdrawn_with_the_zero_key(at: At, role: Role) -> None:
    scene = at("initialized")
    name, key = ROLES[role]
    scene.do(s.propose_authority(role, key))
    scene.do(s.propose_authority(role, NOBODY))
    assert getattr(scene.config, f"pending_{name}") == (ZERO if role is Role.RANDOMNESS_KEY else NOBODY)
    with pytest.raises(Refused, match="NotPendingAuthority"):
        scene.do(s.accept_authority(role, key))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_proposal_gives_no_power(at: At, role: Role) -> None:
    scene = at("active")
    name, key = ROLES[role]
    scene.do(s.propose_authority(role, key))
    before = scene.config
    assert getattr(before, name) != _typed(role, key)
    for call in (s.set_paused(True, key), s.set_randomness(0, 10_000, key), s.withdraw_bond(1, key)):
        with pytest.raises(Refused):
            scene.do(call)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_nobody_accepts_an_empty_proposal(at: At, role: Role) -> None:
    scene = at("initialized")
    for authority in (NOBODY, ADMIN, actor("stranger")):
        with pytest.raises(Refused, match=r"NotPendingAuthority|MissingSignature"):
            scene.do(s.accept_authority(role, authority))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_proposal_is_for_one_role(at: At, role: Role) -> None:
    scene = at("initialized")
    key = Pubkey(s.public("second key"))
    scene.do(s.propose_authority(role, key))
    for other in ROLES:
        if other is not role:
            with pytest.raises(Refused, match="NotPendingAuthority"):
                scene.do(s.accept_authority(other, key))


def test_the_old_admin_is_powerless_after_the_hand_over(at: At) -> None:
    scene = at("initialized")
    new = ROLES[Role.ADMIN][1]
    scene.do(s.propose_authority(Role.ADMIN, new))
    scene.do(s.accept_authority(Role.ADMIN, new))
    old = [
        s.propose_authority(1, ORACLE),
        s.set_randomness(0, 10_000),
        s.withdraw_bond(1),
        s.revoke_randomness_key(s.public("x")),
    ]
    for call in old:
        with pytest.raises(Refused, match="NotAdmin"):
            scene.do(call)
    with pytest.raises(Refused, match="NotGuardianOrAdmin"):
        scene.do(s.set_paused(True))
    scene.do(s.set_paused(True, new), s.set_paused(False, new), s.propose_authority(Role.ADMIN, ADMIN, new))


def test_pausing(at: At) -> None:
    scene = at("initialized")
    paused = effects(scene, s.set_paused(True, GUARDIAN))
    assert paused.fields == {CONFIG: {"paused": True}}
    assert paused.event == ("PausedSet", {"authority": GUARDIAN, "paused": True})
    with pytest.raises(Refused, match="GuardianMayOnlyPause"):
        scene.do(s.set_paused(False, GUARDIAN))
    resumed = effects(scene, s.set_paused(False, ADMIN))
    assert resumed.fields == {CONFIG: {"paused": False}}
    scene.do(s.set_paused(True, ADMIN))
    assert scene.config.paused


def test_set_randomness_is_for_later_markets_only(at: At) -> None:
    scene = at("active")
    one = s.market("one")
    before = scene.market(one)
    did = effects(scene, s.set_randomness(Provider.ORAO, 55_555))
    assert did.fields == {CONFIG: {"randomness_provider": Provider.ORAO, "bond_share_bps": 55_555}}
    assert did.event == ("RandomnessSet", {"randomness_provider": Provider.ORAO, "bond_share_bps": 55_555})
    assert scene.market(one) == before
    later = scene.opened(s.market("later", key=ZERO))
    made = scene.market(later)
    assert (made.randomness_provider, made.randomness_key, made.bond_share_bps) == (Provider.ORAO, ZERO, 55_555)


def test_revoking_the_current_key_empties_the_config(at: At) -> None:
    scene = at("initialized")
    key = s.public(s.KEY)
    mark = s.revoked_address(key)
    did = effects(scene, s.revoke_randomness_key(key))
    assert did.created == {mark}
    assert did.lamports == {ADMIN: -scene.rent(50), mark: scene.rent(50)}
    assert did.fields[CONFIG] == {"randomness_key": ZERO}
    bump = spec.derive(b"revoked", key)[1]
    assert did.fields[mark] == {
        "kind": "RevokedKey", "version": 1, "bump": bump, "key": key, "revoked_at": scene.now, "rest": b"",
    }  # fmt: skip
    assert did.event == ("RandomnessKeyRevoked", {"key": key})
    with pytest.raises(Refused, match="RandomnessKeyMissing"):
        scene.opened(s.market("too early"))
    second = Pubkey(s.public("second key"))
    scene.do(s.propose_authority(Role.RANDOMNESS_KEY, second))
    scene.do(s.accept_authority(Role.RANDOMNESS_KEY, second))
    assert scene.market(scene.opened(s.market("again", key=bytes(second)))).randomness_key == bytes(second)


def test_revoking_another_key_leaves_the_current_one(at: At) -> None:
    scene = at("initialized")
    did = effects(scene, s.revoke_randomness_key(s.public("leaked")))
    assert CONFIG not in did.fields


def test_revoking_a_proposed_key_clears_the_proposal(at: At) -> None:
    scene = at("initialized")
    key = s.public("second key")
    scene.do(s.propose_authority(Role.RANDOMNESS_KEY, key))
    did = effects(scene, s.revoke_randomness_key(key))
    assert did.fields[CONFIG] == {"pending_randomness_key": ZERO}
    with pytest.raises(Refused, match=r"NotPendingAuthority|RandomnessKeyRevoked"):
        scene.do(s.accept_authority(Role.RANDOMNESS_KEY, Pubkey(key)))


def test_a_revoked_key_never_comes_back(at: At) -> None:
    scene = at("initialized")
    key = s.public(s.KEY)
    scene.do(s.revoke_randomness_key(key))
    with pytest.raises(Refused, match="RandomnessKeyRevoked"):
        scene.do(s.revoke_randomness_key(key))
    scene.do(s.propose_authority(Role.RANDOMNESS_KEY, key))
    with pytest.raises(Refused, match="RandomnessKeyRevoked"):
        scene.do(s.accept_authority(Role.RANDOMNESS_KEY, Pubkey(key)))


def test_the_mark_of_a_revoked_key_may_be_prefunded(at: At) -> None:
    scene = at("initialized")
    key = s.public(s.KEY)
    scene.fund(s.revoked_address(key), 1_000_000)
    scene.do(s.revoke_randomness_key(key))
    assert scene.read(s.revoked_address(key), "RevokedKey").key == key
    assert scene.lamports(s.revoked_address(key)) == max(1_000_000, scene.rent(50))


def test_a_prefunded_mark_revokes_nothing(at: At) -> None:
    """Lamports at the mark's address are not a RevokedKey: markets go on and keys are accepted."""
    scene = at("scored")
    second = s.public("second key")
    for key in (s.public(s.KEY), second):
        scene.fund(s.revoked_address(key), 10**9)
    scene.requested(s.market("one"))
    scene.do(s.propose_authority(Role.RANDOMNESS_KEY, second))
    scene.do(s.accept_authority(Role.RANDOMNESS_KEY, Pubkey(second)))
