"""What is proposed, as the chain keeps it, and the one order of bytes by which two readers can compare it."""

from dataclasses import dataclass
from hashlib import sha256

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.errors import MalformedData
from chain.multisig.v4.accounts import ConfigAction
from chain.wire import U64, codec_of

_PAYLOAD = b"opinion-markets proposal 1\n"


@dataclass(frozen=True)
class _Account:
    key: Pubkey
    signs: bool
    writes: bool


@dataclass(frozen=True)
class _Instruction:
    program: Pubkey
    accounts: tuple[_Account, ...]
    data: bytes


@dataclass(frozen=True)
class _Payload:
    multisig: Pubkey
    index: U64
    authority: Pubkey
    instructions: tuple[_Instruction, ...]
    changes: tuple[ConfigAction, ...]


def _instruction(one: Instruction) -> _Instruction:
    accounts = tuple(_Account(meta.pubkey, meta.is_signer, meta.is_writable) for meta in one.accounts)
    return _Instruction(one.program_id, accounts, one.data)


@dataclass(frozen=True)
class StoredTransaction:
    """What is proposed, as the chain keeps it. Either `instructions` or `changes` has something in it.

    `authority` signs the instructions; it is the multisig itself where they change it, as in v3.
    """

    multisig: Pubkey
    index: int
    creator: Pubkey
    authority: Pubkey
    authority_index: int
    instructions: tuple[Instruction, ...]
    changes: tuple[ConfigAction, ...] = ()
    """v4's changes of the multisig, which are no instructions."""

    def does(self, wanted: Instruction, authority: Pubkey) -> bool:
        """Whether it is this one instruction by this authority, and nothing else."""
        return self.instructions == (wanted,) and not self.changes and self.authority == authority

    @property
    def payload(self) -> bytes:
        """All that its execution depends on, in one order of bytes, whichever program keeps it.

        Two that read the same payload read the same transaction: the multisig, its number, the authority, every
        instruction with the roles of its accounts, and every change.
        """
        instructions = tuple(map(_instruction, self.instructions))
        whole = _Payload(self.multisig, self.index, self.authority, instructions, self.changes)
        return _PAYLOAD + codec_of(_Payload).encode(whole)

    @property
    def payload_hash(self) -> bytes:
        """SHA-256 of the payload, 32 bytes."""
        return sha256(self.payload).digest()


def read_payload(payload: bytes) -> StoredTransaction:
    """What these bytes of a `payload` say, for somebody who has no chain to ask; of the creator they tell nothing.

    Raises MalformedData.
    """
    if not payload.startswith(_PAYLOAD):
        raise MalformedData("these bytes are no proposal's payload, or one of another release of opinion")
    whole, end = codec_of(_Payload).decode(payload, len(_PAYLOAD))
    if end != len(payload):
        raise MalformedData(f"{len(payload) - end} bytes follow the payload: it was altered on its way")
    return StoredTransaction(
        multisig=whole.multisig,
        index=whole.index,
        creator=Pubkey.default(),
        authority=whole.authority,
        authority_index=0,
        instructions=tuple(map(_read_instruction, whole.instructions)),
        changes=whole.changes,
    )


def _read_instruction(one: _Instruction) -> Instruction:
    return Instruction(one.program, one.data, [AccountMeta(a.key, a.signs, a.writes) for a in one.accounts])
