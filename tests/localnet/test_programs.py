"""Programs through the real upgradeable loader: deploy, call, upgrade, extend, close."""

import struct
import time
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

from .conftest import AUTHORITY, PROGRAM, Nodes
from .elf import program_returning
from .process import Localnet
from .wallet import CONFIRMED, SOL, Wallet, transfer_of

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SYSTEM = Pubkey.default()
CHUNK = 900


def meta(address: Pubkey, flags: str = "") -> AccountMeta:
    return AccountMeta(address, is_signer="s" in flags, is_writable="w" in flags)


def data_of(program: Pubkey) -> Pubkey:
    return Pubkey.find_program_address([bytes(program)], LOADER)[0]


class Loader:
    """The loader's instructions, as one authority gives them."""

    def __init__(self, wallet: Wallet, authority: Keypair) -> None:
        self.wallet, self.authority = wallet, authority

    def run(self, data: bytes, accounts: list[AccountMeta], *signers: Keypair) -> str:
        return self.wallet.run([Instruction(LOADER, data, accounts)], self.authority, *signers)

    def rent(self, space: int) -> int:
        return self.wallet.node.call("getMinimumBalanceForRentExemption", space)

    def create(self, key: Keypair, space: int) -> Instruction:
        return create_account(
            CreateAccountParams(
                from_pubkey=self.wallet.address,
                to_pubkey=key.pubkey(),
                lamports=self.rent(space),
                space=space,
                owner=LOADER,
            )
        )

    def buffer(self, elf: bytes) -> Pubkey:
        key, authority = Keypair(), self.authority.pubkey()
        initialize = Instruction(LOADER, struct.pack("<I", 0), [meta(key.pubkey(), "w"), meta(authority)])
        self.wallet.run([self.create(key, 37 + len(elf)), initialize], key)
        for at in range(0, len(elf), CHUNK):
            chunk = elf[at : at + CHUNK]
            write = struct.pack("<IIQ", 1, at, len(chunk)) + chunk
            self.run(write, [meta(key.pubkey(), "w"), meta(authority, "s")])
        return key.pubkey()

    def deploy(self, program: Keypair, elf: bytes, room: int) -> None:
        buffer = self.buffer(elf)
        accounts = [
            meta(self.wallet.address, "sw"),
            meta(data_of(program.pubkey()), "w"),
            meta(program.pubkey(), "w"),
            meta(buffer, "w"),
            meta(RENT),
            meta(CLOCK),
            meta(SYSTEM),
            meta(self.authority.pubkey(), "s"),
        ]
        deploy = Instruction(LOADER, struct.pack("<IQ", 2, room), accounts)
        self.wallet.run([self.create(program, 36), deploy], program, self.authority)

    def upgrade(self, program: Pubkey, elf: bytes) -> None:
        accounts = [
            meta(data_of(program), "w"),
            meta(program, "w"),
            meta(self.buffer(elf), "w"),
            meta(self.wallet.address, "w"),
            meta(RENT),
            meta(CLOCK),
            meta(self.authority.pubkey(), "s"),
        ]
        self.run(struct.pack("<I", 3), accounts)

    def extend(self, program: Pubkey, more: int) -> None:
        accounts = [
            meta(data_of(program), "w"),
            meta(program, "w"),
            meta(SYSTEM),
            meta(self.wallet.address, "sw"),
        ]
        self.run(struct.pack("<II", 6, more), accounts)

    def close(self, program: Pubkey) -> None:
        accounts = [
            meta(data_of(program), "w"),
            meta(self.wallet.address, "w"),
            meta(self.authority.pubkey(), "s"),
            meta(program, "w"),
        ]
        self.run(struct.pack("<I", 5), accounts)


@pytest.fixture
def loader(node: Localnet) -> Loader:
    wallet, authority = Wallet(node), Keypair()
    wallet.run([transfer_of(wallet.address, authority.pubkey(), SOL)])
    return Loader(wallet, authority)


def outcome(wallet: Wallet, program: Pubkey) -> object:
    """What calling `program` ends with, in a slot of its own."""
    wallet.node.call("localnet_warp", {"slots": 1})
    # A fresh account in the call makes every call another transaction.
    signature = wallet.run([Instruction(program, b"", [meta(Keypair().pubkey())])], skipPreflight=True)
    return wallet.node.call("getTransaction", signature, CONFIRMED)["meta"]["err"]


def test_a_program_is_deployed_upgraded_and_closed(loader: Loader) -> None:
    program, wallet = Keypair(), loader.wallet
    first = program_returning(0)
    loader.deploy(program, first, len(first))
    assert outcome(wallet, program.pubkey()) is None
    loader.upgrade(program.pubkey(), program_returning(7))
    assert outcome(wallet, program.pubkey()) == {"InstructionError": [0, {"Custom": 7}]}
    loader.close(program.pubkey())
    assert outcome(wallet, program.pubkey()) is not None


def test_a_larger_upgrade_needs_more_room(loader: Loader) -> None:
    program, wallet = Keypair(), loader.wallet
    small, large = program_returning(0), program_returning(3, padding=9_000)
    loader.deploy(program, small, len(small))
    loader.extend(program.pubkey(), 10_240)
    loader.upgrade(program.pubkey(), large)
    assert outcome(wallet, program.pubkey()) == {"InstructionError": [0, {"Custom": 3}]}


def test_a_genesis_program_is_upgraded_by_its_authority(node: Localnet) -> None:
    wallet = Wallet(node)
    assert outcome(wallet, PROGRAM.pubkey()) is None
    loader = Loader(wallet, AUTHORITY)
    loader.upgrade(PROGRAM.pubkey(), program_returning(0))
    assert outcome(wallet, PROGRAM.pubkey()) is None


def test_a_deployed_program_survives_a_kill(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    wallet, program = Wallet(node), Keypair()
    elf = program_returning(9)
    Loader(wallet, wallet.key).deploy(program, elf, len(elf))
    node.kill()
    node.start()
    assert outcome(wallet, program.pubkey()) == {"InstructionError": [0, {"Custom": 9}]}


def test_slots_go_on_during_a_large_deploy(loader: Loader) -> None:
    node, key = loader.wallet.node, Keypair()
    loader.wallet.run([loader.create(key, 560_000)], key)
    started, slot = time.monotonic(), node.call("getSlot", CONFIRMED)
    time.sleep(0.2)
    passed = node.call("getSlot", CONFIRMED) - slot
    assert passed >= (time.monotonic() - started) / 0.02 / 4
