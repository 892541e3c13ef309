"""A market's end and a market's refund on a real validator, and a real deploy through the loader."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from chain import accounts, addresses, ecvrf, instructions, loader
from chain.constants import RandomnessProvider
from chain.units import BasisPoints
from tests.programs import parts, spec, tokens
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.on_validator.validator import Node, RpcError, dump, eventually, running
from tests.programs.scene import STAKERS, Scene, usdc_of
from tests.programs.spec import Reason, State
from tests.programs.stages import ONE, STAKES, TWO, Stages
from tests.programs.world import keypair

PAYER = keypair("crank")
KEYS = {pair.pubkey(): pair for pair in map(keypair, ("admin", "oracle", "treasury", "guardian", "crank", "creator"))}


def _back_dated(stages: Stages) -> dict[s.Pubkey, Account]:
    """ONE's time is up, TWO's request has gone unanswered for a day: what LiteSVM made of them two days ago."""
    scene = stages.at("initialized")
    scene.at(int(time.time()) - 2 * spec.DAY - 600)
    for of in (ONE, TWO):
        scene.opened(of, STAKES[of])
    scene.requested(scene.scored(TWO))
    made = scene.snapshot().accounts
    # The validator gives the payer its lamports itself.
    return {address: account for address, account in made.items() if address not in (PAYER.pubkey(), scene.fee_payer)}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    binary = parts.validator()
    folder = tmp_path_factory.mktemp("validator")
    preloaded = dump(_back_dated(Stages(Scene(parts.program(parts.OPINION_MARKET)))), folder / "accounts")
    program = ("--upgradeable-program", str(spec.PROGRAM_ID), str(parts.OPINION_MARKET.resolve()), str(s.ADMIN))
    with running(binary, folder, PAYER.pubkey(), "--account-dir", str(preloaded), *program) as node:
        yield node


def send(node: Node, *calls: Call) -> None:
    """Sends calls with whoever must sign. Raises RpcError."""
    made = [call.instruction() for call in calls]
    needed = {meta.pubkey for one in made for meta in one.accounts if meta.is_signer} - {PAYER.pubkey()}
    node.send(made, [PAYER, *(KEYS[key] for key in needed)])


def prefund(node: Node, address: s.Pubkey) -> None:
    """Sends lamports to where an account will be created."""
    gift = TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=address, lamports=1_000_000)
    node.send([transfer(gift)], [PAYER])


def market(node: Node, of: s.Market) -> accounts.Market | accounts.MarketReceipt:
    found = node.account(of.address)
    assert found is not None
    return accounts.decode_market(found.owner, found.data)


def request(node: Node, of: s.Market) -> accounts.VrfRequest:
    found = node.account(of.vrf_request)
    assert found is not None
    return accounts.VrfRequest.from_account(found.owner, found.data)


def balance(node: Node, address: s.Pubkey) -> int:
    found = node.account(address)
    assert found is not None
    return tokens.read(found).amount


def test_the_preloaded_program_is_ours(node: Node) -> None:
    found = node.account(s.PROGRAM_DATA)
    assert found is not None
    data = loader.decode_program_data(found.owner, found.data)
    assert data.executable.rstrip(b"\0") == parts.program(parts.OPINION_MARKET).rstrip(b"\0")
    assert data.authority == s.ADMIN


def test_a_market_settles_on_a_real_validator(node: Node) -> None:
    send(node, s.close_market(ONE))
    send(node, s.record_sentiment(ONE))
    with pytest.raises(RpcError) as early:
        send(node, s.record_sentiment(ONE))
    assert early.value.name == "WrongMarketState"
    prefund(node, ONE.vrf_request)
    send(node, s.request_vrf_randomness(ONE))
    with pytest.raises(RpcError) as early:
        send(node, s.capture_slot_hash(ONE))
    assert early.value.name == "SlotHashNotReady"
    target = request(node, ONE).target_slot
    eventually("the target slot", 60, lambda: True if node.slot() > target + 1 else None)
    send(node, s.capture_slot_hash(ONE))
    asked, pool = request(node, ONE), sum(STAKES[ONE])
    assert asked.captured_slot >= target
    assert asked.alpha == spec.alpha(ONE.address, pool, 4, asked.slot_hash)
    proof = s.secret(s.KEY).prove(asked.alpha)
    send(node, s.fulfill_vrf_randomness(ONE, proof))
    output = request(node, ONE).output
    assert output == ecvrf.verify(ONE.key, asked.alpha, proof)

    drawn, ends = spec.draw(output, pool), [sum(STAKES[ONE][:count]) for count in range(5)]
    [winner] = [staker for staker, start, end in zip(STAKERS, ends, ends[1:], strict=False) if start <= drawn < end]
    with pytest.raises(RpcError) as loser:
        send(node, s.run_lottery_with_vrf(ONE, next(one for one in STAKERS[:4] if one != winner)))
    assert loser.value.name == "DrawNotCovered"
    send(node, s.run_lottery_with_vrf(ONE, winner))
    fee, prize = spec.fee_and_prize(pool)
    before = balance(node, usdc_of(winner)), balance(node, s.TREASURY_USDC)
    send(node, s.claim_prize(ONE, winner), s.collect_fee(ONE))
    assert (balance(node, usdc_of(winner)), balance(node, s.TREASURY_USDC)) == (before[0] + prize, before[1] + fee)
    with pytest.raises(RpcError) as again:
        send(node, s.claim_prize(ONE, winner))
    assert again.value.name == "AlreadyPaid"
    send(node, *(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    send(node, s.finish_market(ONE))
    receipt = market(node, ONE)
    assert isinstance(receipt, accounts.MarketReceipt)
    assert (receipt.winner, receipt.draw, receipt.prize, receipt.fee) == (winner, drawn, prize, fee)
    assert (receipt.proof, receipt.output, receipt.slot_hash) == (proof, output, asked.slot_hash)
    assert node.account(ONE.escrow) is None
    assert node.account(ONE.vrf_request) is None


def test_an_unanswered_market_refunds_on_a_real_validator(node: Node) -> None:
    with pytest.raises(RpcError) as late:
        send(node, s.capture_slot_hash(TWO))
    assert late.value.name == "RandomnessDeadlinePassed"
    vault, bond = balance(node, s.BOND_VAULT), spec.share(sum(STAKES[TWO]), 20_000)
    send(node, s.expire_market(TWO))
    refunding = market(node, TWO)
    assert (refunding.state, refunding.refund_reason) == (State.REFUNDING, Reason.UNANSWERED)
    assert balance(node, s.BOND_VAULT) == vault - bond
    assert balance(node, TWO.escrow) == sum(STAKES[TWO]) + bond
    start = 0
    for staker, stake in zip(STAKERS, STAKES[TWO], strict=False):
        before = balance(node, usdc_of(staker))
        send(node, s.recover_stake(TWO, staker), s.close_opinion(TWO, staker))
        part = spec.share(start + stake, 20_000) - spec.share(start, 20_000)
        assert balance(node, usdc_of(staker)) == before + stake + part
        start += stake
    send(node, s.finish_market(TWO))
    assert isinstance(market(node, TWO), accounts.MarketReceipt)


def _write_key(folder: Path, name: str, pair: Keypair) -> str:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(list(bytes(pair))))
    path.chmod(0o600)
    return str(path)


def test_a_deployed_program_is_initialized_by_its_upgrade_authority(node: Node, tmp_path: Path) -> None:
    """Through the real loader, under an id of its own: the program embeds none."""
    cli = parts.tool("solana")
    new, authority = keypair("deployed program"), keypair("admin")
    command = [
        cli, "program", "deploy", str(parts.OPINION_MARKET.resolve()), "--program-id", _write_key(tmp_path, "program",
        new),
        "--keypair", _write_key(tmp_path, "payer", PAYER), "--upgrade-authority", _write_key(tmp_path, "authority",
        authority),
        "--url", node.url, "--use-rpc", "--commitment", "confirmed",
    ]  # fmt: skip
    environment = {**os.environ, "HOME": str(tmp_path)}
    deployed = subprocess.run(command, capture_output=True, text=True, timeout=180, env=environment, check=False)
    assert deployed.returncode == 0, deployed.stderr
    program, slot = new.pubkey(), node.slot()
    # A program can be called from the slot after the one that deployed it.
    eventually("the next slots", 30, lambda: True if node.slot() > slot + 1 else None)

    def initialize(admin: Keypair) -> None:
        made = instructions.initialize(
            admin=admin.pubkey(), usdc_mint=s.USDC, oracle=s.ORACLE, treasury=s.TREASURY, guardian=s.GUARDIAN,
            randomness_key=s.public(s.KEY), provider=RandomnessProvider.ECVRF, bond_share=BasisPoints(20_000),
            program=program,
        )  # fmt: skip
        node.send([made], [PAYER, *([] if admin is PAYER else [admin])])

    with pytest.raises(RpcError) as stranger:
        initialize(PAYER)
    assert stranger.value.name == "NotUpgradeAuthority"
    initialize(authority)
    found = node.account(addresses.config(program))
    assert found is not None
    config = accounts.ProgramConfig.from_account(found.owner, found.data, program)
    assert (config.admin, config.usdc_mint, config.randomness_key) == (s.ADMIN, s.USDC, s.public(s.KEY))
    with pytest.raises(RpcError) as twice:
        initialize(authority)
    assert twice.value.name == "AlreadyInitialized"
