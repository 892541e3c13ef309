"""A key in a real ssh-agent signs; whatever else is at its socket is told in one sentence."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from solders.pubkey import Pubkey

from chain import ssh_agent
from chain.errors import SignerError
from chain.ssh_agent import agent_identities, agent_signer
from tests.agents import Agent, public_key, running_agent

STRANGER = Pubkey(bytes(range(32)))


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    async with running_agent() as agent:
        yield agent


async def test_a_key_in_an_agent_signs_what_a_transaction_needs(agent: Agent) -> None:
    key = public_key(agent.add("signer"))
    signer = await agent_signer(agent.socket, key)
    assert signer.public_key == key
    for message in (b"", b"x" * 32, b"y" * 1232):
        assert (await signer.sign(message)).verify(key, message)
    assert repr(signer) == f"AgentSigner({key})"


async def test_the_right_key_of_several_signs(agent: Agent) -> None:
    agent.add("rsa", "rsa")
    first, second = (public_key(agent.add(name)) for name in ("first", "second"))
    offered = await agent_identities(agent.socket)
    assert [(one.key, one.comment) for one in offered] == [(None, "rsa"), (first, "first"), (second, "second")]
    assert (await (await agent_signer(agent.socket, second)).sign(b"m")).verify(second, b"m")
    with pytest.raises(SignerError, match=f"does not hold {STRANGER}: it offers {first}, {second}$"):
        await agent_signer(agent.socket, STRANGER)


async def test_an_empty_agent_says_what_to_do(agent: Agent) -> None:
    with pytest.raises(SignerError, match="it offers no ed25519 key: add one with ssh-add"):
        await agent_signer(agent.socket, STRANGER)


async def test_a_key_that_was_taken_out_meanwhile_does_not_sign(agent: Agent) -> None:
    file = agent.add("signer")
    signer = await agent_signer(agent.socket, public_key(file))
    agent.tell("ssh-add", "-q", "-d", str(file))
    with pytest.raises(SignerError, match=r"did not sign with .* the key was taken out"):
        await signer.sign(b"m")


async def test_without_an_agent_there_is_one_sentence(tmp_path: Path, agent: Agent) -> None:
    key = public_key(agent.add("signer"))
    signer = await agent_signer(agent.socket, key)
    agent.process.kill()
    agent.process.wait(10)
    for asked in (signer.sign(b"m"), agent_identities(tmp_path / "nothing")):
        with pytest.raises(SignerError, match=r"^no ssh-agent answers at .* log in with ssh -A"):
            await asked


@asynccontextmanager
async def pretender(answer: bytes, hold: bool = False) -> AsyncIterator[Path]:
    """Something at a socket that says this and no more."""
    folder = Path(mkdtemp(prefix="agent-"))
    over, served = asyncio.Event(), asyncio.TaskGroup()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        if hold:
            await over.wait()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.create_task(say(reader, writer))

    async with served:
        server = await asyncio.start_unix_server(accept, str(folder / "socket"))
        try:
            yield folder / "socket"
        finally:
            over.set()
            server.close()
            shutil.rmtree(folder)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def strings(*parts: bytes) -> bytes:
    return b"".join(framed(part) for part in parts)


SECURITY_KEY = strings(b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:")
OFFERS_SECURITY_KEY = framed(bytes((12, 0, 0, 0, 1)) + strings(SECURITY_KEY, b"yubi"))


async def test_a_security_key_is_refused_with_the_reason() -> None:
    async with pretender(OFFERS_SECURITY_KEY) as socket:
        with pytest.raises(SignerError, match=r"security key \(sk-\) sign a text of their own"):
            await agent_signer(socket, STRANGER)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "no ssh-agent answers"),
        (b"\0\0", "no ssh-agent answers"),
        (framed(b""), "announces an answer of 0 bytes"),
        (b"\xff" * 40, "announces an answer of 4294967295 bytes"),
        (framed(b"\5"), "answered with 5 where 12 belongs"),
        (framed(bytes((12, 0, 0, 0, 9))), "ends too early"),
        (framed(bytes((12, 0, 0, 0, 1)) + b"\xff\xff\xff\xff"), "ends too early"),
        (framed(bytes((12, 0, 0, 0, 1)) + strings(strings(b"ssh-ed25519", bytes(31)), b"short")), "of 31 bytes"),
    ],
)
async def test_what_is_no_agent_is_told(answer: bytes, said: str) -> None:
    async with pretender(answer) as socket:
        with pytest.raises(SignerError, match=said):
            await agent_identities(socket)


@pytest.mark.parametrize(
    "signature", [strings(b"ssh-rsa", bytes(64)), strings(b"ssh-ed25519", bytes(63)), strings(b"ssh-ed25519")]
)
async def test_another_signature_than_ed25519_is_refused(signature: bytes) -> None:
    async with pretender(framed(b"\x0e" + framed(signature))) as socket:
        with pytest.raises(SignerError, match=r"another signature than ed25519|ends too early"):
            await ssh_agent.AgentSigner(socket, STRANGER).sign(b"m")


async def test_an_agent_that_keeps_silent_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_agent, "PATIENCE_S", 0.05)
    async with pretender(b"", hold=True) as socket:
        with pytest.raises(SignerError, match=r"did not answer within 0.05 s: try again, and confirm there"):
            await ssh_agent.AgentSigner(socket, STRANGER).sign(b"m")
