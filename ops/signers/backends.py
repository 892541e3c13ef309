"""Where a signer's key is: in a file, in an ssh-agent, on a Ledger."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.errors import SignerError
from chain.ledger import DERIVATION, connected_device, ledger_signer, message_hash
from chain.multisig.roster import Council
from chain.signers import Signer, signer_from_file
from chain.ssh_agent import agent_identities, agent_signer
from ops.amounts import parse_address
from ops.errors import UsageError
from ops.person import is_locked_down

AGENT, LEDGER = "agent", "ledger"
_PATIENCE_S = 2.0


class AnnouncingSigner:
    """A Ledger, with what its screen shows said before it is asked: whoever holds it compares the two."""

    def __init__(self, signer: Signer, say: Callable[[str], None]) -> None:
        self._signer, self._say = signer, say

    @property
    def public_key(self) -> Pubkey:
        """The Ledger's."""
        return self._signer.public_key

    async def sign(self, message: bytes) -> Signature:
        """Say the hash, then have it confirmed on the device."""
        self._say(f"Compare with the Ledger's screen: Message Hash {message_hash(message)}")
        return await self._signer.sign(message)


async def signer_of(where: str, council: Council, say: Callable[[str], None]) -> Signer:
    """Return the signer: `agent` or `agent:KEY`, `ledger` or `ledger:ACCOUNT[/CHANGE]`, or a keypair file's path.

    Of an agent without a key, the one that is a member's; of a Ledger without an account, the first as wallets count
    them. `say` tells what a device's screen has to show. Raises SignerError, UsageError.
    """
    kind, _, rest = where.partition(":")
    if kind == AGENT:
        socket = _socket()
        key = parse_address(rest, "a member") if rest else await _members(socket, council)
        return await agent_signer(socket, key)
    if is_locked_down():
        raise UsageError("This login signs by an ssh-agent alone: connect with 'ssh -A', and give agent or agent:KEY.")
    if kind == LEDGER:
        derivation = ledger_derivation(rest)
        return AnnouncingSigner(await ledger_signer(connected_device(), derivation), say)
    return signer_from_file(Path(where))


def ledger_derivation(told: str) -> tuple[int, ...]:
    """Return the steps of `ACCOUNT` or `ACCOUNT/CHANGE` below m/44'/501', as solana's own tools write them.

    Raises UsageError.
    """
    if not told:
        return DERIVATION
    steps = told.split("/")
    if len(steps) > 2 or not all(step.isascii() and step.isdigit() and len(step) < 10 for step in steps):
        raise UsageError(f"ledger:{told} names no account: give ledger:ACCOUNT or ledger:ACCOUNT/CHANGE, in numbers.")
    return (*DERIVATION[:2], *map(int, steps))


async def agent_words(council: Council) -> str:
    """Return whose keys the ssh-agent of this session holds, in a sentence without a full stop."""
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        return "no ssh-agent is here"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            held = await agent_identities(Path(path))
    except (SignerError, TimeoutError):
        return "the ssh-agent of this session does not answer"
    names = ", ".join(council.name(one.key) for one in held if one.key is not None and one.key in council.people)
    return f"the ssh-agent of this session holds the key of {names}" if names else "the ssh-agent holds no member's key"


def _socket() -> Path:
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise UsageError("No ssh-agent is here: connect with 'ssh -A', or name a keypair file by --signer.")
    return Path(path)


async def _members(socket: Path, council: Council) -> Pubkey:
    """The member's key that the agent holds; one that holds several has to be told which."""
    held = [identity.key for identity in await agent_identities(socket) if identity.key in council.people]
    keys = [key for key in held if key is not None]
    if len(keys) != 1:
        told = ", ".join(council.name(key) for key in keys) or "no member's key"
        raise UsageError(f"The ssh-agent holds {told}: name one by --signer agent:KEY.")
    return keys[0]
