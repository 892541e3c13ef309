"""A real ssh-agent for one test."""

import asyncio
import shutil
import subprocess
from base64 import b64decode, encodebytes
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from tests.parts import program

REMEDY = "install openssh-client"


class Agent:
    """A real agent on a socket of its own; Unix sockets want short paths."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="agent-"))
        self.socket = self.folder / "socket"
        command = [program("ssh-agent", REMEDY), "-D", "-a", str(self.socket)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def add(self, name: str, kind: str = "ed25519") -> Path:
        """Makes a key and gives it to the agent."""
        file = self.folder / name
        command = [program("ssh-keygen", REMEDY), "-q", "-t", kind, "-N", "", "-C", name, "-f", str(file)]
        subprocess.run(command, check=True)
        self.tell("ssh-add", "-q", str(file))
        return file

    def add_keypair(self, name: str, pair: Keypair) -> None:
        """Gives it a key that Solana made."""
        file = self.folder / name
        file.touch(0o600)
        file.write_bytes(_openssh(name, pair))
        self.tell("ssh-add", "-q", str(file))
        file.unlink()

    def tell(self, *command: str) -> None:
        """A command of OpenSSH's own about this agent."""
        path, *arguments = command
        environment = {"SSH_AUTH_SOCK": str(self.socket), "PATH": "/usr/bin:/bin"}
        subprocess.run([program(path, REMEDY), *arguments], env=environment, check=True, capture_output=True)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder)


@asynccontextmanager
async def running_agent() -> AsyncGenerator[Agent]:
    """One that answers."""
    agent = Agent()
    try:
        async with asyncio.timeout(10):
            while not agent.socket.exists():  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        yield agent
    finally:
        agent.end()


def public_key(file: Path) -> Pubkey:
    """The key of a file as OpenSSH wrote it: the last 32 bytes of its blob."""
    return Pubkey(b64decode(file.with_suffix(".pub").read_text().split()[1])[-32:])


def _openssh(name: str, pair: Keypair) -> bytes:
    """A key file as PROTOCOL.key of OpenSSH has it, without a passphrase."""
    kind, public = b"ssh-ed25519", bytes(pair.pubkey())
    secret = bytes(8) + b"".join(map(_counted, (kind, public, bytes(pair), name.encode())))
    padding = bytes(range(1, 1 + -len(secret) % 8))
    blob = b"openssh-key-v1\0" + b"".join(map(_counted, (b"none", b"none", b"")))
    blob += (1).to_bytes(4, "big") + _counted(_counted(kind) + _counted(public)) + _counted(secret + padding)
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + encodebytes(blob) + b"-----END OPENSSH PRIVATE KEY-----\n"


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part
