"""Where a signer's key is, as it is named on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger import DERIVATION
from ops.errors import UsageError
from ops.signers.backends import ledger_derivation


def test_a_ledgers_account_is_named_as_solanas_tools_name_it() -> None:
    assert ledger_derivation("") == DERIVATION == (44, 501, 0, 0)
    assert ledger_derivation("3") == (44, 501, 3)
    assert ledger_derivation("3/1") == (44, 501, 3, 1)


@given(st.text(min_size=1).filter(lambda told: not all(part.isascii() and part.isdigit() for part in told.split("/"))))
def test_what_names_no_account_is_refused(told: str) -> None:
    with pytest.raises(UsageError, match="names no account"):
        ledger_derivation(told)


@pytest.mark.parametrize("told", ["0/0/0", "9999999999", "1/", "/"])
def test_neither_too_deep_nor_too_large_nor_empty(told: str) -> None:
    with pytest.raises(UsageError, match="names no account"):
        ledger_derivation(told)
