"""What people type becomes a value or a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.units import UsdcUnits
from ops.amounts import parse_address, parse_dollars, parse_duration
from ops.errors import UsageError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86_400), ("3d", 259_200)])
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "3", "0d", "-1d", "1.5h", "3w", "٣d", "3 d", "9999999999d"])
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="no duration"):
        parse_duration(text)


@given(st.integers(1, 10**15))
def test_dollars_keep_every_base_unit(units: int) -> None:
    assert parse_dollars(f"{units // 10**6}.{units % 10**6:06d}") == UsdcUnits(units)


@pytest.mark.parametrize("text", ["", "0", "-1", "0.0000001", "1e99", "nan", "inf", "$5", "five", "1_000_000_001"])
def test_what_is_no_amount_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="no amount of dollars"):
        parse_dollars(text)


def test_what_is_no_address_is_named_with_what_it_should_be() -> None:
    with pytest.raises(UsageError, match=r"'market' is not the address of a market"):
        parse_address("market", "a market")
