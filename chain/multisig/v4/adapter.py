"""Squads v4 behind the interface."""

from collections.abc import Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.answers import ChainAccount
from chain.errors import MalformedData, UnexpectedAccount
from chain.multisig import model
from chain.multisig.reading import newest, standing
from chain.multisig.stored import StoredTransaction
from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import ConfigTransaction, Multisig, Proposal, VaultTransaction
from chain.multisig.v4.message import compile_message, instructions_of
from chain.rpc import Rpc
from chain.units import Seconds

_NOBODY = Pubkey.default()


class SquadsV4:
    """Reads v4's multisigs and says what a member has to send."""

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
        """The vault of this number, from 0."""
        return addresses.vault(multisig, index, self._program)

    async def read(self, rpc: Rpc, address: Pubkey) -> model.Multisig:
        """The multisig. Raises AccountError where none stands there."""
        account = standing(await rpc.account(address), f"no multisig stands at {address}: check the address")
        found = Multisig.from_account(account.owner, account.data, self._program)
        if self.address(found.create_key) != address:
            raise UnexpectedAccount(f"{address} is not where a multisig with its create key stands: do not trust it")
        return model.Multisig(
            address=address,
            program=self._program,
            create_key=found.create_key,
            members=found.members,
            threshold=found.threshold,
            time_lock=Seconds(found.time_lock),
            config_authority=None if found.config_authority == _NOBODY else found.config_authority,
            last_index=found.transaction_index,
            stale_index=found.stale_transaction_index,
            stale_changes_execute=False,
        )

    async def proposals(self, rpc: Rpc, multisig: model.Multisig, most: int) -> list[model.Proposal]:
        """The newest proposals that are still there, newest first."""
        numbers = newest(multisig.last_index, most)
        keys = [addresses.proposal(multisig.address, number, self._program) for number in numbers]
        read = zip(numbers, keys, await rpc.accounts(keys), strict=True)
        return [self._proposal(multisig.address, n, key, found) for n, key, found in read if found and found.data]

    async def proposal(self, rpc: Rpc, multisig: model.Multisig, index: int) -> model.Proposal | None:
        """The proposal of this number."""
        key = addresses.proposal(multisig.address, index, self._program)
        found = await rpc.account(key)
        return self._proposal(multisig.address, index, key, found) if found and found.data else None

    def _proposal(self, multisig: Pubkey, index: int, key: Pubkey, account: ChainAccount) -> model.Proposal:
        found = Proposal.from_account(account.owner, account.data, self._program)
        if (found.multisig, found.transaction_index) != (multisig, index):
            raise MalformedData(f"the proposal at {key} is of another multisig or number than its address")
        return model.Proposal(
            multisig=multisig,
            index=index,
            address=key,
            status=model.Status[type(found.status).__name__.upper()],
            since=getattr(found.status, "timestamp", None),
            approved=found.approved,
            rejected=found.rejected,
            cancelled=found.cancelled,
        )

    async def stored(self, rpc: Rpc, multisig: model.Multisig, index: int) -> StoredTransaction:
        """What is proposed under this number. Raises AccountError where it is not there or takes what tables hold."""
        found = await self._transaction(rpc, multisig.address, index)
        if isinstance(found, ConfigTransaction):
            return StoredTransaction(multisig.address, index, found.creator, multisig.address, 0, (), found.actions)
        if found.ephemeral_signer_bumps:
            raise MalformedData(f"proposal {index} makes keys of its own sign, which is not understood here: reject it")
        authority = self.authority(multisig.address, found.vault_index)
        does = tuple(instructions_of(found.message))
        return StoredTransaction(multisig.address, index, found.creator, authority, found.vault_index, does)

    async def _transaction(self, rpc: Rpc, multisig: Pubkey, index: int) -> VaultTransaction | ConfigTransaction:
        key = addresses.transaction(multisig, index, self._program)
        account = standing(await rpc.account(key), f"multisig {multisig} has no transaction {index} any more")
        kind = ConfigTransaction if account.data[:8] == ConfigTransaction.DISCRIMINATOR else VaultTransaction
        found = kind.from_account(account.owner, account.data, self._program)
        if (found.multisig, found.index) != (multisig, index):
            raise MalformedData(f"the transaction at {key} is of another multisig or number than its address")
        return found

    def propose(
        self, multisig: model.Multisig, member: Pubkey, authority_index: int, wanted: Sequence[Instruction]
    ) -> list[Instruction]:
        """Two instructions: the transaction, and the proposal that opens it for votes."""
        index = multisig.last_index + 1
        return [
            instructions.create_vault_transaction(
                multisig=multisig.address,
                index=index,
                creator=member,
                rent_payer=member,
                vault_index=authority_index,
                message=compile_message(wanted),
                program=self._program,
            ),
            instructions.create_proposal(
                multisig=multisig.address, index=index, creator=member, rent_payer=member, program=self._program
            ),
        ]

    def approve(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's yes."""
        return instructions.approve(multisig=multisig, index=index, member=member, program=self._program)

    def reject(self, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None) -> Instruction:
        """The member's no, with why."""
        return instructions.reject(multisig=multisig, index=index, member=member, memo=memo, program=self._program)

    def cancel(self, multisig: Pubkey, index: int, member: Pubkey) -> Instruction:
        """The member's wish to call off what is approved."""
        return instructions.cancel(multisig=multisig, index=index, member=member, program=self._program)

    async def execute(self, rpc: Rpc, multisig: model.Multisig, index: int, member: Pubkey) -> Instruction:
        """Do what was approved."""
        found = await self._transaction(rpc, multisig.address, index)
        if isinstance(found, ConfigTransaction):
            return instructions.execute_config_transaction(
                multisig=multisig.address, index=index, member=member, rent_payer=member, program=self._program
            )
        return instructions.execute_vault_transaction(
            multisig=multisig.address, transaction=found, member=member, program=self._program
        )
