"""Ask several sources for one block: in order, the next one early when the last is slow, the first good answer wins."""

import asyncio
from collections.abc import Sequence
from itertools import takewhile

from oracle.texts.sources import BlockTooLong, Source, SourceFailed
from store.cid import Cid


class NoneHasIt(Exception):  # noqa: N818 - named after what happened
    """Every source failed, or rests; the words say which and why."""


async def first_block(sources: Sequence[Source], cid: Cid, hedge_s: float) -> bytes:
    """Return the verified block from the first source to give it; raises NoneHasIt, BlockTooLong.

    The next source is asked as soon as one fails, or when none has answered for `hedge_s` seconds. Those that rest are
    passed over, those that were late come last. Whoever cancels this cancels every try.
    """
    failures = [f"{source.name} rests after failing" for source in sources if source.health.resting()]
    awake = [source for source in sources if not source.health.resting()]
    waiting = iter(sorted(awake, key=lambda source: source.health.late()))
    tries: dict[asyncio.Task[bytes | SourceFailed], Source] = {}
    try:
        while True:
            if (source := next(waiting, None)) is not None:
                tries[asyncio.create_task(_try(source, cid))] = source
            if not tries:
                raise NoneHasIt("; ".join(failures) or "neither IPFS_GATEWAYS nor IPFS_APIS names a place to ask")
            done, _ = await asyncio.wait(
                tries, timeout=None if source is None else hedge_s, return_when=asyncio.FIRST_COMPLETED
            )
            for finished in done:
                outcome = finished.result()
                if not isinstance(outcome, SourceFailed):
                    for task in takewhile(lambda earlier, winner=finished: earlier is not winner, tries):
                        tries[task].health.overtaken()
                    return outcome
                failures.append(str(outcome))
                del tries[finished]
    finally:
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)


async def _try(source: Source, cid: Cid) -> bytes | SourceFailed:
    try:
        block = await source.block(cid)
    except SourceFailed as failure:
        source.health.failed(failure)
        return SourceFailed(f"{source.name} {failure}", failure.trouble)
    except BlockTooLong:
        source.health.succeeded()
        raise
    source.health.succeeded()
    return block
