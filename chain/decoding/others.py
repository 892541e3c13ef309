"""The few instructions of other programs that a proposal of ours may hold.

Sources: Agave's SystemInstruction, the token program's TokenInstruction, the associated token account program, and the
upgradeable loader's UpgradeableLoaderInstruction (loader-v3-interface).
"""

from dataclasses import dataclass

from chain.decoding.market import Nothing
from chain.decoding.model import Shape
from chain.units import Lamports
from chain.wire import U8, U64


@dataclass(frozen=True)
class Transfer:
    """Lamports that move."""

    lamports: Lamports


@dataclass(frozen=True)
class TokenTransfer:
    """Base units that move."""

    amount: U64


@dataclass(frozen=True)
class CheckedTokenTransfer:
    """Base units that move, and how many decimals their mint has."""

    amount: U64
    decimals: U8


@dataclass(frozen=True)
class Upgrade:
    """Whether the buffer is closed; SIMD-0430 adds it, and it is ignored so far."""

    close_buffer: bool


SYSTEM = {
    2: ("transfer", Shape("from:ws to:w", Transfer)),
}
"""By the u32 that begins them."""

TOKEN = {
    3: ("transfer", Shape("source:w destination:w authority:s", TokenTransfer)),
    12: ("transfer_checked", Shape("source:w mint destination:w authority:s", CheckedTokenTransfer)),
}
"""By the byte that begins them."""

ASSOCIATED_TOKEN = {
    0: ("create", Shape("payer:ws account:w owner mint system_program token_program", Nothing)),
    1: ("create_idempotent", Shape("payer:ws account:w owner mint system_program token_program", Nothing)),
}
"""By the byte that begins them."""

_UPGRADE = "program_data:w program:w buffer:w spill:w rent clock authority:s"
LOADER = {
    3: ("upgrade", Shape(_UPGRADE, Nothing)),
    4: ("set_authority", Shape("account:w authority:s new_authority", Nothing)),
    5: ("close", Shape("account:w recipient:w authority:s", Nothing)),
    7: ("set_authority_checked", Shape("account:w authority:s new_authority:s", Nothing)),
}
"""By the u32 that begins them."""
LOADER_UPGRADE_THAT_SAYS_OF_ITS_BUFFER = ("upgrade", Shape(_UPGRADE, Upgrade))
