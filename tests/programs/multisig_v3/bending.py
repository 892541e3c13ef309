"""A right instruction made wrong in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey


@dataclass(frozen=True)
class Bent:
    """An instruction of which parts can be replaced."""

    instruction: Instruction

    def using(self, place: int, key: Pubkey) -> Instruction:
        """With another account there."""
        return self._with(place, lambda meta: AccountMeta(key, meta.is_signer, meta.is_writable))

    def unsigned(self, place: int) -> Instruction:
        """With an account that does not sign."""
        return self._with(place, lambda meta: AccountMeta(meta.pubkey, False, meta.is_writable))

    def read_only(self, place: int) -> Instruction:
        """With an account that cannot be written."""
        return self._with(place, lambda meta: AccountMeta(meta.pubkey, meta.is_signer, False))

    def without_last(self) -> Instruction:
        """With one account too few."""
        return self._made(self.instruction.accounts[:-1])

    def with_data(self, data: bytes) -> Instruction:
        """With other data."""
        return Instruction(self.instruction.program_id, data, self.instruction.accounts)

    def saying_more(self) -> Instruction:
        """With a byte that nobody asked for."""
        return self.with_data(self.instruction.data + b"\0")

    def _with(self, place: int, change: Callable[[AccountMeta], AccountMeta]) -> Instruction:
        accounts = self.instruction.accounts
        return self._made([change(meta) if at == place else meta for at, meta in enumerate(accounts)])

    def _made(self, accounts: list[AccountMeta]) -> Instruction:
        return Instruction(self.instruction.program_id, self.instruction.data, accounts)
