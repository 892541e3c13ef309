"""What the accounts of both multisig programs have in common."""

from typing import ClassVar, Self

from solders.pubkey import Pubkey

from chain.errors import ForeignAccount, MalformedData, UnexpectedAccount
from chain.wire import codec_of


class Account:
    """A frozen dataclass behind Anchor's discriminator.

    It has room for what may be added, so zeros may follow what is written. Anything else after it is refused.
    """

    DISCRIMINATOR: ClassVar[bytes]

    @classmethod
    def from_account(cls, owner: Pubkey, data: bytes, program: Pubkey) -> Self:
        """The account, when `program` owns it. Raises ForeignAccount, UnexpectedAccount or MalformedData."""
        if owner != program:
            raise ForeignAccount(f"the {cls.__name__} belongs to {owner}, not to the multisig program {program}")
        if data[:8] != cls.DISCRIMINATOR:
            raise UnexpectedAccount(f"these {len(data)} bytes do not begin as a {cls.__name__}")
        account, end = codec_of(cls).decode(data, 8)
        if any(data[end:]):
            raise MalformedData(f"a {cls.__name__} of {end} bytes is followed by something else")
        return account

    def to_account(self) -> bytes:
        """The account's data, for a localnet's genesis and for tests."""
        return self.DISCRIMINATOR + codec_of(type(self)).encode(self)
