"""Several endpoints asked the same: what one says alone is not believed where much depends on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chain.errors import AccountError, EndpointsDisagree, RpcError
from chain.rpc import Rpc

T = TypeVar("T")

ENOUGH = 2
"""How many must say the same, or the only one where one is configured."""
_TRIES = 3


async def ask_all(rpc: Rpc, question: Callable[[Rpc], Awaitable[T]]) -> list[tuple[str, T]]:
    """Names and answers; endpoints that fail are left out. Names may repeat: they are no more than hosts."""

    async def one(view: Rpc) -> T | RpcError:
        try:
            return await question(view)
        except RpcError as error:
            return error

    views = rpc.each()
    answers = await asyncio.gather(*(one(view) for view in views))
    named = zip(views, answers, strict=True)
    return [(view.endpoints[0].name, answer) for view, answer in named if not isinstance(answer, RpcError)]


async def agreed(rpc: Rpc, what: str, question: Callable[[Rpc], Awaitable[T]], pause: float = 1.0) -> T:
    """What all that answer say, if two do, or the only one configured; answers are compared by value.

    They are asked again, `pause` seconds apart, while they differ: one may be a slot behind. Raises EndpointsDisagree
    when they go on differing about `what`, RpcError when too few answer, and the AccountError that all of them meet.
    """

    async def either(view: Rpc) -> T | AccountError:
        try:
            return await question(view)
        except AccountError as error:
            return error

    enough = min(ENOUGH, len(rpc.endpoints))
    answers: list[tuple[str, T | AccountError]] = []
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(pause)
        answers = await ask_all(rpc, either)
        if len(answers) >= enough and all(_same(answers[0][1], answer) for _, answer in answers):
            [(_, answer), *_] = answers
            if isinstance(answer, AccountError):
                raise answer
            return answer
    if len(answers) < enough:
        silent = ", ".join(endpoint.name for endpoint in rpc.endpoints if endpoint.health.failures)
        raise RpcError(
            f"{what} has to be read from {enough} RPC nodes, and {len(answers)} answered: look after {silent}"
        )
    names = " and ".join(name for name, _ in answers)
    raise EndpointsDisagree(f"{names} tell different things of {what}: sign nothing before you know which one is wrong")


def _same(one: object, other: object) -> bool:
    if isinstance(one, AccountError) and isinstance(other, AccountError):
        return str(one) == str(other)
    return one == other
