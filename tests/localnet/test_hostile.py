"""Nothing that a client sends, or does not read, stops the node."""

import asyncio
import base64
import json
import random
import socket
import time

import aiohttp
import pytest
from solders.keypair import Keypair

from opinion_localnet.rpc import dispatch
from opinion_localnet.rpc.registry import MethodTable

from .process import Localnet, RpcFailureError
from .wallet import SOL, Wallet

DEEP = b"[" * 40_000


@pytest.mark.parametrize(
    ("body", "code", "identifier"),
    [
        (b"", -32700, None),
        (b"{", -32700, None),
        (b"\xff\xfe", -32700, None),
        (DEEP, -32700, None),
        (b"5", -32700, None),
        (b"{}", -32600, None),
        (b'{"jsonrpc":"1.0","id":3,"method":"getSlot"}', -32600, 3),
        (b'{"id":3,"method":"getSlot"}', -32600, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":7}', -32600, 3),
        (b'{"jsonrpc":"2.0","id":[],"method":"getSlot"}', -32700, None),
        (b'{"jsonrpc":"2.0","id":3,"method":"getSlot","params":"x"}', -32600, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":"getSlot","params":{}}', -32602, 3),
        (b'{"jsonrpc":"2.0","id":"a","method":"getSlots"}', -32601, "a"),
        (b'{"jsonrpc":"2.0","id":3,"method":"getSlot","params":[1,2,3]}', -32602, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":"getSlot","params":[[]]}', -32602, 3),
        (b'[{"jsonrpc":"2.0","id":3,"method":"getSlot"},7]', -32700, None),
    ],
)
def test_a_malformed_request_gets_its_error(node: Localnet, body: bytes, code: int, identifier: object) -> None:
    status, answer = node.post(body)
    content = json.loads(answer)
    assert status == 200
    assert content["error"]["code"] == code
    assert content["id"] == identifier


def test_an_unknown_method_is_refused_by_name(node: Localnet) -> None:
    with pytest.raises(RpcFailureError) as refused:
        node.call("getMoon")
    assert refused.value.code == -32601
    assert "getMoon" in refused.value.message


@pytest.mark.parametrize("first", [2**63 - 1, 2**63, 2**64 - 1])
def test_numbers_that_sqlite_cannot_hold_find_nothing(node: Localnet, first: int) -> None:
    assert node.call("getBlocksWithLimit", first, 5) == []
    assert node.call("getBlocks", first, first) == []
    for method in ("getBlock", "getBlockTime"):
        assert node.answer(method, first)["error"]["code"] == -32004


def test_a_batch_is_answered_in_order(node: Localnet) -> None:
    calls = [{"jsonrpc": "2.0", "id": n, "method": m} for n, m in enumerate(("getHealth", "getMoon", "getSlot"))]
    notification = {"jsonrpc": "2.0", "method": "getSlot"}
    answers = json.loads(node.post(json.dumps([*calls, notification]).encode())[1])
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert ["error" in answer for answer in answers] == [False, True, False]
    assert node.post(b"[]") == (200, b"")
    assert node.post(json.dumps(notification).encode()) == (200, b"")


async def test_a_batch_cannot_ask_for_more_than_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MAX_BATCH_ANSWER_BYTES", 1_000)
    table = MethodTable()

    @table.method("large")
    async def large(node: object, params: object) -> object:
        return "x" * 600

    dispatcher = dispatch.Dispatcher(None, table.methods)  # type: ignore[arg-type]
    calls = [{"jsonrpc": "2.0", "id": number, "method": "large"} for number in range(50)]
    answers = json.loads(await dispatcher.answer(json.dumps(calls)))
    assert [answer["id"] for answer in answers] == list(range(50))
    assert sum("result" in answer for answer in answers) == 2


def test_a_huge_body_is_refused(node: Localnet) -> None:
    assert node.post(b" " * 60_000)[0] == 413
    assert node.call("getHealth") == "ok"


def test_an_endless_body_is_cut_off(node: Localnet) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as client:
        head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode())
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _send_for(client, chunk, 10)
    assert node.call("getHealth") == "ok"


def _send_for(client: socket.socket, chunk: bytes, seconds: float) -> None:
    """By the clock: how much fits into the second that the node reads on depends on the machine."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client.sendall(chunk)


def test_other_content_types_and_verbs_are_refused(node: Localnet) -> None:
    assert node.post(b'{"jsonrpc":"2.0","id":1,"method":"getHealth"}', "text/plain")[0] == 415


def test_random_requests_never_stop_it(node: Localnet) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    methods = [*_methods(), "accountSubscribe", "x" * 5000]
    calls = [
        {"jsonrpc": "2.0", "id": n, "method": generator.choice(methods), "params": _params(generator)}
        for n in range(3000)
    ]
    for at in range(0, len(calls), 50):
        status, answer = node.post(json.dumps(calls[at : at + 50]).encode())
        if status == 413:
            continue
        errors = [one["error"] for one in json.loads(answer) if "error" in one]
        assert all(error["code"] != -32603 for error in errors), errors
    assert node.call("getHealth") == "ok"


def _methods() -> list[str]:
    # A warp of a random distance is a valid request that the other tests would feel.
    return sorted(set(dispatch.all_methods()) - {"localnet_warp"})


def _params(generator: random.Random) -> list[object]:
    values: list[object] = [
        None, True, -1, 0, 5, 2**64 - 1, 2**63, 1.5, "", "x", "1" * 32, "1" * 64, "AAAA", "!" * 90, [], {},
        ["1" * 32], [None], [[]], {"commitment": "processed"}, {"encoding": "base64"}, {"encoding": "jsonParsed"},
        {"encoding": 5}, {"filters": [{"memcmp": {"offset": 2**64 - 1, "bytes": "1"}}]}, {"filters": "x"},
        {"filters": [{"memcmp": {"offset": 0, "bytes": [1, "2"]}}]}, {"dataSlice": {"offset": 2**64 - 1, "length": 1}},
        {"mint": "1" * 32}, {"programId": 5}, {"minContextSlot": "x"}, {"limit": 5}, {"before": "1" * 64},
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "SysvarC1ock11111111111111111111111111111111",
        "So11111111111111111111111111111111111111112",
    ]  # fmt: skip
    return [generator.choice(values) for _ in range(generator.randrange(4))]


def test_random_transactions_never_stop_it(node: Localnet, wallet: Wallet) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    valid = bytes(wallet.pay(Keypair().pubkey(), SOL))
    for _ in range(400):
        wire = bytearray(valid)
        for _ in range(generator.randint(1, 4)):
            wire[generator.randrange(65, len(wire))] = generator.choice([0, 1, 2, 127, 128, 255])
        method = generator.choice(["sendTransaction", "simulateTransaction"])
        config = {"encoding": "base64", "skipPreflight": generator.random() < 0.5}
        answer = node.answer(method, base64.b64encode(wire).decode(), config)
        assert answer.get("error", {}).get("code") in (None, -32602, -32002)
    assert node.call("getHealth") == "ok"


SLOTS = b'{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"}'


async def _raw_subscriber(node: Localnet, subscriptions: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket by hand, so that it can behave as no library would."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port + 1, limit=1024)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    # A masked frame, with a mask of zeros.
    writer.write((bytes([0x81, 0x80 | len(SLOTS)]) + bytes(4) + SLOTS) * subscriptions)
    await writer.drain()
    return reader, writer


async def test_a_subscriber_that_never_reads_is_cut_off(node: Localnet) -> None:
    # 2,000 notifications a slot pile up until the node has had enough.
    _, writer = await _raw_subscriber(node, 2_000)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(_ping_forever(writer), 20)
    writer.transport.abort()
    assert await asyncio.to_thread(node.call, "getHealth") == "ok"


async def _ping_forever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes([0x89, 0x80]) + bytes(4))
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_subscribers_that_vanish_are_forgotten(node: Localnet) -> None:
    for _ in range(50):
        reader, writer = await _raw_subscriber(node, 3)
        await reader.readexactly(10)
        writer.transport.abort()
    assert await asyncio.to_thread(node.call, "getHealth") == "ok"


async def test_ten_thousand_accounts_do_not_stall_other_requests(node: Localnet) -> None:
    owner = await asyncio.to_thread(_many_token_accounts, node, 10_000)
    program = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
    config = {"encoding": "base64", "commitment": "processed"}
    scan = {"jsonrpc": "2.0", "id": 1, "method": "getProgramAccounts", "params": [program, config]}
    probe = {"jsonrpc": "2.0", "id": 1, "method": "getSlot"}
    assert owner
    async with aiohttp.ClientSession() as session:
        scanning = asyncio.create_task(_post(session, node.url, scan))
        answered = 0
        while not scanning.done():
            await _post(session, node.url, probe)
            answered += 1
        assert len((await scanning)["result"]) >= 10_000
    # A node that stalls answers the first when the scan ends. How many there are is told, and no time: machines differ.
    assert answered >= 5


async def _post(session: aiohttp.ClientSession, url: str, body: object) -> dict:
    async with session.post(url, json=body) as answer:
        return await answer.json()


def _many_token_accounts(node: Localnet, count: int) -> str:
    """Make token accounts by one faucet call each, in batches."""
    calls = [
        {"jsonrpc": "2.0", "id": n, "method": "localnet_faucetUsdc", "params": [str(Keypair().pubkey()), 1]}
        for n in range(count)
    ]
    for at in range(0, count, 250):
        status, answer = node.post(json.dumps(calls[at : at + 250]).encode())
        assert status == 200
        assert all("result" in one for one in json.loads(answer))
    return calls[-1]["params"][0]  # type: ignore[index,return-value]
