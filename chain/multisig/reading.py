"""What both adapters do when they read."""

from chain.answers import ChainAccount
from chain.errors import ProposalNotFound


def newest(last: int, most: int) -> range:
    """The numbers of the newest transactions, the newest first; they count from 1."""
    return range(last, max(0, last - most), -1)


def standing(account: ChainAccount | None, otherwise: str) -> ChainAccount:
    """The account, when there is one: anybody can send lamports to the address of one that was closed."""
    if account is None or not account.data:
        raise ProposalNotFound(otherwise)
    return account
