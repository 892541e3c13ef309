"""Units: a stake outside its limits does not exist, and money reads well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import constants
from chain.errors import StakeOutsideLimits
from chain.units import Lamports, Stake, UsdcUnits, sol, usdc


@pytest.mark.parametrize("units", [500_000, 500_001, 10_000_000])
def test_a_stake_within_the_limits(units: int) -> None:
    assert Stake(UsdcUnits(units)).units == units


@given(st.one_of(st.integers(max_value=499_999), st.integers(min_value=10_000_001)))
def test_no_stake_outside_the_limits(units: int) -> None:
    with pytest.raises(StakeOutsideLimits, match="choose another amount"):
        Stake(UsdcUnits(units))


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "$0.00"),
        (500_000, "$0.50"),
        (12_345_678, "$12.345678"),
        (1_234_567_000_000, "$1,234,567.00"),
        (1, "$0.000001"),
        (-1_100_000, "-$1.10"),
    ],
)
def test_dollars(units: int, text: str) -> None:
    assert usdc(UsdcUnits(units)) == text


@given(st.integers(-(2**64), 2**64))
def test_dollars_lose_nothing(units: int) -> None:
    text = usdc(UsdcUnits(units)).replace("$", "").replace(",", "")
    whole, decimals = text.lstrip("-").split(".")
    assert int(whole) * 10**6 + int(decimals.ljust(6, "0")) == abs(units)


@pytest.mark.parametrize(
    ("lamports", "text"), [(0, "0 SOL"), (5_000, "0.000005 SOL"), (1_500_000_000, "1.5 SOL"), (-1, "-0.000000001 SOL")]
)
def test_sol(lamports: int, text: str) -> None:
    assert sol(Lamports(lamports)) == text


def test_constants_agree_with_the_stake() -> None:
    assert (constants.MIN_STAKE, constants.MAX_STAKE, len(constants.ALPHA_TAG)) == (500_000, 10_000_000, 27)
    assert str(Stake(UsdcUnits(500_000))) == "$0.50"
