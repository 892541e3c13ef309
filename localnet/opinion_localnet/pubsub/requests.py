"""Reading subscription requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from opinion_localnet.pubsub.subscriptions import (
    AccountWanted,
    LogsWanted,
    ProgramWanted,
    RootWanted,
    SignatureWanted,
    SlotUpdatesWanted,
    SlotWanted,
    Wanted,
)
from opinion_localnet.rpc.errors import invalid_params
from opinion_localnet.rpc.filters import parse_filters
from opinion_localnet.rpc.params import Params, as_pubkey, wrong_type


def _account(params: Params) -> Wanted:
    address, config = params.pubkey(0), params.config(1)
    return AccountWanted(address, config, config.commitment(), config.encoding("binary"))


def _program(params: Params) -> Wanted:
    program, config = params.pubkey(0), params.config(1)
    keep = parse_filters(config.get("filters"))
    return ProgramWanted(program, keep, config, config.commitment(), config.encoding("binary"))


def _signature(params: Params) -> Wanted:
    signature, config = params.signature(0), params.config(1)
    return SignatureWanted(signature, config.commitment(), config.flag("enableReceivedNotification"))


def _logs(params: Params) -> Wanted:
    wanted, config = params.get(0), params.config(1)
    if wanted in ("all", "allWithVotes"):
        return LogsWanted(None, config.commitment())
    members = cast("dict[str, object]", wanted) if isinstance(wanted, dict) else {}
    if set(members) != {"mentions"}:
        raise wrong_type(params.get(0), "enum RpcTransactionLogsFilter")
    mentions = Params([members["mentions"]]).texts(0, 2**32)
    if len(mentions) != 1:
        raise invalid_params("Invalid Request: Only 1 address supported")
    return LogsWanted(str(as_pubkey(mentions[0])), config.commitment())


def _slot(params: Params) -> Wanted:
    return SlotWanted()


def _root(params: Params) -> Wanted:
    return RootWanted()


def _slot_updates(params: Params) -> Wanted:
    return SlotUpdatesWanted()


# name: (reader, required, most)
SUBSCRIBE: dict[str, tuple[Callable[[Params], Wanted], int, int]] = {
    "accountSubscribe": (_account, 1, 2),
    "programSubscribe": (_program, 1, 2),
    "signatureSubscribe": (_signature, 1, 2),
    "logsSubscribe": (_logs, 1, 2),
    "slotSubscribe": (_slot, 0, 0),
    "rootSubscribe": (_root, 0, 0),
    "slotsUpdatesSubscribe": (_slot_updates, 0, 0),
}
UNSUBSCRIBE = frozenset(name.replace("Subscribe", "Unsubscribe") for name in SUBSCRIBE)
