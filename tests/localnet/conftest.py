"""One fast localnet for most tests; those that need their own start it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from solders.keypair import Keypair

from .elf import program_returning
from .process import Localnet
from .wallet import Wallet

PROGRAM = Keypair.from_seed(b"a program placed at genesis here")
AUTHORITY = Keypair.from_seed(b"the upgrade authority of that pr")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localnet]:
    folder = tmp_path_factory.mktemp("localnet")
    program = folder / "program.so"
    program.write_bytes(program_returning(0))
    flags = ("--upgradeable-program", str(PROGRAM.pubkey()), str(program), str(AUTHORITY.pubkey()))
    localnet = Localnet(folder / "ledger", *flags).start()
    yield localnet
    assert localnet.stop() == 0


@pytest.fixture(scope="session")
def wallet(node: Localnet) -> Wallet:
    return Wallet(node, sol=10_000)


Nodes: TypeAlias = Callable[..., Localnet]


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    """Makes nodes of a test's own, and sees that none outlives it."""
    made: list[Localnet] = []

    def make(ledger: Path, *flags: str, slot_ms: int = 20) -> Localnet:
        made.append(Localnet(ledger, *flags, slot_ms=slot_ms))
        return made[-1]

    yield make
    for localnet in made:
        localnet.kill()
