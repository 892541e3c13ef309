"""Subscriptions: the same answers and notifications in shape, on both."""

import asyncio
import json
from typing import Any

import websockets
from solders.keypair import Keypair

from .cluster import Cluster
from .flows import CONFIRMED, SENDING, SOL, Payer, text
from .shapes import differences

_UNKNOWN = ("unknown, answered", "block, answered", "a call, answered")


async def _exchange(cluster: Cluster) -> dict[str, Any]:
    payer = await asyncio.to_thread(Payer, cluster)
    to = Keypair().pubkey()
    transaction = await asyncio.to_thread(payer.pay, to, SOL)
    signature = str(transaction.signatures[0])
    requests = {
        "account": ("accountSubscribe", [str(to), {"encoding": "base64"} | CONFIRMED]),
        "program": (
            "programSubscribe",
            ["1" * 32, {"encoding": "base64", "filters": [{"dataSize": 0}]} | CONFIRMED],
        ),
        "signature": ("signatureSubscribe", [signature, CONFIRMED]),
        "logs": ("logsSubscribe", [{"mentions": [str(to)]}, CONFIRMED]),
        "slot": ("slotSubscribe", []),
        "root": ("rootSubscribe", []),
    }
    wrong = {
        "unknown": ("moonSubscribe", []),
        "block": ("blockSubscribe", ["all"]),
        "a call": ("getSlot", []),
        "wrong address": ("accountSubscribe", ["x"]),
        "wrong signature": ("signatureSubscribe", ["x"]),
        "two mentions": ("logsSubscribe", [{"mentions": [str(to), str(to)]}]),
        "no such subscription": ("accountUnsubscribe", [10**9]),
    }
    seen: dict[str, Any] = {}
    async with websockets.connect(cluster.ws_url) as socket:
        names: dict[int, str] = {}
        for number, (name, (method, params)) in enumerate((requests | wrong).items()):
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
            answer = await _until(socket, seen, names, number)
            seen[f"{name}, answered"] = {key: answer[key] for key in ("result", "error") if key in answer}
            if name in requests:
                names[answer["result"]] = name
        await asyncio.to_thread(cluster.call, "sendTransaction", text(transaction), SENDING)
        async with asyncio.timeout(30):
            while not requests.keys() <= seen.keys():
                _file(json.loads(await socket.recv()), seen, names)
        slot = next(number for number, name in names.items() if name == "slot")
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": 99, "method": "slotUnsubscribe", "params": [slot]}))
        answer = await _until(socket, seen, names, 99)
        seen["unsubscribed"] = answer
    return seen


async def _until(socket: Any, seen: dict[str, Any], names: dict[int, str], number: int) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await socket.recv())
            if message.get("id") == number:
                return message
            _file(message, seen, names)


def _file(message: dict[str, Any], seen: dict[str, Any], names: dict[int, str]) -> None:
    name = names.get(message["params"]["subscription"])
    if name is not None:
        seen[name] = message


async def test_notifications_are_alike(localnet: Cluster, validator: Cluster) -> None:
    ours, theirs = await _exchange(localnet), await _exchange(validator)
    assert ours.keys() == theirs.keys()
    found = {name: differences(ours[name], theirs[name]) for name in theirs}
    assert {name: lines for name, lines in found.items() if lines} == {}
    codes = {name: (a["error"]["code"], theirs[name]["error"]["code"]) for name, a in ours.items() if "error" in a}
    assert all(one == other for one, other in codes.values()), codes
    words = {name: (ours[name]["error"]["message"], theirs[name]["error"]["message"]) for name in _UNKNOWN}
    assert all(one == other for one, other in words.values()), words
