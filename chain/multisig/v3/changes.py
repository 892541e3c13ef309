"""v3's changes of the multisig itself, which are instructions, as v4's actions: both are told alike."""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.errors import NotUnderstood
from chain.multisig.model import EVERY_ROLE, Member
from chain.multisig.v4.accounts import AddMember, ChangeThreshold, ConfigAction, RemoveMember
from chain.wire import discriminator

_ADD, _REMOVE, _THRESHOLD, _ADD_AND, _REMOVE_AND, _VAULT = (
    discriminator("global", name)
    for name in (
        "add_member",
        "remove_member",
        "change_threshold",
        "add_member_and_change_threshold",
        "remove_member_and_change_threshold",
        "add_authority",
    )
)
_KEY, _NUMBER = 32, 2


def changes_of(instruction: Instruction, multisig: Pubkey) -> list[ConfigAction]:
    """What the instruction changes; a new vault changes nothing. Raises NotUnderstood for anything else."""
    if not instruction.accounts or instruction.accounts[0].pubkey != multisig:
        raise NotUnderstood("it changes another multisig than its own")
    kind, data = instruction.data[:8], instruction.data[8:]
    key, number = data[:_KEY], data[-_NUMBER:]
    changed = ChangeThreshold(int.from_bytes(number, "little"))
    match kind, len(data):
        case (_, 0) if kind == _VAULT:
            return []
        case (_, 2) if kind == _THRESHOLD:
            return [changed]
        case (_, 32) if kind == _ADD:
            return [AddMember(Member(Pubkey(key), EVERY_ROLE))]
        case (_, 32) if kind == _REMOVE:
            return [RemoveMember(Pubkey(key))]
        case (_, 34) if kind == _ADD_AND:
            return [AddMember(Member(Pubkey(key), EVERY_ROLE)), changed]
        case (_, 34) if kind == _REMOVE_AND:
            return [RemoveMember(Pubkey(key)), changed]
        case _:
            begins = kind.hex() or "nothing"
            raise NotUnderstood(f"an instruction of the multisig that begins with {begins} is not known here")
