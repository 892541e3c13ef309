"""SPL Token and loader accounts, against solders' own layouts."""

import pytest
from solders.pubkey import Pubkey
from solders.token import state as spl
from solders.token.associated import get_associated_token_address

from chain import loader, token
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID, UPGRADEABLE_LOADER_ID
from chain.errors import ForeignAccount, MalformedData, UnexpectedAccount

MINT, OWNER, OTHER = (Pubkey(bytes([n]) * 32) for n in (1, 2, 3))


def spl_account(**changes: object) -> bytes:
    """A token account as solders packs it."""
    values: dict[str, object] = {
        "mint": MINT,
        "owner": OWNER,
        "amount": 7,
        "delegate": None,
        "state": spl.TokenAccountState.Initialized,
        "is_native": None,
        "delegated_amount": 0,
        "close_authority": None,
    }
    return bytes(spl.TokenAccount(**{**values, **changes}))  # type: ignore[arg-type]


def test_token_accounts() -> None:
    plain = token.decode_token_account(TOKEN_PROGRAM_ID, spl_account())
    assert plain == token.TokenAccount(MINT, OWNER, 7, None, token.TokenState.INITIALIZED, None, 0, None)
    data = spl_account(
        delegate=OTHER, delegated_amount=5, close_authority=OTHER, is_native=9, state=spl.TokenAccountState.Frozen
    )
    full = token.decode_token_account(TOKEN_PROGRAM_ID, data)
    assert (full.delegate, full.delegated_amount, full.close_authority, full.rent_reserve) == (OTHER, 5, OTHER, 9)
    assert full.state is token.TokenState.FROZEN


def test_mints() -> None:
    data = bytes(spl.Mint(OTHER, 1_000, 6, True, None))
    assert token.decode_mint(TOKEN_PROGRAM_ID, data) == token.Mint(OTHER, 1_000, 6, None)
    with pytest.raises(MalformedData, match="not initialized"):
        token.decode_mint(TOKEN_PROGRAM_ID, bytes(82))


def test_what_is_no_token_account_is_refused() -> None:
    with pytest.raises(ForeignAccount):
        token.decode_token_account(SYSTEM_PROGRAM_ID, spl_account())
    with pytest.raises(UnexpectedAccount, match="165 bytes, not 164"):
        token.decode_token_account(TOKEN_PROGRAM_ID, spl_account()[:-1])
    with pytest.raises(MalformedData, match="not initialized"):
        token.decode_token_account(TOKEN_PROGRAM_ID, bytes(165))
    with pytest.raises(MalformedData, match="neither none nor some"):
        token.decode_token_account(TOKEN_PROGRAM_ID, spl_account()[:72] + b"\2" + spl_account()[73:])


def test_the_associated_account() -> None:
    assert token.associated_address(OWNER, MINT) == get_associated_token_address(OWNER, MINT)
    built = token.create_associated_account(payer=OTHER, owner=OWNER, mint=MINT)
    assert bytes(built.data) == b"\1"
    assert [(m.is_signer, m.is_writable) for m in built.accounts[:3]] == [(True, True), (False, True), (False, False)]
    assert built.accounts[1].pubkey == token.associated_address(OWNER, MINT)


def test_loader_accounts() -> None:
    header = (3).to_bytes(4, "little") + (99).to_bytes(8, "little")
    data = header + b"\1" + bytes(OWNER) + b"elf"
    found = loader.decode_program_data(UPGRADEABLE_LOADER_ID, data)
    assert found == loader.ProgramData(99, OWNER, b"elf")  # type: ignore[arg-type]
    final = loader.decode_program_data(UPGRADEABLE_LOADER_ID, header + b"\0" + bytes(32) + b"elf")
    assert (final.authority, final.executable) == (None, b"elf")
    program = (2).to_bytes(4, "little") + bytes(loader.program_data_address(PROGRAM_ID))
    assert loader.decode_loader_account(UPGRADEABLE_LOADER_ID, program) == loader.LoaderProgram(
        loader.program_data_address(PROGRAM_ID)
    )
    buffer = (1).to_bytes(4, "little") + b"\1" + bytes(OTHER) + b"elf"
    assert loader.decode_loader_account(UPGRADEABLE_LOADER_ID, buffer) == loader.Buffer(OTHER, b"elf")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(3),
        (3).to_bytes(4, "little"),
        (2).to_bytes(4, "little") + bytes(33),
        (3).to_bytes(4, "little") + bytes(8) + b"\2" + bytes(32),
    ],
)
def test_broken_loader_accounts(data: bytes) -> None:
    with pytest.raises(MalformedData):
        loader.decode_loader_account(UPGRADEABLE_LOADER_ID, data)


def test_other_loader_accounts() -> None:
    with pytest.raises(UnexpectedAccount):
        loader.decode_loader_account(UPGRADEABLE_LOADER_ID, bytes(64))
    with pytest.raises(UnexpectedAccount, match="not a ProgramData"):
        loader.decode_program_data(UPGRADEABLE_LOADER_ID, (2).to_bytes(4, "little") + bytes(32))
    with pytest.raises(ForeignAccount):
        loader.decode_program_data(SYSTEM_PROGRAM_ID, bytes(64))
