"""Subscriptions tell what happened, once, at the commitment asked for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from solders.keypair import Keypair

from .process import Localnet
from .wallet import SOL, Wallet, transfer_of


class Subscriber:
    """A WebSocket client that keeps notifications by subscription."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._next = 0
        self._notifications: dict[int, list[Any]] = {}

    async def call(self, method: str, *params: Any) -> dict[str, Any]:
        self._next += 1
        await self._socket.send_json({"jsonrpc": "2.0", "id": self._next, "method": method, "params": list(params)})
        while True:
            message = await self._receive()
            if message.get("id") == self._next:
                return message

    async def subscribe(self, kind: str, *params: Any) -> int:
        return (await self.call(f"{kind}Subscribe", *params))["result"]

    async def next(self, subscription: int) -> Any:
        while not self._notifications.get(subscription):
            await self._receive()
        return self._notifications[subscription].pop(0)

    async def _receive(self) -> dict[str, Any]:
        message = await self._socket.receive_json(timeout=15)
        if "params" in message:
            self._notifications.setdefault(message["params"]["subscription"], []).append(message["params"]["result"])
        return message


@pytest.fixture
async def subscriber(node: Localnet) -> AsyncIterator[Subscriber]:
    async with aiohttp.ClientSession() as session, session.ws_connect(node.ws_url) as socket:
        yield Subscriber(socket)


def payment(wallet: Wallet, to: Keypair) -> tuple[str, Any]:
    transaction = wallet.pay(to.pubkey(), SOL)
    return str(transaction.signatures[0]), transaction


@pytest.mark.parametrize("commitment", ["processed", "confirmed", "finalized"])
async def test_a_signature_is_told_once(
    node: Localnet, wallet: Wallet, subscriber: Subscriber, commitment: str
) -> None:
    signature, transaction = await asyncio.to_thread(payment, wallet, Keypair())
    config = {"commitment": commitment, "enableReceivedNotification": True}
    subscription = await subscriber.subscribe("signature", signature, config)
    await asyncio.to_thread(wallet.send, transaction)
    assert (await subscriber.next(subscription))["value"] == "receivedSignature"
    assert (await subscriber.next(subscription))["value"] == {"err": None}
    # It is over: nothing is left to unsubscribe from in the hub.
    status = await asyncio.to_thread(node.call, "getSignatureStatuses", [signature])
    order = ["processed", "confirmed", "finalized"]
    assert order.index(status["value"][0]["confirmationStatus"]) >= order.index(commitment)


async def test_a_signature_that_landed_before_is_told_at_once(
    node: Localnet, wallet: Wallet, subscriber: Subscriber
) -> None:
    move = transfer_of(wallet.address, Keypair().pubkey(), SOL)
    signature = await asyncio.to_thread(wallet.run, [move])
    subscription = await subscriber.subscribe("signature", signature, {"commitment": "confirmed"})
    assert (await subscriber.next(subscription))["value"] == {"err": None}


async def test_a_failure_is_told_with_its_error(wallet: Wallet, subscriber: Subscriber) -> None:
    transaction = await asyncio.to_thread(wallet.pay, Keypair().pubkey(), 10**9 * SOL)
    signature = str(transaction.signatures[0])
    subscription = await subscriber.subscribe("signature", signature, {"commitment": "confirmed"})
    await asyncio.to_thread(lambda: wallet.send(transaction, skipPreflight=True))
    notification = await subscriber.next(subscription)
    assert notification["value"] == {"err": {"InstructionError": [0, {"Custom": 1}]}}


@pytest.mark.parametrize("commitment", ["processed", "confirmed", "finalized"])
async def test_an_account_is_told_when_it_changes(wallet: Wallet, subscriber: Subscriber, commitment: str) -> None:
    to = Keypair()
    config = {"encoding": "base64", "commitment": commitment}
    subscription = await subscriber.subscribe("account", str(to.pubkey()), config)
    await asyncio.to_thread(wallet.run, [transfer_of(wallet.address, to.pubkey(), SOL)])
    value = (await subscriber.next(subscription))["value"]
    assert value["lamports"] == SOL
    assert value["data"] == ["", "base64"]


async def test_a_closed_account_is_told_as_empty(wallet: Wallet, subscriber: Subscriber, node: Localnet) -> None:
    other = await asyncio.to_thread(Wallet, node, 1)
    subscription = await subscriber.subscribe("account", str(other.address), {"commitment": "confirmed"})
    await asyncio.to_thread(other.run, [transfer_of(other.address, wallet.address, SOL - 5000)])
    assert (await subscriber.next(subscription))["value"]["lamports"] == 0


async def test_a_program_is_told_through_its_filters(subscriber: Subscriber, node: Localnet) -> None:
    from opinion_localnet.addresses import TOKEN_PROGRAM, USDC_MINT, associated_token_address

    owner = Keypair().pubkey()
    filters = [{"dataSize": 165}, {"memcmp": {"offset": 32, "bytes": str(owner)}}]
    config = {"encoding": "jsonParsed", "commitment": "confirmed", "filters": filters}
    subscription = await subscriber.subscribe("program", str(TOKEN_PROGRAM), config)
    await asyncio.to_thread(node.call, "localnet_faucetUsdc", str(Keypair().pubkey()), 1)
    await asyncio.to_thread(node.call, "localnet_faucetUsdc", str(owner), 7)
    value = (await subscriber.next(subscription))["value"]
    assert value["pubkey"] == str(associated_token_address(owner, USDC_MINT))
    assert value["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"] == "7"


async def test_logs_are_told_to_whoever_is_mentioned(wallet: Wallet, subscriber: Subscriber) -> None:
    to = Keypair()
    mentioned = {"mentions": [str(to.pubkey())]}
    subscription = await subscriber.subscribe("logs", mentioned, {"commitment": "confirmed"})
    everything = await subscriber.subscribe("logs", "all", {"commitment": "confirmed"})
    move = transfer_of(wallet.address, to.pubkey(), SOL)
    signature = await asyncio.to_thread(wallet.run, [move])
    value = (await subscriber.next(subscription))["value"]
    assert value["signature"] == signature
    assert value["logs"][-1].endswith("success")
    assert (await subscriber.next(everything))["value"]["signature"]


async def test_slots_and_roots_are_told_in_order(subscriber: Subscriber) -> None:
    slots = await subscriber.subscribe("slot")
    roots = await subscriber.subscribe("root")
    first, second = await subscriber.next(slots), await subscriber.next(slots)
    assert second["slot"] == first["slot"] + 1 == second["parent"] + 1
    assert await subscriber.next(roots) < await subscriber.next(roots)


async def test_unsubscribing_ends_it(subscriber: Subscriber) -> None:
    subscription = await subscriber.subscribe("slot")
    assert (await subscriber.call("slotUnsubscribe", subscription))["result"] is True
    refused = await subscriber.call("slotUnsubscribe", subscription)
    assert refused["error"] == {"code": -32602, "message": "Invalid subscription id."}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("moonSubscribe", [], -32601),
        ("blockSubscribe", ["all"], -32601),
        ("getSlot", [], -32601),
        ("accountSubscribe", [], -32602),
        ("accountSubscribe", ["x"], -32602),
        ("signatureSubscribe", ["x"], -32602),
        ("logsSubscribe", [{"mentions": []}], -32602),
        ("programSubscribe", ["1" * 32, {"filters": [{}]}], -32602),
    ],
)
async def test_a_wrong_subscription_is_refused(
    subscriber: Subscriber, method: str, params: list[Any], code: int
) -> None:
    assert (await subscriber.call(method, *params))["error"]["code"] == code
