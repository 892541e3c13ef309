"""One interface to a multisig, whichever program keeps it."""

from collections.abc import Sequence
from typing import Protocol

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.model import Multisig, Proposal
from chain.multisig.stored import StoredTransaction
from chain.rpc import Rpc


class Adapter(Protocol):
    """Reads one program's multisigs, and says what a member has to send. It sends nothing itself."""

    @property
    def program(self) -> Pubkey:
        """The multisig program."""
        ...

    def address(self, create_key: Pubkey) -> Pubkey:
        """Where the multisig of a create key stands."""
        ...

    def authority(self, multisig: Pubkey, index: int) -> Pubkey:
        """The vault of this number. v4 counts vaults from 0, v3 from 1."""
        ...

    async def read(self, rpc: Rpc, address: Pubkey) -> Multisig:
        """The multisig. Raises AccountError where none stands there."""
        ...

    async def proposals(self, rpc: Rpc, multisig: Multisig, most: int) -> list[Proposal]:
        """The newest proposals that are still there, newest first. Those whose accounts were closed are left out."""
        ...

    async def proposal(self, rpc: Rpc, multisig: Multisig, index: int) -> Proposal | None:
        """The proposal of this number, None where it is not there: not made yet, or its account closed."""
        ...

    async def stored(self, rpc: Rpc, multisig: Multisig, index: int) -> StoredTransaction:
        """What is proposed under this number. Raises AccountError where it is not there or cannot be read whole."""
        ...

    def propose(
        self, multisig: Multisig, member: Pubkey, authority_index: int, wanted: Sequence[Instruction]
    ) -> list[Instruction]:
        """Propose that a vault does this, under the next number, open for votes at once; sent as one transaction.

        Somebody else's proposal may take the number first: then it fails, and is made again from a new reading.
        """
        ...

    def approve(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's yes."""
        ...

    def reject(self, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None) -> Instruction:
        """The member's no. v3 keeps no memo."""
        ...

    def cancel(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's wish to call off what is approved."""
        ...

    async def execute(self, rpc: Rpc, multisig: Multisig, index: int, member: Pubkey) -> Instruction:
        """Do what was approved. Raises AccountError where it cannot be read, InvalidValue where it may not be done."""
        ...
