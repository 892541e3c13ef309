"""Ask several sources for one block: in order, the next one early when the last is slow, the first good answer wins."""

import asyncio
from collections.abc import Sequence

from oracle.texts.sources import BlockTooLong, Source, SourceFailed
from store.cid import Cid


class NoneHasIt(Exception):  # noqa: N818 - named after what happened
    """Every source failed, or rests; the words say which and why."""


async def first_block(sources: Sequence[Source], cid: Cid, hedge_s: float) -> bytes:
    """Return the verified block from the first source to give it; raises NoneHasIt, BlockTooLong.

    The next source is asked as soon as one fails, or when none has answered for `hedge_s` seconds. Those that rest are
    passed over. Whoever cancels this cancels every try.
    """
    failures = [f"{source.name} rests after failing" for source in sources if source.health.resting()]
    waiting = iter([source for source in sources if not source.health.resting()])
    tries: set[asyncio.Task[bytes | SourceFailed]] = set()
    try:
        while True:
            if (source := next(waiting, None)) is not None:
                tries.add(asyncio.create_task(_try(source, cid)))
            if not tries:
                raise NoneHasIt("; ".join(failures) or "no other place is named")
            done, tries = await asyncio.wait(
                tries, timeout=None if source is None else hedge_s, return_when=asyncio.FIRST_COMPLETED
            )
            for finished in done:
                outcome = finished.result()
                if not isinstance(outcome, SourceFailed):
                    return outcome
                failures.append(str(outcome))
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
