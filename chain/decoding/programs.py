"""Which program an instruction is for, and which of its instructions it is."""

from collections.abc import Mapping

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.constants import (
    ASSOCIATED_TOKEN_PROGRAM_ID,
    PROGRAM_ID,
    SYSTEM_PROGRAM_ID,
    TOKEN_PROGRAM_ID,
    UPGRADEABLE_LOADER_ID,
)
from chain.decoding import market, others
from chain.decoding.model import Decoded, Shape
from chain.errors import NotUnderstood
from chain.wire import discriminator

_ADVANCE_NONCE = 4
_MARKET = {discriminator("global", name): (name, shape) for name, shape in market.SHAPES.items()}


class Decoder:
    """Decodes what is for the market's program and for the few others that a proposal may need."""

    def __init__(self, program: Pubkey = PROGRAM_ID) -> None:
        self._program = program

    def decode(self, instruction: Instruction) -> Decoded:
        """The instruction in words. Raises NotUnderstood."""
        program, data = instruction.program_id, instruction.data
        if program == self._program:
            return self._take("opinion-market", _MARKET.get(data[:8]), instruction, 8)
        if program == SYSTEM_PROGRAM_ID:
            return self._system(instruction)
        if program == TOKEN_PROGRAM_ID:
            return self._numbered("the token program", others.TOKEN, instruction, 1)
        if program == ASSOCIATED_TOKEN_PROGRAM_ID:
            # `create` may come without its byte.
            at_least = Instruction(program, data or b"\0", instruction.accounts)
            return self._numbered("the associated token program", others.ASSOCIATED_TOKEN, at_least, 1)
        if program == UPGRADEABLE_LOADER_ID:
            if len(data) == 5 and data[0] == 3:
                return self._take("the loader", others.LOADER_UPGRADE_THAT_SAYS_OF_ITS_BUFFER, instruction, 4)
            return self._numbered("the loader", others.LOADER, instruction, 4)
        raise NotUnderstood(f"an instruction is for {program}, which is no program that a proposal of ours needs")

    def _system(self, instruction: Instruction) -> Decoded:
        if int.from_bytes(instruction.data[:4], "little") == _ADVANCE_NONCE:
            raise NotUnderstood("it uses a durable nonce, so that who holds it can send it at any later time")
        return self._numbered("the system program", others.SYSTEM, instruction, 4)

    def _numbered(
        self, program_name: str, known: Mapping[int, tuple[str, Shape]], instruction: Instruction, length: int
    ) -> Decoded:
        number = instruction.data[:length]
        found = known.get(int.from_bytes(number, "little")) if len(number) == length else None
        return self._take(program_name, found, instruction, length)

    def _take(self, program_name: str, found: tuple[str, Shape] | None, instruction: Instruction, at: int) -> Decoded:
        if found is None:
            begins = instruction.data[:8].hex() or "nothing"
            raise NotUnderstood(f"an instruction of {program_name} that begins with {begins} is not known here")
        name, shape = found
        return shape.take(program_name, name, instruction, at)
