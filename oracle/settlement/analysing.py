"""The act of analysis: a market's opinions read from the chain, their texts had, and the panel asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.rpc import Rpc
from oracle.analysis import ReadOpinion
from oracle.settlement.facts import read_all_opinions
from oracle.texts import TextError, Texts, Wanted


@dataclass(frozen=True, slots=True)
class Reading:
    """Every opinion of a market with its text or why there is none."""

    opinions: Sequence[ReadOpinion]
    missing: Sequence[TextError]
    """Of the texts that cannot be had now and may be later."""


async def read_opinions(rpc: Rpc, program: Pubkey, address: Pubkey, market: Market, texts: Texts) -> Reading:
    """Read them all, as the chain shows them now. Raises RpcError, AccountError."""
    opinions = await read_all_opinions(rpc, program, address, market)
    found = await texts.read_many([Wanted(opinion.cid, opinion.text_hash) for opinion in opinions])
    return Reading(
        [
            ReadOpinion(str(opinion.staker), opinion.cid, opinion.text_hash, opinion.stake, *_text_or_trouble(text))
            for opinion, text in zip(opinions, found, strict=True)
        ],
        [text for text in found if isinstance(text, TextError) and not text.for_ever],
    )


def _text_or_trouble(text: str | TextError) -> tuple[str | None, str | None]:
    return (text, None) if isinstance(text, str) else (None, str(text))
