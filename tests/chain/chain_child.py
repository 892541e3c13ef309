"""What the sender's tests run in a process of its own, to kill it, and what both sides must agree on."""

import asyncio
import sys
from pathlib import Path

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair

from chain.constants import PROGRAM_ID
from chain.journal import Attempt, SqliteJournal
from chain.rpc import Rpc
from chain.sender import Pace, Sender
from chain.signers import KeypairSigner
from chain.units import BlockHeight

PAYER = KeypairSigner(Keypair.from_seed(bytes([1]) * 32))
QUICK = Pace(look=0.02, resend=0.05, give_up=4.0)


def instruction(payload: bytes = b"pay once") -> Instruction:
    """Something that must happen once."""
    return Instruction(PROGRAM_ID, payload, [AccountMeta(PAYER.public_key, is_signer=True, is_writable=True)])


def attempt(intent: str, number: int) -> Attempt:
    """An attempt with a signature of its own."""
    signature = Keypair.from_seed(bytes(32)).sign_message(f"{intent}{number}".encode())
    height = BlockHeight(9)
    return Attempt(intent=intent, number=number, signature=signature, wire=bytes(300), last_valid_block_height=height)


async def send(url: str, path: Path) -> None:
    """Sends one intent; the test kills us before the answer."""
    async with Rpc([url], timeout=5) as rpc:
        await Sender(rpc, SqliteJournal(path), pace=QUICK, blockhash_life=100_000).send("a", [instruction()], PAYER)


async def write(path: Path) -> None:
    """Journals without end, telling each signature once it is written."""
    journal = SqliteJournal(path)
    for n in range(100_000):
        await journal.record(attempt(f"intent {n}", 1))
        print(attempt(f"intent {n}", 1).signature, flush=True)


def main() -> None:
    """`send URL JOURNAL` or `write JOURNAL`."""
    if sys.argv[1] == "write":
        asyncio.run(write(Path(sys.argv[2])))
    else:
        asyncio.run(send(sys.argv[2], Path(sys.argv[3])))
