"""Every builder of our program's instructions, and any arguments for it."""

import inspect
from typing import Any

import chain_idl as idl
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain import instructions
from chain.constants import PROGRAM_ID, MarketDuration, RandomnessProvider, Role
from chain.units import Stake, UsdcUnits

BUILDERS = {name: getattr(instructions, name) for name in instructions.__all__}
OTHER_PROGRAM = Pubkey(bytes([7]) * 32)

_hashes = st.binary(min_size=32, max_size=32)
_numbers = st.integers(0, 2**64 - 1)
ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "amount": _numbers.map(UsdcUnits),
    "stake": st.integers(Stake.MINIMUM, Stake.MAXIMUM).map(lambda n: Stake(UsdcUnits(n))),
    "bond_share": st.integers(0, 2**32 - 1),
    "provider": st.sampled_from(RandomnessProvider),
    "role": st.sampled_from(Role),
    "duration": st.sampled_from(MarketDuration),
    "paused": st.booleans(),
    "statement": idl.texts,
    "cid": idl.texts,
    "uuid": st.binary(min_size=16, max_size=16),
    "score": st.integers(0, 255),
    "confidence": st.integers(0, 255),
    "proof": st.binary(min_size=80, max_size=80),
    "randomness_key": _hashes,
    "key": _hashes,
    "text_hash": _hashes,
    "statement_hash": _hashes,
    "summary_hash": _hashes,
    "alpha": _hashes,
    "winner_signs": st.booleans(),
    "staker_signs": st.booleans(),
    "treasury_signs": st.booleans(),
    "program": st.sampled_from([PROGRAM_ID, OTHER_PROGRAM]),
}


def entry(name: str) -> dict[str, Any]:
    """The IDL's entry of an instruction."""
    return next(ix for ix in idl.raw()["instructions"] if idl.snake(ix["name"]) == name)


@st.composite
def calls(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Arguments for one builder."""
    given_: dict[str, Any] = {}
    for parameter in inspect.signature(BUILDERS[name]).parameters:
        strategy = ARGUMENTS.get(parameter, idl.pubkeys)
        given_[parameter] = draw(idl.pubkeys if (name, parameter) == ("propose_authority", "key") else strategy)
    return given_
