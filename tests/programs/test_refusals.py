"""The tables of refusals, row by row, and that they leave nothing out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chain.failures import failure
from tests.programs import idl
from tests.programs import scene as s
from tests.programs.refusals import accounts, domain, settlement
from tests.programs.refusals.bases import BASES
from tests.programs.refusals.row import Row
from tests.programs.scene import Scene
from tests.programs.stages import ONE, TWO
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]
ROWS = [*accounts.rows(), *domain.rows(), *settlement.rows()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_refusal(at: At, row: Row) -> None:
    scene = at(row.base.stage)
    call = row.bend(scene, row.base.call(scene))
    with pytest.raises(Refused) as refused:
        scene.do(call)
    assert refused.value.name == row.error, refused.value.logs
    if row.account is not None:
        assert any(line.startswith(f"{row.account}: ") for line in refused.value.said), refused.value.said
    named = failure(refused.value.error, refused.value.logs, programs=[s.PROGRAM_ID])
    assert (type(named).__name__, named.account) == (row.error, row.account), named


@pytest.mark.parametrize("name", BASES)
def test_the_call_that_a_table_bends_succeeds(at: At, name: str) -> None:
    base = BASES[name]
    scene = at(base.stage)
    scene.do(base.call(scene))


def test_the_tables_bend_every_instruction() -> None:
    assert set(BASES) == set(idl.load().instructions)
    assert {row.instruction for row in ROWS} == set(idl.load().instructions)


def test_every_error_of_the_idl_is_produced() -> None:
    assert {row.error for row in ROWS} == set(idl.load().errors.values())


def test_rows_are_told_apart() -> None:
    ids = [row.id for row in ROWS]
    assert len(ids) == len(set(ids))


UNCHECKED = {
    ("finish_market", "vrf_payer"): "checked only when there is a request",
    ("accept_authority", "authority"): "any signer: the proposal decides",
    ("deposit_bond", "depositor"): "any signer: the source decides",
    ("create_market", "creator"): "any signer: the purse decides",
    ("stake_opinion", "staker"): "any signer: opinion and purse decide",
    ("request_vrf_randomness", "payer"): "any signer",
}


def test_every_account_of_every_instruction_is_refused_when_wrong() -> None:
    for name, spec in idl.load().instructions.items():
        for account in spec.accounts:
            errors = {fault.error for fault in accounts.faults(name, account.name)}
            assert account.signer == ("MissingSignature" in errors), (name, account.name)
            assert account.writable == ("NotWritable" in errors), (name, account.name)
            errors -= {"MissingSignature", "NotWritable"}
            assert errors or (name, account.name) in UNCHECKED, (name, account.name)


def _zoo(scene: Scene) -> dict[str, s.Pubkey]:
    known = {
        "config": s.CONFIG,
        "vault": s.BOND_VAULT,
        "mint": s.USDC,
        "program": s.PROGRAM_ID,
        "tokens": s.TOKEN_PROGRAM,
    }
    for of in (ONE, TWO):
        known |= {f"{of.uuid.hex()[:4]} {name}": getattr(of, name) for name in ("address", "escrow", "vrf_request")}
        known |= {f"{of.uuid.hex()[:4]} opinion {at}": of.opinion(s.STAKERS[at]) for at in range(2)}
    known |= {f"usdc {at}": s.usdc_of(s.STAKERS[at]) for at in range(2)}
    known |= {
        "hashes": s.spec.SLOT_HASHES,
        "nobody": actor("nobody"),
        "creator": s.CREATOR,
        "crank": s.CRANK,
        "admin": s.ADMIN,
    }
    known |= {
        "mark": s.revoked_address(ONE.key),
        "data": s.PROGRAM_DATA,
        "system": s.SYSTEM_PROGRAM,
        "treasury usdc": s.TREASURY_USDC,
    }
    return {name: key for name, key in known.items() if scene}


STANDS_IN = {
    ("finish_market", "vrf_payer"), ("withdraw_bond", "destination"), ("request_vrf_randomness", "payer"),
    ("close_market", "market"),
    ("record_sentiment", "market"),
}  # fmt: skip
"""Another account may rightly stand here."""


@pytest.mark.parametrize("name", BASES)
def test_no_account_stands_in_for_another(at: At, name: str) -> None:
    """Every account that the world has, in every place of the call: refused by an error of our own, or the call is a
    right one."""
    base = BASES[name]
    scene = at(base.stage)
    tried = 0
    for place in idl.load().instructions[name].accounts:
        for what, key in _zoo(scene).items():
            scene = at(base.stage)
            call = base.call(scene)
            if call.accounts[place.name] == key or (name, place.name) in STANDS_IN:
                continue
            hostile = call.using(**{place.name: key})
            with pytest.raises(Refused) as refused:
                scene.do(hostile)
            assert refused.value.code in idl.load().errors, (name, place.name, what, refused.value.name)
            tried += 1
    assert tried or name == "close_market"
