"""The program's instructions as values that a test can bend: one account swapped, unsigned or read-only, data cut
short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from tests.programs import idl
from tests.programs.spec import PROGRAM_ID


@dataclass(frozen=True)
class Call:
    """An instruction, its accounts and arguments by their IDL names."""

    name: str
    accounts: Mapping[str, Pubkey]
    args: Mapping[str, idl.Value] = field(default_factory=dict[str, idl.Value])
    signing: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    raw: bytes | None = None
    only: int | None = None

    @property
    def spec(self) -> idl.InstructionSpec:
        """What the IDL declares."""
        return idl.load().instructions[self.name]

    def using(self, **accounts: Pubkey) -> Call:
        """With other accounts in these places."""
        assert accounts.keys() <= self.accounts.keys(), accounts
        return replace(self, accounts={**self.accounts, **accounts})

    def saying(self, **args: idl.Value) -> Call:
        """With other arguments."""
        assert args.keys() <= self.args.keys(), args
        return replace(self, args={**self.args, **args})

    def signed_by(self, *names: str) -> Call:
        """With these accounts signing too."""
        return replace(self, signing=self.signing | set(names))

    def without_signature(self, name: str) -> Call:
        """With an account that does not sign."""
        return replace(self, unsigned=self.unsigned | {name})

    def with_read_only(self, name: str) -> Call:
        """With an account passed read-only."""
        return replace(self, read_only=self.read_only | {name})

    def cut_to(self, count: int) -> Call:
        """With only the first accounts."""
        return replace(self, only=count)

    def with_data(self, data: bytes) -> Call:
        """With other instruction data."""
        return replace(self, raw=data)

    @property
    def data(self) -> bytes:
        """The instruction's data."""
        return self.spec.data.encode(self.args) if self.raw is None else self.raw

    def instruction(self) -> Instruction:
        """For a transaction."""
        metas: list[AccountMeta] = []
        for spec in self.spec.accounts[: self.only]:
            signs = (spec.signer or spec.name in self.signing) and spec.name not in self.unsigned
            writes = spec.writable and spec.name not in self.read_only
            metas.append(AccountMeta(self.accounts[spec.name], signs, writes))
        return Instruction(PROGRAM_ID, self.data, metas)
