"""Squads v3 behind the interface."""

from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.answers import ChainAccount
from chain.errors import MalformedData, UnexpectedAccount
from chain.multisig.model import EVERY_ROLE, Member, Multisig, Proposal, Status
from chain.multisig.reading import newest, standing
from chain.multisig.stored import StoredTransaction
from chain.multisig.v3 import addresses, instructions
from chain.multisig.v3.accounts import Ms, MsInstruction, MsTransaction, MsTransactionStatus
from chain.rpc import Rpc
from chain.units import Seconds

_STATUSES = {
    MsTransactionStatus.DRAFT: Status.DRAFT,
    MsTransactionStatus.ACTIVE: Status.ACTIVE,
    MsTransactionStatus.EXECUTE_READY: Status.APPROVED,
    MsTransactionStatus.EXECUTED: Status.EXECUTED,
    MsTransactionStatus.REJECTED: Status.REJECTED,
    MsTransactionStatus.CANCELLED: Status.CANCELLED,
}


class SquadsV3:
    """Reads v3's multisigs and says what a member has to send."""

    def __init__(self, program: Pubkey = addresses.PROGRAM_ID) -> None:
        self._program = program

    @property
    def program(self) -> Pubkey:
        """The multisig program."""
        return self._program

    def address(self, create_key: Pubkey) -> Pubkey:
        """Where the multisig of a create key stands."""
        return addresses.multisig(create_key, self._program)

    def authority(self, multisig: Pubkey, index: int) -> Pubkey:
        """The vault of this number, from 1; 0 is the multisig itself."""
        return addresses.authority(multisig, index, self._program)

    async def read(self, rpc: Rpc, address: Pubkey) -> Multisig:
        """The multisig. Raises AccountError where none stands there."""
        account = standing(await rpc.account(address), f"no multisig stands at {address}: check the address")
        found = Ms.from_account(account.owner, account.data, self._program)
        if self.address(found.create_key) != address:
            raise UnexpectedAccount(f"{address} is not where a multisig with its create key stands: do not trust it")
        return Multisig(
            address=address,
            program=self._program,
            create_key=found.create_key,
            members=tuple(Member(key, EVERY_ROLE) for key in found.keys),
            threshold=found.threshold,
            time_lock=Seconds(0),
            config_authority=None,
            last_index=found.transaction_index,
            stale_index=found.ms_change_index,
            stale_changes_execute=True,
        )

    async def proposals(self, rpc: Rpc, multisig: Multisig, most: int) -> list[Proposal]:
        """The newest transactions that are still there, newest first."""
        numbers = newest(multisig.last_index, most)
        keys = [addresses.transaction(multisig.address, number, self._program) for number in numbers]
        read = zip(numbers, keys, await rpc.accounts(keys), strict=True)
        return [self._proposal(multisig.address, n, key, found) for n, key, found in read if found and found.data]

    async def proposal(self, rpc: Rpc, multisig: Multisig, index: int) -> Proposal | None:
        """The proposal of this number."""
        key = addresses.transaction(multisig.address, index, self._program)
        found = await rpc.account(key)
        return self._proposal(multisig.address, index, key, found) if found and found.data else None

    def _proposal(self, multisig: Pubkey, index: int, key: Pubkey, account: ChainAccount) -> Proposal:
        found = self._checked(multisig, index, key, account)
        return Proposal(
            multisig=multisig,
            index=index,
            address=key,
            status=_STATUSES[found.status],
            since=None,
            approved=found.approved,
            rejected=found.rejected,
            cancelled=found.cancelled,
        )

    def _checked(self, multisig: Pubkey, index: int, key: Pubkey, account: ChainAccount) -> MsTransaction:
        found = MsTransaction.from_account(account.owner, account.data, self._program)
        if (found.ms, found.transaction_index) != (multisig, index):
            raise MalformedData(f"the transaction at {key} is of another multisig or number than its address")
        return found

    async def stored(self, rpc: Rpc, multisig: Multisig, index: int) -> StoredTransaction:
        """What is proposed under this number. Raises AccountError where it is not there whole."""
        transaction, parts = await self._whole(rpc, multisig.address, index)
        does = tuple(
            Instruction(
                part.program_id,
                part.data,
                [AccountMeta(meta.pubkey, meta.is_signer, meta.is_writable) for meta in part.keys],
            )
            for part in parts
        )
        authority = self.authority(multisig.address, transaction.authority_index)
        return StoredTransaction(
            multisig.address, index, transaction.creator, authority, transaction.authority_index, does
        )

    async def _whole(self, rpc: Rpc, multisig: Pubkey, index: int) -> tuple[MsTransaction, list[MsInstruction]]:
        key = addresses.transaction(multisig, index, self._program)
        account = standing(await rpc.account(key), f"multisig {multisig} has no transaction {index} any more")
        transaction = self._checked(multisig, index, key, account)
        numbers = range(1, transaction.instruction_index + 1)
        parts = await rpc.accounts([addresses.instruction(key, number, self._program) for number in numbers])
        missing = f"transaction {index} of multisig {multisig} lacks one of its {len(numbers)} instructions"
        read = [standing(part, missing) for part in parts]
        return transaction, [MsInstruction.from_account(part.owner, part.data, self._program) for part in read]

    def propose(
        self, multisig: Multisig, member: Pubkey, authority_index: int, wanted: Sequence[Instruction]
    ) -> list[Instruction]:
        """The draft, each of its instructions, and what opens it for votes."""
        index, address, program = multisig.last_index + 1, multisig.address, self._program
        return [
            instructions.create_transaction(
                multisig=address, index=index, creator=member, authority_index=authority_index, program=program
            ),
            *(
                instructions.add_instruction(
                    multisig=address, index=index, number=number, instruction=one, creator=member, program=program
                )
                for number, one in enumerate(wanted, 1)
            ),
            instructions.activate_transaction(multisig=address, index=index, creator=member, program=program),
        ]

    def approve(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's yes."""
        return instructions.approve(multisig=multisig, index=index, member=member, program=self._program)

    def reject(self, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None) -> Instruction:
        """The member's no; v3 keeps no memo."""
        return instructions.reject(multisig=multisig, index=index, member=member, program=self._program)

    def cancel(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's wish to call off what is ready."""
        return instructions.cancel(multisig=multisig, index=index, member=member, program=self._program)

    async def execute(self, rpc: Rpc, multisig: Multisig, index: int, member: Pubkey) -> Instruction:
        """Do what was approved."""
        transaction, parts = await self._whole(rpc, multisig.address, index)
        return instructions.execute_transaction(
            multisig=multisig.address,
            index=index,
            authority=self.authority(multisig.address, transaction.authority_index),
            instructions=parts,
            member=member,
            program=self._program,
        )
