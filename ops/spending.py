"""What stands before an act that costs money where money is real."""

from collections.abc import Callable

from ops.errors import OperatorError, UsageError
from settings import Network


def allow(network: Network, *, pay: bool, typed: Callable[[], str]) -> None:
    """On mainnet, spend only with `pay` and once the network's name was typed. Raises UsageError, OperatorError."""
    if network is not Network.MAINNET:
        return
    if not pay:
        raise UsageError("This is mainnet, and nothing was spent: give --pay to spend it.")
    if typed() != Network.MAINNET:
        raise OperatorError("That is not the network's name: nothing was spent.")
