"""From a request's bytes to an answer's bytes. Nothing that a client sends stops it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import cast

import orjson

from opinion_localnet.node import Node
from opinion_localnet.rpc import accounts, blocks, cluster, extras, fees, send, signatures, simulate, slots, tokens
from opinion_localnet.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
)
from opinion_localnet.rpc.params import Params
from opinion_localnet.rpc.registry import Method, MethodTable

_log = logging.getLogger(__name__)
# A small batch may ask for the same megabytes hundreds of times; memory must not follow.
MAX_BATCH_ANSWER_BYTES = 128 * 1024 * 1024
_FAMILIES = (accounts, blocks, cluster, extras, fees, send, signatures, simulate, slots, tokens)


def all_methods() -> Mapping[str, Method]:
    """Every method of the RPC by name."""
    table = MethodTable()
    for family in _FAMILIES:
        table.merge(family.TABLE)
    return table.methods


def parse(body: bytes | str) -> object:
    """The JSON of a request; raises RpcError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RpcError(PARSE_ERROR, "Parse error") from error


def error_answer(error: RpcError, identifier: object = None) -> dict[str, object]:
    """An error as an answer to the request `identifier`."""
    return {"jsonrpc": "2.0", "error": error.body(), "id": identifier}


def dump(answer: object) -> bytes:
    """An answer's bytes."""
    return orjson.dumps(answer)


class Dispatcher:
    """Answers requests out of a table of methods."""

    def __init__(self, node: Node, methods: Mapping[str, Method]) -> None:
        self._node = node
        self._methods = methods

    async def answer(self, body: bytes | str) -> bytes:
        """The answer to a request or a batch; empty if there is nothing to answer."""
        try:
            request = parse(body)
            if isinstance(request, list):
                return await self._batch(cast("list[object]", request))
            if not isinstance(request, dict):
                raise RpcError(PARSE_ERROR, "Parse error")
        except RpcError as error:
            return dump(error_answer(error))
        answer = await self._call(cast("dict[str, object]", request))
        return b"" if answer is None else dump(answer)

    async def _batch(self, requests: list[object]) -> bytes:
        if not all(isinstance(request, dict) for request in requests):
            return dump(error_answer(RpcError(PARSE_ERROR, "Parse error")))
        answers: list[bytes] = []
        size = 0
        for request in cast("list[dict[str, object]]", requests):
            if size > MAX_BATCH_ANSWER_BYTES:
                refused = RpcError(INTERNAL_ERROR, "The answers to this batch are too large together")
                answer: object = error_answer(refused, request.get("id"))
            else:
                answer = await self._call(request)
            if answer is not None:
                answers.append(dump(answer))
                size += len(answers[-1])
        return b"[" + b",".join(answers) + b"]" if answers else b""

    async def _call(self, request: dict[str, object]) -> dict[str, object] | None:
        """The answer to one call, or None if it is a notification."""
        identifier = request.get("id")
        try:
            check_request(request)
            if "id" not in request:
                return None
            result = await self._run(cast("str", request["method"]), request.get("params"))
            return {"jsonrpc": "2.0", "result": result, "id": identifier}
        except RpcError as error:
            # What cannot be parsed has no id to answer to.
            return error_answer(error, None if error.code == PARSE_ERROR else identifier)
        except BaseException as error:
            # A panic of the SVM is no Exception, but it is no reason to stop either.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            # The client learns nothing of our insides; the log has all.
            _log.exception("the method %r failed", request.get("method"))
            return error_answer(RpcError(INTERNAL_ERROR, "Internal error"), identifier)

    async def _run(self, name: str, params: object) -> object:
        method = self._methods.get(name)
        if method is None:
            raise RpcError(METHOD_NOT_FOUND, f"Method not found: {name[:100]}")
        return await method.handler(self._node, Params(positional(params, method)))


def check_request(request: Mapping[str, object]) -> None:
    """Raise RpcError unless `request` is a call of JSON-RPC 2.0."""
    identifier, params = request.get("id"), request.get("params")
    if isinstance(identifier, (float, bool, list, dict)):
        raise RpcError(PARSE_ERROR, "Parse error")
    if "jsonrpc" not in request and "method" in request:
        raise RpcError(INVALID_REQUEST, "Unsupported JSON-RPC protocol version")
    is_call = request.get("jsonrpc") == "2.0" and isinstance(request.get("method"), str)
    if not is_call or not (params is None or isinstance(params, (list, dict))):
        raise RpcError(INVALID_REQUEST, "Invalid request")


def positional(params: object, method: Method) -> list[object]:
    """`params` as a list of as many values as `method` takes; raises RpcError."""
    if params is None:
        values: list[object] = []
    elif method.most == 0 and params != []:
        raise RpcError(INVALID_PARAMS, "Invalid parameters: No parameters were expected", f"{params}"[:200])
    elif isinstance(params, list):
        values = cast("list[object]", params)
    else:
        raise RpcError(INVALID_PARAMS, "`params` should be an array")
    if len(values) < method.required:
        raise RpcError(INVALID_PARAMS, f"`params` should have at least {method.required} argument(s)")
    if len(values) > method.most:
        expected = f"Expected from {method.required} to {method.most} parameters."
        raise RpcError(INVALID_PARAMS, f"Invalid parameters: {expected}", f'"Got: {len(values)}"')
    return values
