"""A chain with a multisig of five and a crank on it, and the way of a transaction through it.

Instructions and accounts are those of `chain.multisig.v4`, which its own tests hold to the published IDL byte for byte;
`calls.py` has the few that the client does not send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import (
    ConfigAction,
    Multisig,
    ProgramConfig,
    Proposal,
    ProposalStatus,
    VaultTransaction,
    VaultTransactionMessage,
)
from chain.multisig.v4.message import compile_message
from chain.units import Seconds
from tests.programs import parts
from tests.programs.multisig.errors import Code
from tests.programs.world import Done, Refused, World, actor

PROGRAM_ID = Pubkey.from_string("6Xde5bAzw7GJmiopsZmZbNe6DTWczyxqUJRyeqW2TQLp")
MULTISIG = parts.BUILT / "multisig.so"
ANA, BO, CHI, DEE, EVE = PEOPLE = sorted((actor(f"member {n}") for n in range(5)), key=bytes)
CRANK, STRANGER, NEWCOMER = actor("crank"), actor("stranger"), actor("newcomer")
TREASURY, COLLECTOR, PAYEE, RULER = actor("treasury"), actor("collector"), actor("payee"), actor("ruler")
INITIALIZER = Pubkey(sha256(b"opinion-market/multisig/initializer").digest())
"""Who alone makes the program's configuration; its key nobody has."""
CREATE_KEY, OTHER_KEY = actor("create key"), actor("another create key")
MEMBERS = (*(Member(key, EVERY_ROLE) for key in PEOPLE), Member(CRANK, Roles.INITIATE | Roles.EXECUTE))
THRESHOLD, FEE, AMOUNT = 3, 7_000_000, 1_000_000_000
SQUAD = addresses.multisig(CREATE_KEY, PROGRAM_ID)
VAULT = addresses.vault(SQUAD, 0, PROGRAM_ID)
CONFIG = addresses.program_config(PROGRAM_ID)


def payment(amount: int = AMOUNT) -> Instruction:
    """Lamports from the vault to the payee."""
    return transfer(TransferParams(from_pubkey=VAULT, to_pubkey=PAYEE, lamports=amount))


def creation(
    create_key: Pubkey = CREATE_KEY,
    members: Sequence[Member] = MEMBERS,
    threshold: int = THRESHOLD,
    time_lock: int = 0,
    authority: Pubkey | None = None,
    collector: Pubkey | None = COLLECTOR,
) -> Instruction:
    """A new multisig."""
    return instructions.create_multisig(
        create_key=create_key,
        creator=STRANGER,
        treasury=TREASURY,
        members=members,
        threshold=threshold,
        time_lock=Seconds(time_lock),
        config_authority=authority,
        rent_collector=collector,
        program=PROGRAM_ID,
    )


class Council(World):
    """The program with its configuration, a multisig of which three of five decide, and lamports in its vault."""

    def __init__(self) -> None:
        super().__init__({PROGRAM_ID: parts.program(MULTISIG)}, actor("admin"))
        for one in (*PEOPLE, CRANK, STRANGER, NEWCOMER, TREASURY, COLLECTOR, PAYEE, RULER, VAULT):
            self.fund(one, 10**12)
        self.place(CONFIG, Account(10**9, ProgramConfig(RULER, FEE, TREASURY, bytes(64)).to_account(), PROGRAM_ID))
        self.send(creation())
        self.at(self.now)

    # What lies on the chain

    @property
    def squad(self) -> Multisig:
        """The multisig."""
        return Multisig.from_account(PROGRAM_ID, self.data(SQUAD), PROGRAM_ID)

    def proposal(self, index: int) -> Proposal:
        """What the members say of a transaction."""
        return Proposal.from_account(PROGRAM_ID, self.data(addresses.proposal(SQUAD, index, PROGRAM_ID)), PROGRAM_ID)

    def status(self, index: int) -> type[ProposalStatus]:
        """Where it stands."""
        return type(self.proposal(index).status)

    def transaction(self, index: int) -> VaultTransaction:
        """What a vault is to do."""
        data = self.data(addresses.transaction(SQUAD, index, PROGRAM_ID))
        return VaultTransaction.from_account(PROGRAM_ID, data, PROGRAM_ID)

    # Steps

    def draft(self, *wanted: Instruction, by: Pubkey = ANA, message: VaultTransactionMessage | None = None) -> int:
        """Keeps what the vault is to do, under the next number."""
        index = self.squad.transaction_index + 1
        self.send(
            instructions.create_vault_transaction(
                multisig=SQUAD,
                index=index,
                creator=by,
                rent_payer=by,
                vault_index=0,
                message=message or compile_message(wanted),
                program=PROGRAM_ID,
            )
        )
        return index

    def open(self, index: int, by: Pubkey = ANA, *, draft: bool = False) -> Done:
        """Opens it for votes."""
        return self.send(
            instructions.create_proposal(
                multisig=SQUAD, index=index, creator=by, rent_payer=by, draft=draft, program=PROGRAM_ID
            )
        )

    def propose(self, *wanted: Instruction, by: Pubkey = ANA) -> int:
        """Both."""
        index = self.draft(*wanted, by=by)
        self.open(index, by)
        return index

    def propose_changes(self, *actions: ConfigAction, by: Pubkey = ANA) -> int:
        """Changes of the multisig, open for votes."""
        index = self.squad.transaction_index + 1
        self.send(
            instructions.create_config_transaction(
                multisig=SQUAD, index=index, creator=by, rent_payer=by, actions=actions, program=PROGRAM_ID
            )
        )
        self.open(index, by)
        return index

    def approved(self, *wanted: Instruction) -> int:
        """Proposed, and approved by as many as decide."""
        index = self.propose(*wanted)
        self.approve(index, *PEOPLE[: self.squad.threshold])
        return index

    def approve(self, index: int, *members: Pubkey) -> None:
        """Each of them approves."""
        for member in members:
            self.send(instructions.approve(multisig=SQUAD, index=index, member=member, program=PROGRAM_ID))

    def reject(self, index: int, *members: Pubkey) -> None:
        """Each of them rejects."""
        for member in members:
            self.send(instructions.reject(multisig=SQUAD, index=index, member=member, program=PROGRAM_ID))

    def cancel(self, index: int, *members: Pubkey) -> None:
        """Each of them wants to call it off."""
        for member in members:
            self.send(instructions.cancel(multisig=SQUAD, index=index, member=member, program=PROGRAM_ID))

    def execution(self, index: int, by: Pubkey = CRANK) -> Instruction:
        """What executes it."""
        return instructions.execute_vault_transaction(
            multisig=SQUAD, transaction=self.transaction(index), member=by, program=PROGRAM_ID
        )

    def execute(self, index: int, by: Pubkey = CRANK) -> Done:
        """Executes it."""
        return self.send(self.execution(index, by))

    def execute_changes(self, index: int, by: Pubkey = CRANK) -> Done:
        """Makes the changes."""
        return self.send(
            instructions.execute_config_transaction(
                multisig=SQUAD, index=index, member=by, rent_payer=by, program=PROGRAM_ID
            )
        )

    def change(self, *actions: ConfigAction) -> int:
        """By the members' vote, to the end."""
        index = self.propose_changes(*actions)
        self.approve(index, *PEOPLE[: self.squad.threshold])
        self.execute_changes(index)
        return index

    def close(self, index: int, collector: Pubkey = COLLECTOR) -> Done:
        """Gives back its rent."""
        return self.send(
            instructions.close_vault_transaction(
                multisig=SQUAD, index=index, rent_collector=collector, program=PROGRAM_ID
            )
        )


@contextmanager
def refused(code: Code | int) -> Iterator[None]:
    """What is done inside has to be refused with this code."""
    with pytest.raises(Refused) as found:
        yield
    assert found.value.code == code, found.value
