"""What a proposal would do if it were executed now: tried out by the nodes, without anybody's signature.

A proposal that lacks approvals cannot be tried by executing it, so what the vault would do is tried by itself, as if
the vault had signed. That shows what it changes, not that the multisig lets it through.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.pubkey import Pubkey

from chain.answers import ChainAccount
from chain.checks import Check, Result, not_checkable
from chain.constants import TOKEN_PROGRAM_ID
from chain.errors import AccountError, InvalidValue, TransactionError
from chain.failures import failure
from chain.multisig.stored import StoredTransaction
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.transaction import MAX_UNITS, Budget, compile_message, programs, unsigned
from chain.units import Lamports, MicroLamports, sol
from chain.witnesses import agreed
from ops.signers.words import Name

NAME = "simulation"


@dataclass(frozen=True)
class Holding:
    """What an account holds; `tokens` is None for what is no token account."""

    lamports: Lamports
    tokens: int | None
    mint: Pubkey | None


@dataclass(frozen=True)
class Change:
    """One account before and after."""

    key: Pubkey
    before: Holding
    after: Holding

    def words(self, name: Name) -> str:
        """The balances that change, in words."""
        who, told = name(self.key), list[str]()
        if self.before.lamports != self.after.lamports:
            told.append(f"from {sol(self.before.lamports)} to {sol(self.after.lamports)}")
        if (self.before.tokens or 0) != (self.after.tokens or 0):
            mint = self.after.mint or self.before.mint
            told.append(f"from {self.before.tokens or 0:,} to {self.after.tokens or 0:,} base units of {mint}")
        return f"{who} {' and '.join(told)}"


@dataclass(frozen=True)
class Tried:
    """`error` is why it would fail now, None where it would not."""

    changes: tuple[Change, ...]
    error: str | None


async def simulation_checks(
    rpc: Rpc, stored: StoredTransaction, payers: Sequence[Pubkey], program: Pubkey, name: Name
) -> list[Check]:
    """Try it out on the nodes, which have to agree; none for what changes the multisig, which is no such transaction.

    `payers` are who could pay the fee; the richest is taken, and the fee itself is not told. One that fails now may
    work when others went before it, so this only warns. Raises EndpointsDisagree and RpcError.
    """
    if not stored.instructions or stored.authority == stored.multisig:
        return []
    try:
        tried = await agreed(
            rpc, f"the simulation of proposal {stored.index}", lambda view: _tried(view, stored, payers, program)
        )
    except InvalidValue as error:
        return [not_checkable(NAME, f"It cannot be tried out: {error}.")]
    if tried.error is not None:
        return [not_checkable(NAME, f"Executed now it would fail: {tried.error.removesuffix('.')}.")]
    told = "; ".join(change.words(name) for change in tried.changes)
    words = f"Executed now it succeeds and changes the balances: {told}." if told else ""
    return [Check(NAME, Result.OK, words or "Executed now it succeeds and changes nobody's balance.")]


async def _tried(rpc: Rpc, stored: StoredTransaction, payers: Sequence[Pubkey], program: Pubkey) -> Tried:
    written = {meta.pubkey for one in stored.instructions for meta in one.accounts if meta.is_writable}
    keys = sorted(written, key=str)
    held = await rpc.accounts([*keys, *payers])
    before, purses = held[: len(keys)], held[len(keys) :]
    # Whoever is written would have the fee in what is told of them.
    rich = [(purse.lamports, str(purse.key)) for purse in purses if purse is not None and purse.key not in written]
    if not rich:
        raise InvalidValue("no member has SOL to pay its fee")
    payer = Pubkey.from_string(max(rich)[1])
    message = compile_message(payer, Budget(MAX_UNITS, MicroLamports(0)), stored.instructions, Hash.default())
    transaction = unsigned(message)
    done, after = await rpc.simulate_changes(transaction, keys)
    if done.error is not None:
        error: TransactionError = failure(done.error, done.logs, programs=programs(transaction), program=program)
        return Tried((), str(error))
    pairs = zip(keys, map(_holding, before), map(_holding, after), strict=True)
    return Tried(tuple(Change(key, was, becomes) for key, was, becomes in pairs if was != becomes), None)


def _holding(account: ChainAccount | None) -> Holding:
    if account is None:
        return Holding(Lamports(0), None, None)
    if account.owner == TOKEN_PROGRAM_ID:
        try:
            token = decode_token_account(account.owner, account.data)
        except AccountError:
            # A mint, or what the program has just made room for.
            return Holding(account.lamports, None, None)
        return Holding(account.lamports, token.amount, token.mint)
    return Holding(account.lamports, None, None)
