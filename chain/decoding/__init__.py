"""From an instruction back to what it says: program, name, accounts with their roles, arguments.

For whoever signs what others wrote: what is not understood to the last byte is refused, never guessed.
"""

from chain.decoding.model import Decoded, NamedAccount
from chain.decoding.programs import Decoder

__all__ = ["Decoded", "Decoder", "NamedAccount"]
