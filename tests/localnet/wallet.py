"""A funded key that sends transactions to a localnet."""

import base64
from collections.abc import Sequence
from typing import Any

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from .process import Localnet

SOL = 10**9
CONFIRMED = {"commitment": "confirmed"}


class Wallet:
    """A key on one localnet."""

    def __init__(self, node: Localnet, sol: int = 100) -> None:
        self.node = node
        self.key = Keypair()
        if sol:
            node.wait([node.call("requestAirdrop", str(self.address), sol * SOL)])

    @property
    def address(self) -> Pubkey:
        return self.key.pubkey()

    def blockhash(self) -> Hash:
        return Hash.from_string(self.node.call("getLatestBlockhash", CONFIRMED)["value"]["blockhash"])

    def sign(
        self,
        instructions: Sequence[Instruction],
        *others: Keypair,
        blockhash: Hash | None = None,
    ) -> VersionedTransaction:
        message = Message.new_with_blockhash(instructions, self.address, blockhash or self.blockhash())
        # Whoever need not sign is left out, so that callers may name the same key twice.
        wanted = message.account_keys[: message.header.num_required_signatures]
        signers = {key.pubkey(): key for key in (self.key, *others)}
        return VersionedTransaction(message, [signers[address] for address in wanted])

    def send(self, transaction: VersionedTransaction, **config: Any) -> str:
        return self.node.call("sendTransaction", encoded(transaction), sending(config))

    def run(self, instructions: Sequence[Instruction], *others: Keypair, **config: Any) -> str:
        """Send and wait for confirmation; returns the signature."""
        signature = self.send(self.sign(instructions, *others), **config)
        self.node.wait([signature])
        return signature

    def pay(self, to: Pubkey, lamports: int, blockhash: Hash | None = None) -> VersionedTransaction:
        return self.sign([transfer_of(self.address, to, lamports)], blockhash=blockhash)


def transfer_of(source: Pubkey, to: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=source, to_pubkey=to, lamports=lamports))


def encoded(transaction: VersionedTransaction) -> str:
    return base64.b64encode(bytes(transaction)).decode()


def sending(config: dict[str, Any]) -> dict[str, Any]:
    return {"encoding": "base64", "preflightCommitment": "confirmed"} | config
