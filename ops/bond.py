"""The operator's bond: what vouches for randomness, how much of it is free, and how to add to it."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from solders.pubkey import Pubkey

from chain import addresses, instructions
from chain.accounts import ProgramConfig
from chain.journal import SqliteJournal
from chain.rpc import Rpc
from chain.sender import Sender, Sent
from chain.signers import signer_from_file
from chain.token import associated_address, decode_token_account
from chain.units import UsdcUnits, usdc
from ops.cluster import connected
from ops.errors import OperatorError
from ops.person import person
from ops.settlements import opened as opened_database
from settings import Settings
from store import audit

JOURNAL = Path(".opinion") / "by-hand.sqlite3"


@dataclass(frozen=True, slots=True)
class Bond:
    """What the vault holds, and what of it requests have locked."""

    vault: Pubkey
    held: UsdcUnits
    locked: UsdcUnits

    @property
    def free(self) -> UsdcUnits:
        """What the next requests can lock."""
        return UsdcUnits(max(self.held - self.locked, 0))

    def words(self) -> str:
        """Return it in one sentence."""
        return (
            f"The bond vault {self.vault} holds {usdc(self.held)}: {usdc(self.locked)} locked, {usdc(self.free)} free."
        )


async def read(rpc: Rpc, program: Pubkey) -> tuple[Bond, ProgramConfig]:
    """Return the bond and the program's config. Raises OperatorError where the program is not there, RpcError."""
    vault = addresses.bond_vault(program)
    config, account = await rpc.accounts([addresses.config(program), vault])
    if config is None or account is None:
        raise OperatorError(f"No program of ours is initialised at {program}: correct PROGRAM_ID or NETWORK.")
    shared = ProgramConfig.from_account(config.owner, config.data, program)
    held = decode_token_account(account.owner, account.data).amount
    return Bond(vault, UsdcUnits(held), shared.bond_locked), shared


@dataclass(frozen=True, slots=True)
class Deposit:
    """One that can be made: everything it takes is there."""

    settings: Settings
    sender: Sender
    wallet: Path
    source: Pubkey
    amount: UsdcUnits
    before: Bond

    def words(self) -> str:
        """Return what it will do, in one sentence."""
        return (
            f"It moves {usdc(self.amount)} from {self.source} into the bond, which only the admin can take out again."
        )

    async def make(self) -> Sent:
        """Send it; the audit log has it first. Raises StoreError, and what `chain` raises."""
        signer, program = signer_from_file(self.wallet), self.settings.program
        async with opened_database(self.settings) as db, db.write() as connection:
            details = {"amount": self.amount, "source": str(self.source)}
            await audit.append(connection, person(), "deposit bond", str(program), details)
        item = instructions.deposit_bond(
            depositor=signer.public_key, source=self.source, amount=self.amount, program=program
        )
        return await self.sender.send(f"bond {program} {secrets.token_hex(8)}", [item], signer)


@asynccontextmanager
async def prepared(settings: Settings, url: str | None, amount: UsdcUnits, wallet: Path) -> AsyncGenerator[Deposit]:
    """Check everything and spend nothing. Raises OperatorError for what is missing, SignerError, RpcError."""
    signer = signer_from_file(wallet)
    JOURNAL.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal = SqliteJournal(JOURNAL)
    try:
        async with connected(settings, url) as rpc:
            before, config = await read(rpc, settings.program)
            source = associated_address(signer.public_key, config.usdc_mint)
            account = await rpc.account(source)
            held = UsdcUnits(0 if account is None else decode_token_account(account.owner, account.data).amount)
            if held < amount:
                raise OperatorError(f"{source} holds {usdc(held)}, less than {usdc(amount)}: nothing was spent.")
            sender = Sender(rpc, journal, program=settings.program)
            yield Deposit(settings, sender, wallet, source, amount, before)
    finally:
        journal.close()
