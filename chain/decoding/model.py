"""What a decoded instruction is, and how one is taken apart by the shape of its accounts and arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.errors import MalformedData, NotUnderstood
from chain.wire import codec_of


@dataclass(frozen=True)
class NamedAccount:
    """An account with the role that it plays in an instruction."""

    role: str
    key: Pubkey
    signs: bool
    writes: bool


@dataclass(frozen=True)
class Decoded:
    """An instruction in words. Arguments are values of our own types."""

    program: Pubkey
    program_name: str
    name: str
    accounts: tuple[NamedAccount, ...]
    arguments: Mapping[str, Any]

    def account(self, role: str) -> Pubkey:
        """The account in this role; KeyError where there is none."""
        return {account.role: account.key for account in self.accounts}[role]


@dataclass(frozen=True)
class Shape:
    """An instruction's accounts in order, as `role`, `role:w`, `role:s` or `role:ws`, and its arguments."""

    accounts: str
    arguments: type[Any]

    def take(self, program_name: str, name: str, instruction: Instruction, at: int) -> Decoded:
        """The instruction in words; its arguments begin at byte `at`. Raises NotUnderstood."""
        what = f"{name} of {program_name}"
        roles = self.accounts.split()
        if len(instruction.accounts) != len(roles):
            raise NotUnderstood(f"{what} takes {len(roles)} accounts, and here are {len(instruction.accounts)}")
        named = [_named(role, meta, what) for role, meta in zip(roles, instruction.accounts, strict=True)]
        try:
            found, end = codec_of(self.arguments).decode(instruction.data, at)
        except MalformedData as error:
            raise NotUnderstood(f"the arguments of {what} cannot be read: {error}") from error
        if end != len(instruction.data):
            raise NotUnderstood(f"{what} is followed by {len(instruction.data) - end} bytes that mean nothing")
        arguments = {field.name: getattr(found, field.name) for field in fields(self.arguments)}
        return Decoded(instruction.program_id, program_name, name, tuple(named), arguments)


def _named(role: str, meta: AccountMeta, what: str) -> NamedAccount:
    """Flags may be more than the instruction needs, as a message has one set of them for all its instructions."""
    name, _, flags = role.partition(":")
    for flag, has, verb in (("s", meta.is_signer, "sign"), ("w", meta.is_writable, "be writable")):
        if flag in flags and not has:
            raise NotUnderstood(f"{name} has to {verb} in {what}, and {meta.pubkey} does not")
    return NamedAccount(name, meta.pubkey, meta.is_signer, meta.is_writable)
