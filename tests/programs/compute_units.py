"""Measures what every instruction costs and writes programs/COMPUTE_UNITS.md; `--check` fails on a difference.

Deterministic: keys, uuids and slot hashes are all derived from names. An instruction that finds an address pays for
each bump that it tries, so it is measured over many addresses: the typical figure is their median, and the worst is
the worst of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain import ecvrf
from tests.programs import parts, spec
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.refusals.bases import BASES
from tests.programs.scene import KEY, Scene
from tests.programs.stages import ONE, Stages
from tests.programs.world import actor

REPORT = Path(__file__).parents[2] / "programs" / "COMPUTE_UNITS.md"
SAMPLES = 64
MOST_TRIES = 6
FULFIL_FIRST, FULFIL_MORE = 47_000, 9_500
SIZE_TARGETS = {"opinion_market.so": 110_000, "ecvrf_test.so": None}

TARGETS: Mapping[str, int | None] = {
    "initialize": 6_000, "propose_authority": None, "accept_authority": None, "set_paused": None,
    "set_randomness": None,
    "revoke_randomness_key": None, "deposit_bond": None, "withdraw_bond": None, "create_market": 15_000,
    "stake_opinion": 9_000,
    "close_market": 1_500, "record_sentiment": 1_500, "request_vrf_randomness": 6_000, "capture_slot_hash": 6_000,
    "rearm_slot_hash": None, "fulfill_vrf_external": None, "run_lottery_with_vrf": 5_000,
    "claim_prize": 6_000, "recover_stake": 6_000, "collect_fee": 6_000, "expire_market": None, "close_opinion": None,
    "finish_market": None,
}  # fmt: skip
"""The most compute units that an instruction may take; None where nothing was promised."""


INTRODUCTION = (
    "Written by `localnet/.venv/bin/python -m tests.programs.compute_units` from the programs in `programs/built/`;",
    "`--check` fails when it would write something else. Measured in LiteSVM (solders 0.29, mainnet's features) with",
    "fixed keys. An instruction that derives an address pays for each bump that it tries: those are measured over many",
    "addresses, and show the median and the worst. Targets hold for the worst.",
)


@dataclass(frozen=True)
class Cost:
    """Compute units over the samples."""

    typical: int
    worst: int
    samples: int


def _cost(units: Sequence[int]) -> Cost:
    return Cost(round(statistics.median_low(units)), max(units), len(units))


def _create(number: int) -> Call:
    return s.create_market(s.market(f"measured {number}", statement="x" * 120))


def _stake(number: int) -> Call:
    return s.stake_opinion(ONE, actor(f"measured staker {number}"), cid="b" * 59)


def _revoke(number: int) -> Call:
    return s.revoke_randomness_key(s.public(f"measured key {number}"))


EARLY: Mapping[str, tuple[str, Callable[[int], Call]]] = {
    "create_market": ("initialized", _create),
    "stake_opinion": ("active", _stake),
    "revoke_randomness_key": ("initialized", _revoke),
}
"""Instructions that derive an address, which are measured over many."""


def _early(stages: Stages, name: str) -> list[int]:
    stage, make = EARLY[name]
    units: list[int] = []
    for number in range(SAMPLES):
        scene, call = stages.at(stage), make(number)
        if name == "stake_opinion":
            _fund(scene, call.accounts["staker"])
        units.append(scene.do(call).compute_units)
    return units


def _fund(scene: Scene, staker: s.Pubkey) -> None:
    scene.fund(staker)
    scene.place(s.usdc_of(staker), s.TokenAccount(s.USDC, staker, s.PURSE).account())


LATER = (
    "request_vrf_randomness",
    "claim_prize",
    "recover_stake",
    "collect_fee",
    "expire_market",
    "finish_market",
    "capture_slot_hash",
)
"""Instructions that are measured over many markets."""


def _over_markets(stages: Stages) -> dict[str, list[int]]:
    """Every instruction of a market's later life, over many markets and both of its ends."""
    units: dict[str, list[int]] = {name: [] for name in LATER}

    def measured(scene: Scene, call: Call) -> None:
        used = scene.do(call).compute_units
        if call.name in units:
            units[call.name].append(used)

    for number in range(SAMPLES):
        scene = stages.at("initialized")
        of = scene.opened(s.market(f"measured {number}"))
        stakers = [actor(f"measured staker {number * 3 + offset}") for offset in range(3)]
        for staker in stakers:
            _fund(scene, staker)
            scene.do(s.stake_opinion(of, staker))
        scene.scored(of)
        measured(scene, s.request_vrf_randomness(of))
        if number % 2:
            measured(scene.later(spec.RANDOMNESS_DEADLINE), s.expire_market(of))
            for staker in stakers:
                measured(scene, s.recover_stake(of, staker))
        else:
            measured(scene.pass_slots(300), s.capture_slot_hash(of))
            winner = scene.winner(scene.fulfilled(of), stakers)
            scene.do(s.run_lottery_with_vrf(of, winner))
            measured(scene, s.claim_prize(of, winner))
            measured(scene, s.collect_fee(of))
        scene.do(*(s.close_opinion(of, staker) for staker in stakers))
        measured(scene, s.finish_market(of))
    return units


def instructions(stages: Stages) -> dict[str, Cost]:
    """What every instruction but `fulfill_vrf_randomness` costs."""
    units = _over_markets(stages) | {name: _early(stages, name) for name in EARLY}
    costs: dict[str, Cost] = {}
    for name, base in BASES.items():
        if name == "fulfill_vrf_randomness":
            continue
        if name not in units:
            scene = stages.at(base.stage)
            units[name] = [scene.do(base.call(scene)).compute_units]
        costs[name] = _cost(units[name])
    return costs


def fulfilments(stages: Stages) -> dict[int, Cost]:
    """What a proof costs by the number of tries that its alpha needs to reach the curve."""
    found: dict[int, list[int]] = {tries: [] for tries in range(1, MOST_TRIES + 1)}
    scene = stages.at("captured")
    before = scene.snapshot()
    for number in range(2_000):
        alpha = number.to_bytes(32, "big")
        tries = ecvrf.hash_to_curve(ONE.key, alpha)[1]
        if tries in found and len(found[tries]) < 8:
            scene.restore(before)
            scene.edit(ONE.vrf_request, "VrfRequest", alpha=alpha)
            used = scene.do(s.fulfill_vrf_randomness(ONE, s.secret(KEY).prove(alpha))).compute_units
            found[tries].append(used)
    return {tries: _cost(units) for tries, units in found.items()}


def fulfil_target(tries: int) -> int:
    """Issue 3: 47,000, and 9,500 for each extra try."""
    return FULFIL_FIRST + FULFIL_MORE * (tries - 1)


def sizes() -> dict[str, int]:
    """Bytes of the built programs."""
    return {path.name: len(parts.program(path)) for path in (parts.OPINION_MARKET, parts.ECVRF_TEST)}


def report() -> str:
    """The text of COMPUTE_UNITS.md."""
    stages = Stages(Scene(parts.program(parts.OPINION_MARKET)))
    lines = ["# Compute units", "", *INTRODUCTION, ""]
    lines += ["| instruction | typical | worst | samples | target |", "|---|---:|---:|---:|---:|"]
    for name, cost in instructions(stages).items():
        target = TARGETS[name]
        lines.append(f"| `{name}` | {cost.typical:,} | {cost.worst:,} | {cost.samples} | {_limit(target)} |")
    lines += [
        "",
        "`fulfill_vrf_randomness`, by the tries until the alpha hits the curve (each has a chance of one half):",
        "",
    ]
    lines += ["| tries | typical | worst | target |", "|---:|---:|---:|---:|"]
    for tries, cost in fulfilments(stages).items():
        lines.append(f"| {tries} | {cost.typical:,} | {cost.worst:,} | {_limit(fulfil_target(tries))} |")
    lines += ["", "| program | bytes | target |", "|---|---:|---:|"]
    lines += [f"| `{name}` | {size:,} | {_limit(SIZE_TARGETS[name])} |" for name, size in sizes().items()]
    return "\n".join(lines) + "\n"


def _limit(target: int | None) -> str:
    return "" if target is None else f"≤ {target:,}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the file, or with `--check` compares. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.compute_units", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not up to date")
    check = parser.parse_args(arguments).check
    text = report()
    if not check:
        REPORT.write_text(text)
        return 0
    there = REPORT.read_text() if REPORT.exists() else ""
    if there == text:
        return 0
    changed = [line for line in text.splitlines() if line not in there.splitlines()]
    print("programs/COMPUTE_UNITS.md is out of date; the command would write:", *changed, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
