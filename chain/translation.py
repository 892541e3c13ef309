"""From what solana-py, httpx and solders raise to our errors; the one place that knows theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
from solana.exceptions import SolanaRpcException
from solana.rpc.core import RPCException
from solders.rpc.errors import (
    InternalErrorMessage,
    InvalidParamsMessage,
    InvalidRequestMessage,
    MethodNotFoundMessage,
    MinContextSlotNotReachedMessage,
    NodeUnhealthyMessage,
    ParseErrorMessage,
    SendTransactionPreflightFailureMessage,
)

from chain.errors import (
    ChainError,
    EndpointFailed,
    EndpointTimeout,
    EndpointUnreachable,
    MalformedAnswer,
    RateLimited,
    RpcError,
    RpcRefused,
)
from chain.failures import failure

R = TypeVar("R")
T = TypeVar("T")

_TOO_MANY_REQUESTS = 429
_UNWELL = (NodeUnhealthyMessage, InternalErrorMessage, MinContextSlotNotReachedMessage)
_CODES: dict[type, int] = {
    ParseErrorMessage: -32700,
    InvalidRequestMessage: -32600,
    MethodNotFoundMessage: -32601,
    InvalidParamsMessage: -32602,
}


async def ask(
    endpoint: str, method: str, seconds: float, call: Callable[[], Awaitable[R]], take: Callable[[R], T]
) -> T:
    """What `take` makes of one call's answer, within `seconds` all told.

    Raises an RpcError that names the endpoint, or a TransactionError when a preflight failed.
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await call()
    except TimeoutError as error:
        raise EndpointTimeout(f"{endpoint} did not answer {method} within {seconds:g} s", endpoint) from error
    except SolanaRpcException as error:
        raise _transport(endpoint, method, seconds, error.__cause__) from error
    except httpx.HTTPError as error:
        # solana-py wraps it only where it reads the answer itself.
        raise _transport(endpoint, method, seconds, error) from error
    except RPCException as error:
        raise _refusal(endpoint, method, error.args[0] if error.args else error) from error
    except Exception as error:
        # solders raises SerdeJSONError, ValueError and others for answers that it cannot read.
        raise _malformed(endpoint, method, error) from error
    if isinstance(answer, int):
        # solders reads an error with a code that it does not know as the bare number.
        raise _unknown_code(endpoint, method, answer)
    try:
        return take(answer)
    except ChainError:
        raise
    except Exception as error:
        raise _malformed(endpoint, method, error) from error


def _transport(endpoint: str, method: str, seconds: float, cause: BaseException | None) -> RpcError:
    if isinstance(cause, httpx.HTTPStatusError):
        return _status(endpoint, method, cause.response)
    if isinstance(cause, httpx.TimeoutException):
        return EndpointTimeout(f"{endpoint} did not answer {method} within {seconds:g} s", endpoint)
    reason = str(cause) or type(cause).__name__
    return EndpointUnreachable(f"{endpoint} cannot be reached ({reason}): check the address and the network", endpoint)


def _status(endpoint: str, method: str, response: httpx.Response) -> RpcError:
    if response.status_code == _TOO_MANY_REQUESTS:
        return _limited(endpoint, method, _seconds(response.headers.get("Retry-After")))
    return EndpointFailed(f"{endpoint} answered {method} with HTTP {response.status_code}", endpoint)


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not worth a clock that may differ."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def _limited(endpoint: str, method: str, retry_after: float | None) -> RateLimited:
    words = f"{endpoint} refuses {method} for now, there were too many requests: use an endpoint with a higher limit"
    return RateLimited(words, endpoint, retry_after)


def _refusal(endpoint: str, method: str, error: object) -> ChainError:
    if isinstance(error, SendTransactionPreflightFailureMessage) and error.data.err is not None:
        return failure(error.data.err, error.data.logs or ())
    words = f"{endpoint} refused {method}: {str(getattr(error, 'message', error))[:300]}"
    if isinstance(error, _UNWELL):
        return EndpointFailed(words, endpoint)
    return RpcRefused(words, endpoint, _CODES.get(type(error)))


def _unknown_code(endpoint: str, method: str, code: int) -> RpcError:
    if code == _TOO_MANY_REQUESTS:
        return _limited(endpoint, method, None)
    return EndpointFailed(f"{endpoint} answered {method} with its own error {code}", endpoint)


def _malformed(endpoint: str, method: str, error: Exception) -> MalformedAnswer:
    reason = " ".join(str(error).split())[:200]
    return MalformedAnswer(
        f"{endpoint} answered {method} with something else ({reason}): is it a Solana RPC?", endpoint
    )
