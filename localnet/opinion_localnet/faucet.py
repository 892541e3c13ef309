"""SOL and USDC for anyone who asks: real signed transactions of the ledger's own keys."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence

from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from opinion_localnet import addresses
from opinion_localnet.node import Node

_MINT_TO = 7
_CREATE_IDEMPOTENT = b"\x01"
# Enough for either faucet's transaction. Adding to it makes a second like request another transaction.
_UNITS = 100_000
_MOST_ALIKE = 1_000_000
# Goes on from request to request: begun anew each time, the n-th like request would sign n transactions.
_extras = itertools.count()


def send_sol(node: Node, to: Pubkey, lamports: int, blockhash: Hash | None) -> str:
    """Transfer `lamports` to `to`; returns the signature. Raises TransactionRejectedError."""
    payer = node.keys.faucet
    move = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=to, lamports=lamports))
    return _send(node, payer, [move], blockhash)


def send_usdc(node: Node, owner: Pubkey, amount: int) -> str:
    """Mint `amount` base units into the associated account of `owner`, creating it if needed."""
    payer = node.keys.usdc_authority
    account = addresses.associated_token_address(owner, addresses.USDC_MINT)
    create = Instruction(
        addresses.ASSOCIATED_TOKEN_PROGRAM,
        _CREATE_IDEMPOTENT,
        [
            AccountMeta(payer.pubkey(), is_signer=True, is_writable=True),
            AccountMeta(account, is_signer=False, is_writable=True),
            AccountMeta(owner, is_signer=False, is_writable=False),
            AccountMeta(addresses.USDC_MINT, is_signer=False, is_writable=False),
            AccountMeta(addresses.SYSTEM_PROGRAM, is_signer=False, is_writable=False),
            AccountMeta(addresses.TOKEN_PROGRAM, is_signer=False, is_writable=False),
        ],
    )
    mint = Instruction(
        addresses.TOKEN_PROGRAM,
        struct.pack("<BQ", _MINT_TO, amount),
        [
            AccountMeta(addresses.USDC_MINT, is_signer=False, is_writable=True),
            AccountMeta(account, is_signer=False, is_writable=True),
            AccountMeta(payer.pubkey(), is_signer=True, is_writable=False),
        ],
    )
    return _send(node, payer, [create, mint], None)


def _send(node: Node, payer: Keypair, instructions: Sequence[Instruction], blockhash: Hash | None) -> str:
    recent = blockhash or node.bank.recent_blocks.latest.blockhash
    attempt = list(instructions)
    for _ in range(_MOST_ALIKE):
        message = Message.new_with_blockhash(attempt, payer.pubkey(), recent)
        transaction = VersionedTransaction(message, [payer])
        if node.bank.status(str(transaction.signatures[0])) is None:
            loaded = node.bank.load(transaction)
            return node.submit(loaded, bytes(transaction)).signature
        # The very same request in the same slot: a client that asks twice wants twice the money.
        attempt = [set_compute_unit_limit(_UNITS + next(_extras) % _MOST_ALIKE), *instructions]
    raise AssertionError("a million like requests in one slot")
