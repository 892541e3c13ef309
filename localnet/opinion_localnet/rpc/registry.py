"""Which methods there are, and how many parameters each takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from opinion_localnet.node import Node
from opinion_localnet.rpc.params import Params

Handler: TypeAlias = Callable[[Node, Params], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the RPC."""

    handler: Handler
    required: int
    most: int


class MethodTable:
    """Methods by name."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def method(self, name: str, required: int = 0, most: int = 0) -> Callable[[Handler], Handler]:
        """Register the decorated handler as `name`, taking `required` to `most` parameters."""

        def register(handler: Handler) -> Handler:
            self.methods[name] = Method(handler, required, most)
            return handler

        return register

    def merge(self, other: MethodTable) -> None:
        """Take over the methods of `other`."""
        self.methods.update(other.methods)
