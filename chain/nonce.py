"""Durable nonces: a value that stands in for the blockhash, for a signature that takes minutes to fetch.

A transaction that begins by advancing a nonce account may land as long as the account keeps the value, however much
later, and only once: it moves the value on. Whoever holds all its signatures chooses when, so nothing but signing
away from the network is done with one (chain.decoding refuses them in what a multisig proposes).

Sources: the layout of solana-nonce's `Versions` and `State`, and the rules of agave's `check_load_and_advance_nonce`:
the advance is the first instruction, and a value may not be of the block that would take it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import (
    ID,
    AdvanceNonceAccountParams,
    CreateAccountWithSeedParams,
    InitializeNonceAccountParams,
    WithdrawNonceAccountParams,
    advance_nonce_account,
    create_account_with_seed,
    initialize_nonce_account,
    withdraw_nonce_account,
)

from chain.answers import ChainAccount
from chain.errors import MalformedData
from chain.rpc import Rpc
from chain.transaction import Budget, fitting
from chain.units import Lamports

LENGTH = 80
"""Bytes of a nonce account."""
# Version (1, current), state (1, initialized), authority, value, lamports a signature.
_LAYOUT = struct.Struct("<II32s32sQ")
_CURRENT_INITIALIZED = (1, 1)


@dataclass(frozen=True, slots=True)
class Nonce:
    """A nonce account: `authority` alone may advance it or take its lamports back; `value` is used as a blockhash."""

    address: Pubkey
    authority: Pubkey
    value: Hash


def nonce_address(authority: Pubkey, seed: str) -> Pubkey:
    """Where the authority's nonce account of this seed stands, so that there is no key of it to lose."""
    return Pubkey.create_with_seed(authority, seed, ID)


async def read_nonce(rpc: Rpc, address: Pubkey) -> Nonce | None:
    """The nonce account, None where nothing stands there. Raises MalformedData where it is no nonce, and RpcError."""
    account = await rpc.account(address)
    return None if account is None or not account.lamports else _decode(address, account)


def _decode(address: Pubkey, account: ChainAccount) -> Nonce:
    if account.owner != ID or len(account.data) != LENGTH:
        raise MalformedData(f"what stands at {address} is no nonce account: do not use it")
    version, state, authority, value, _ = _LAYOUT.unpack(account.data)
    if (version, state) != _CURRENT_INITIALIZED:
        raise MalformedData(f"the nonce account {address} is not set up, or of an old kind: do not use it")
    return Nonce(address, Pubkey(authority), Hash(value))


def create_nonce(authority: Pubkey, seed: str, rent: Lamports) -> list[Instruction]:
    """Set up the authority's nonce account of this seed, paid for by the authority. `rent` is for LENGTH bytes."""
    address = nonce_address(authority, seed)
    made = CreateAccountWithSeedParams(
        from_pubkey=authority,
        to_pubkey=address,
        base=authority,
        seed=seed,
        lamports=rent,
        space=LENGTH,
        owner=ID,
    )
    initialized = InitializeNonceAccountParams(nonce_pubkey=address, authority=authority)
    return [create_account_with_seed(made), initialize_nonce_account(initialized)]


def close_nonce(address: Pubkey, authority: Pubkey, lamports: Lamports) -> Instruction:
    """Take all its lamports back to the authority: nothing that was signed with its value can land any more.

    Fails in the block whose value it is.
    """
    return withdraw_nonce_account(
        WithdrawNonceAccountParams(
            nonce_pubkey=address, authorized_pubkey=authority, to_pubkey=authority, lamports=lamports
        )
    )


def durable_message(nonce: Nonce, budget: Budget, instructions: Sequence[Instruction]) -> MessageV0:
    """The message to sign, paid for by the nonce's authority. Raises InvalidValue when it cannot fit."""
    advance = advance_nonce_account(
        AdvanceNonceAccountParams(nonce_pubkey=nonce.address, authorized_pubkey=nonce.authority)
    )
    wanted = [advance, *budget.instructions(), *instructions]
    return fitting(MessageV0.try_compile(nonce.authority, wanted, [], nonce.value))
