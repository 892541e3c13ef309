"""How long a text may be, and with it everything that is read, held or kept for one.

10,000 opinions of the greatest length are 40 MB, which a worker of at most 120 MB can hold.
"""

from typing import Final

MAX_TEXT_BYTES: Final = 4_096
# A dag-pb file of one block is its text and some 20 bytes; a node may add a mode and a time.
MAX_BLOCK_BYTES: Final = MAX_TEXT_BYTES + 128
# IPFS moves no larger blocks. Read to the end, and only hashed, it tells a text that is too long from a lie.
MAX_HASHED_BYTES: Final = 2 * 1024 * 1024
