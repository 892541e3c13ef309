"""The texts of opinions, by CID, checked against the CID and the chain's text hash before anyone sees them.

The written rule, which the settlement keeps and a staker can read:

- A text is at most MAX_TEXT_BYTES of UTF-8. Its CID is SHA-256, raw bytes or a dag-pb file of one block (`store.cid`).
- Each read looks on this host's disk first, then asks every named Kubo node and gateway, and nobody else: a redirect is
  not followed. Whatever they answer is hashed; who answered does not matter.
- TextMismatch and TextUnreadable are for ever: the CID and the hash on the chain name different bytes, or what they
  name is no text by the first line. Such an opinion is left out of the score at once.
- TextUnavailable is for now: it may be had later. The settlement asks again until TEXT_PATIENCE after the market's
  deadline, then scores without those that are still missing.
- An opinion left out is reported with the error's sentence, in the record that goes on-chain by its hash. It weighs
  nothing in the score; its stake keeps its chance in the lottery.
- A text that reaches the chain is pinned on every named Kubo node; fewer than PINS_WANTED is a shortfall that the
  report names and the caller retries. Without any Kubo node this host's disk is the one copy (localnet).
"""

from oracle.texts.errors import TextError, TextMismatch, TextUnavailable, TextUnreadable
from oracle.texts.library import TEXT_PATIENCE, Patience, Texts, Wanted, texts_of
from oracle.texts.limits import MAX_TEXT_BYTES
from oracle.texts.pinning import PINS_WANTED, PinReport

__all__ = [
    "MAX_TEXT_BYTES",
    "PINS_WANTED",
    "TEXT_PATIENCE",
    "Patience",
    "PinReport",
    "TextError",
    "TextMismatch",
    "TextUnavailable",
    "TextUnreadable",
    "Texts",
    "Wanted",
    "texts_of",
]
