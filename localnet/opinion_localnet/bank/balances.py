"""Balances before and after a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.messages import LoadedTransaction
from opinion_localnet.encoding import tokens


@dataclass(frozen=True, slots=True)
class Balances:
    """Lamports of every key, and the token balances among them."""

    lamports: list[int]
    tokens: list[dict[str, object]]


def read_balances(
    loaded: LoadedTransaction,
    get_balance: Callable[[Pubkey], int | None],
    get_account: Callable[[Pubkey], Account | None],
) -> Balances:
    """The balances of every key of `loaded` now."""
    lamports = [get_balance(key) or 0 for key in loaded.keys]
    # Accounts are copied out of the SVM whole, so they are only read where tokens can be.
    if addresses.TOKEN_PROGRAMS.isdisjoint(loaded.keys):
        return Balances(lamports, [])
    invoked = {instruction.program_id_index for instruction in loaded.instructions}
    held: list[dict[str, object]] = []
    for index, key in enumerate(loaded.keys):
        if index in invoked or key in addresses.RESERVED or key in addresses.TOKEN_PROGRAMS:
            continue
        entry = _token_balance(index, get_account(key), get_account)
        if entry is not None:
            held.append(entry)
    return Balances(lamports, held)


def _token_balance(
    index: int, account: Account | None, get_account: Callable[[Pubkey], Account | None]
) -> dict[str, object] | None:
    holding = tokens.token_account(account) if account is not None else None
    if account is None or holding is None:
        return None
    mint_account = get_account(holding.mint)
    mint = tokens.mint(mint_account) if mint_account is not None else None
    if mint is None:
        return None
    return {
        "accountIndex": index,
        "mint": str(holding.mint),
        "uiTokenAmount": tokens.ui_amount(holding.amount, mint.decimals),
        "owner": str(holding.owner),
        "programId": str(account.owner),
    }
