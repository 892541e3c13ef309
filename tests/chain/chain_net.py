# ruff: noqa: S310 - only http to our own node.
"""A localnet for one test, and what every test asks of it."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.journal import SqliteJournal
from chain.rpc import Rpc
from chain.sender import Pace, Sender, Sent
from chain.signers import KeypairSigner
from chain.token import associated_address
from chain.units import Lamports
from tests.ports import free_port_pair

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "localnet" / ".venv" / "bin" / "python"
BUILT = ROOT / "programs" / "built"
START_SECONDS = 30


class Node:
    """A localnet that answers, and a sender to it."""

    def __init__(self, url: str, rpc: Rpc, sender: Sender) -> None:
        self.url = url
        self.rpc = rpc
        self.sender = sender
        self.mint = Pubkey.from_string(self.ask("localnet_info")["usdcMint"])
        self.intents = 0

    def ask(self, method: str, *params: object) -> Any:
        """A method of the localnet's own."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["result"]

    async def send(self, wanted: Sequence[Instruction], payer: KeypairSigner, *signers: KeypairSigner) -> Sent:
        """Sends under an intent of its own."""
        self.intents += 1
        return await self.sender.send(f"test {self.intents}", wanted, payer, signers)

    async def fund(self, signer: KeypairSigner, usdc: int = 0) -> None:
        """SOL for fees, and USDC."""
        await self.rpc.airdrop(signer.public_key, Lamports(10**9))
        if usdc:
            self.ask("localnet_faucetUsdc", str(signer.public_key), usdc)
        async with asyncio.timeout(20):
            while await self.rpc.balance(signer.public_key) < 10**9 or (  # noqa: ASYNC110 - the chain tells nobody
                usdc and await self.rpc.account(associated_address(signer.public_key, self.mint)) is None
            ):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(folder: Path, programs: Sequence[tuple[Pubkey, Path, Pubkey]]) -> AsyncIterator[Node]:
    """A localnet with these programs at genesis: address, file, and who may upgrade it."""
    url = f"http://127.0.0.1:{(port := free_port_pair())}"
    command = [str(PYTHON), "-m", "opinion_localnet", "--ledger", str(folder / "ledger"), "--rpc-port", str(port)]
    command += ["--slot-ms", "40", "--quiet"]
    for address, file, authority in programs:
        command += ["--upgradeable-program", str(address), str(file), str(authority)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        await asyncio.to_thread(wait_for, url)
        journal = SqliteJournal(folder / "journal.sqlite")
        async with Rpc([url]) as rpc:
            yield Node(url, rpc, Sender(rpc, journal, pace=Pace(look=0.05, resend=1, give_up=60)))
        journal.close()
    finally:
        process.terminate()
        await process.wait()


def wait_for(url: str) -> None:
    """Until the node answers."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getHealth"}).encode()
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=5
            ):
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "the localnet did not start"
            time.sleep(0.1)
