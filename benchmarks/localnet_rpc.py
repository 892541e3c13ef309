"""How fast the localnet takes transfers over HTTP from one client, and how quickly it answers reads meanwhile.

Run with `python -m benchmarks.localnet_rpc`. Agave's solana-test-validator, when it is on PATH, is measured in the same
run. Each is measured twice: by a client that sends as fast as it can, and by one that sends at twice the goal's rate.
Exits 1 if the localnet takes fewer than 500 transfers a second, loses one, or at twice that rate answers reads in more
than 50 ms at the 99th percentile.
"""

import asyncio
import base64
import json
import random
import shutil
import socket
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

ROOT = Path(__file__).resolve().parent.parent
TRANSFERS = 4_000
SENDERS = 8
READERS = 4
READ_PAUSE_S = 0.01
TOKEN_ACCOUNTS = 10_000
SCANS = 10
GOAL_TRANSFERS_PER_S = 500
PACE_PER_S = 2 * GOAL_TRANSFERS_PER_S
GOAL_READ_P99_MS = 50
SOL = 10**9
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105
CONFIRMED = {"commitment": "confirmed"}


class Connection:
    """One HTTP/1.1 connection, kept open; so thin that the client does not become what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one call; raises RuntimeError with the error's message."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = json.loads(await self._body())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    async def _body(self) -> bytes:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "content-length:" in head:
            return await self._reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        chunks: list[bytes] = []
        while size := int(await self._reader.readline(), 16):
            chunks.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(chunks)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """`count` connections to a node."""
    streams = [await asyncio.open_connection("127.0.0.1", port, limit=2**26) for _ in range(count)]
    connections = [Connection(*stream) for stream in streams]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


@dataclass(frozen=True)
class Figures:
    """What one node did."""

    name: str
    transfers_per_s: float
    landed: int
    read_ms: Sequence[float]
    send_ms: Sequence[float]
    # Reads while one client fetched all accounts of a program with 10,000; None where that was not measured.
    scan_read_ms: Sequence[float] | None = None


def p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


async def measure(name: str, port: int, pace: float | None = None) -> Figures:
    """Send every transfer, `pace` a second or as fast as the node takes them, reading all the while."""
    async with connected(port, SENDERS + READERS) as connections:
        senders, readers = connections[:SENDERS], connections[SENDERS:]
        keys = [await funded(readers[0]) for _ in range(SENDERS)]
        texts = await signed_transfers(readers[0], keys)
        signatures: list[str] = []
        send_ms: list[float] = []
        read_ms: list[float] = []
        reading = [asyncio.create_task(read(reader, str(keys[0].pubkey()), read_ms)) for reader in readers]
        started = time.perf_counter()
        shares = [texts[at::SENDERS] for at in range(SENDERS)]
        work = zip(senders, shares, strict=True)
        await asyncio.gather(*(send(sender, share, signatures, send_ms, pace) for sender, share in work))
        elapsed = time.perf_counter() - started
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    async with connected(port, 1) as (checker,):
        landed = await count_landed(checker, signatures)
    return Figures(name, len(texts) / elapsed, landed, read_ms, send_ms)


async def funded(connection: Connection) -> Keypair:
    """A key with money."""
    key = Keypair()
    signature = await connection.call("requestAirdrop", str(key.pubkey()), 100 * SOL)
    await count_landed(connection, [signature])
    return key


async def signed_transfers(connection: Connection, keys: Sequence[Keypair]) -> list[str]:
    """Signed before the clock starts: signing is the client's work."""
    latest = await connection.call("getLatestBlockhash", CONFIRMED)
    blockhash = Hash.from_string(latest["value"]["blockhash"])
    to = Keypair().pubkey()
    texts: list[str] = []
    for number in range(TRANSFERS):
        key = keys[number % len(keys)]
        move = transfer(TransferParams(from_pubkey=key.pubkey(), to_pubkey=to, lamports=SOL // 100 + number))
        message = Message.new_with_blockhash([move], key.pubkey(), blockhash)
        texts.append(base64.b64encode(bytes(VersionedTransaction(message, [key]))).decode())
    return texts


async def send(
    connection: Connection, texts: Sequence[str], signatures: list[str], spent: list[float], pace: float | None
) -> None:
    """Send one after the other, with preflight, as clients do; `pace` is that of all senders together."""
    begun = time.perf_counter()
    config = {"encoding": "base64", "preflightCommitment": "confirmed"}
    for number, text in enumerate(texts):
        if pace is not None:
            await asyncio.sleep(begun + number * SENDERS / pace - time.perf_counter())
        started = time.perf_counter()
        signatures.append(await connection.call("sendTransaction", text, config))
        spent.append((time.perf_counter() - started) * 1000)


async def read(connection: Connection, address: str, spent: list[float]) -> None:
    """Read what a wallet reads, a hundred times a second, until cancelled."""
    calls = [
        ("getBalance", [address, CONFIRMED]),
        ("getLatestBlockhash", [CONFIRMED]),
        ("getAccountInfo", [address, {"encoding": "base64"} | CONFIRMED]),
        ("getSignatureStatuses", [["1" * 64]]),
        ("getSignaturesForAddress", [address, {"limit": 10} | CONFIRMED]),
    ]
    while True:
        method, params = random.choice(calls)
        started = time.perf_counter()
        await connection.call(method, *params)
        spent.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(READ_PAUSE_S)


async def count_landed(connection: Connection, signatures: Sequence[str], seconds: float = 30) -> int:
    """How many of `signatures` are confirmed, waiting for all."""
    missing = list(signatures)
    deadline = time.monotonic() + seconds
    while missing and time.monotonic() < deadline:
        left: list[str] = []
        for at in range(0, len(missing), 256):
            part = missing[at : at + 256]
            statuses = (await connection.call("getSignatureStatuses", part))["value"]
            left += [s for s, status in zip(part, statuses, strict=True) if not is_settled(status)]
        missing = left
        await asyncio.sleep(0.05)
    return len(signatures) - len(missing)


def is_settled(status: dict[str, Any] | None) -> bool:
    """Whether a status is that of a confirmed success."""
    return bool(status) and status["confirmationStatus"] != "processed" and status["err"] is None


async def measure_scan(port: int) -> list[float]:
    """Reads of one client while another fetches 10,000 accounts, in milliseconds."""
    async with connected(port, 2) as (scanner, reader):
        for _ in range(TOKEN_ACCOUNTS):
            await scanner.call("localnet_faucetUsdc", str(Keypair().pubkey()), 1)
        spent: list[float] = []
        reading = asyncio.create_task(read(reader, str(Keypair().pubkey()), spent))
        # A process of its own reads the megabytes, or this one's parsing would be measured.
        for _ in range(SCANS):
            await scan_in_another_process(port)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return spent


async def scan_in_another_process(port: int) -> None:
    """Fetch all token accounts, and throw them away."""
    config = {"encoding": "base64", "commitment": "processed"}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getProgramAccounts", "params": [TOKEN_PROGRAM, config]})
    code = (
        "import sys, urllib.request as u; r = u.Request(sys.argv[1], sys.argv[2].encode(),"
        " {'Content-Type': 'application/json'}); print(len(u.urlopen(r).read()))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, f"http://127.0.0.1:{port}", body, stdout=PIPE
    )
    out, _ = await process.communicate()
    if int(out) < TOKEN_ACCOUNTS * 200:
        raise RuntimeError("the scan did not return every account")


def free_port() -> int:
    """A port that is free, and probably the next one too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def running(command: Sequence[str], port: int) -> AsyncIterator[None]:
    """A node in a process of its own, once it answers."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *command, "--ledger", f"{folder}/ledger", "--rpc-port", str(port), "--quiet", stdout=DEVNULL, cwd=folder
        )
        try:
            await until_up(port)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def until_up(port: int) -> None:
    """Return once the node has confirmed a few slots."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            async with connected(port, 1) as (connection,):
                if await connection.call("getSlot", CONFIRMED) > 2:
                    return
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.2)
    raise RuntimeError("the node did not start")


async def measure_localnet() -> list[Figures]:
    """Figures of the localnet."""
    port = free_port()
    async with running([str(ROOT / "localnet/.venv/bin/python"), "-m", "opinion_localnet"], port):
        figures = await measure("localnet", port)
        paced = await measure(f"localnet at {PACE_PER_S}/s", port, PACE_PER_S)
        scan = await measure_scan(port)
    return [Figures(**(vars(figures) | {"scan_read_ms": scan})), paced]


async def measure_validator(program: str) -> list[Figures]:
    """Figures of the peer."""
    port, first = free_port(), random.randrange(12_000, 30_000, 40)
    ports = ["--faucet-port", str(free_port()), "--gossip-port", str(first)]
    ports += ["--dynamic-port-range", f"{first + 1}-{first + 40}"]
    async with running([program, "--bind-address", "127.0.0.1", *ports], port):
        name = "solana-test-validator"
        return [await measure(name, port), await measure(f"validator at {PACE_PER_S}/s", port, PACE_PER_S)]


def print_table(rows: Sequence[Figures]) -> None:
    """The figures, a line a node."""
    print(f"{TRANSFERS} transfers, {SENDERS} connections of one client; {READERS} more read meanwhile")
    print(f"{'':22} {'transfers/s':>11} {'landed':>7} {'send p50':>9} {'send p99':>9} {'read p50':>9} {'read p99':>9}")
    for row in rows:
        sends = f"{statistics.median(row.send_ms):7.1f}ms {p99(row.send_ms):7.1f}ms"
        reads = f"{statistics.median(row.read_ms):7.1f}ms {p99(row.read_ms):7.1f}ms"
        print(f"{row.name:22} {row.transfers_per_s:11.0f} {row.landed:7} {sends} {reads}")
    for row in rows:
        if row.scan_read_ms:
            spent = row.scan_read_ms
            print(
                f"{row.name}: reads while {TOKEN_ACCOUNTS} accounts are fetched {SCANS} times: "
                f"p50 {statistics.median(spent):.1f} ms, p99 {p99(spent):.1f} ms, most {max(spent):.1f} ms"
            )


async def main() -> int:
    """Measure, print, judge."""
    ours, paced = rows = await measure_localnet()
    validator = shutil.which("solana-test-validator")
    if validator:
        rows += await measure_validator(validator)
    print_table(rows)
    if not validator:
        print("solana-test-validator is not on PATH, so there is no peer in this run")
    fast = ours.transfers_per_s >= GOAL_TRANSFERS_PER_S and p99(paced.read_ms) <= GOAL_READ_P99_MS
    verdict = "met" if fast and ours.landed == paced.landed == TRANSFERS else "missed"
    print(f"goal of {GOAL_TRANSFERS_PER_S} transfers/s with reads under {GOAL_READ_P99_MS} ms at p99: {verdict}")
    return 0 if verdict == "met" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
