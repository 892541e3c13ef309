"""A Ledger signs through ledgercomm; the device is an emulator that takes commands apart as the application does."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ledgercomm import Transport
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import to_bytes_versioned

from chain import instructions
from chain.errors import SignerError
from chain.ledger import DERIVATION, connected_device, ledger_signer, message_hash
from chain.transaction import Budget, compile_message, sign
from chain.units import ComputeUnits, MicroLamports
from tests.fakes.ledger import Ledger, emulated

KEY, OTHER = (Keypair.from_seed(bytes((n,)) * 32) for n in (1, 2))


@pytest.fixture
def device() -> Iterator[tuple[Ledger, Transport]]:
    with emulated({DERIVATION: KEY, (44, 501, 1): OTHER}) as (ledger, port):
        transport = Transport(interface="tcp", server="127.0.0.1", port=port)
        yield ledger, transport
        transport.close()


async def test_a_transaction_is_signed_and_the_device_shows_the_hash_that_is_shown_here(
    device: tuple[Ledger, Transport],
) -> None:
    ledger, transport = device
    signer = await ledger_signer(transport)
    assert signer.public_key == KEY.pubkey()
    wanted = instructions.close_market(market=OTHER.pubkey())
    message = compile_message(KEY.pubkey(), Budget(ComputeUnits(1), MicroLamports(0)), [wanted], Hash.default())
    signed = await sign(message, [signer])
    signed.verify_and_hash_message()
    assert ledger.screen == [f"Message Hash {message_hash(to_bytes_versioned(message))}"]


@hypothesis_settings(max_examples=25, deadline=None)
@given(length=st.integers(0, 1232))
async def test_messages_of_every_length_arrive_whole(length: int) -> None:
    ledger = Ledger({DERIVATION: KEY})

    class Direct:
        def exchange_raw(self, apdu: bytes) -> tuple[int, bytes]:
            return ledger.answer(apdu)

    message = bytes(n % 251 for n in range(length))
    signature = await (await ledger_signer(Direct())).sign(message)
    assert signature.verify(KEY.pubkey(), message)
    assert ledger.commands == 1 + -(-(18 + length) // 255)


async def test_another_derivation_is_another_key(device: tuple[Ledger, Transport]) -> None:
    signer = await ledger_signer(device[1], (44, 501, 1))
    assert signer.public_key == OTHER.pubkey()
    assert (await signer.sign(b"m")).verify(OTHER.pubkey(), b"m")
    assert repr(signer) == f"LedgerSigner({OTHER.pubkey()})"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0x6985, "its owner refused"),
        (0x5515, "it is locked"),
        (0x6808, "blind signing is off"),
        (0x6E00, "open Solana"),
        (0x6F42, "it answered 0x6f42"),
    ],
)
async def test_why_it_does_not_sign_is_told(device: tuple[Ledger, Transport], status: int, said: str) -> None:
    ledger, transport = device
    signer = await ledger_signer(transport)
    ledger.answers = status
    with pytest.raises(SignerError, match=f"^the Ledger did not sign: .*{said}"):
        await signer.sign(b"m" * 600)
    assert ledger.commands == 2


async def test_a_signature_of_another_key_goes_nowhere(device: tuple[Ledger, Transport]) -> None:
    ledger, transport = device
    signer = await ledger_signer(transport)
    ledger.signature = bytes(OTHER.sign_message(b"something else"))
    wanted = instructions.close_market(market=OTHER.pubkey())
    message = compile_message(KEY.pubkey(), Budget(ComputeUnits(1), MicroLamports(0)), [wanted], Hash.default())
    with pytest.raises(SignerError, match="a signature that does not verify"):
        await sign(message, [signer])
    ledger.signature = b"short"
    with pytest.raises(SignerError, match="a signature of 5 bytes"):
        await signer.sign(b"m")


async def test_a_device_that_is_pulled_out_is_told(device: tuple[Ledger, Transport]) -> None:
    ledger, transport = device
    signer = await ledger_signer(transport)
    ledger.vanishes = True
    with pytest.raises(SignerError, match="the Ledger"):
        await signer.sign(b"m")


def test_without_a_device_there_is_one_sentence() -> None:
    with pytest.raises(SignerError, match=r"plug it in|install opinion-markets\[ledger\]"):
        connected_device()
