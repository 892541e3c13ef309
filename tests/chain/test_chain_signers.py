"""Key files: one sentence for each way to be wrong, and the secret nowhere."""

import json
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from solders.keypair import Keypair

from chain.errors import SignerError
from chain.signers import KeypairSigner, randomness_key_from_file, signer_from_file
from tests.parts import missing

KEYPAIR = Keypair.from_seed(bytes(range(32)))
LOADERS = [signer_from_file, randomness_key_from_file]


def write(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    """A file with exactly this mode."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "id.json", json.dumps(list(bytes(KEYPAIR))))


async def test_a_good_file_signs(good: Path) -> None:
    signer = signer_from_file(good)
    assert signer.public_key == KEYPAIR.pubkey()
    assert (await signer.sign(b"message")).verify(KEYPAIR.pubkey(), b"message")
    assert randomness_key_from_file(good).public == bytes(KEYPAIR.pubkey())


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_can_reach_is_refused(good: Path, load: object, mode: int) -> None:
    good.chmod(mode)
    with pytest.raises(SignerError, match=f"can be read by others: run chmod 600 {good}"):
        load(good)  # type: ignore[operator]


@pytest.mark.parametrize("load", [signer_from_file, randomness_key_from_file])
def test_a_credential_shows_its_group_as_a_reader_and_nothing_more(
    good: Path, tmp_path: Path, load: Callable[[Path, Path], object]
) -> None:
    if os.geteuid() != 0:
        missing("root", "systemd's credentials are root's, and this test makes one")
    good.chmod(0o440)
    assert load(good, good.parent)
    with pytest.raises(SignerError, match="can be read by others"):
        load(good, tmp_path / "elsewhere")
    good.chmod(0o444)
    with pytest.raises(SignerError, match="can be read by others"):
        load(good, good.parent)
    good.chmod(0o440)
    os.chown(good, 65_534, -1)
    with pytest.raises(SignerError, match="can be read by others"):
        load(good, good.parent)


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "64 bytes"),
        ("not json", "64 bytes"),
        (b"\xff\xfe\x00", "64 bytes"),
        ("{}", "64 bytes"),
        ("[1, 2, 3]", "and has 3"),
        (json.dumps([256] * 64), "64 bytes"),
        (json.dumps([1.5] * 64), "64 bytes"),
        (json.dumps([True] * 64), "64 bytes"),
        ("[" * 5000, "64 bytes"),
        (json.dumps([*bytes(KEYPAIR)[:32], *bytes(32)]), "public half"),
        (json.dumps([*bytes(KEYPAIR)[:63], 0]), "public half"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(tmp_path: Path, load: object, content: str | bytes, words: str) -> None:
    path = write(tmp_path / "id.json", content)
    with pytest.raises(SignerError, match=words) as caught:
        load(path)  # type: ignore[operator]
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file_and_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(SignerError, match=r"there is no keypair file .* create it with solana-keygen"):
        signer_from_file(tmp_path / "none.json")
    with pytest.raises(SignerError, match="cannot be read"):
        signer_from_file(tmp_path)
    with pytest.raises(SignerError, match="is not a file"):
        signer_from_file(Path(os.devnull))


def test_the_secret_is_in_no_repr_and_no_traceback(tmp_path: Path, good: Path) -> None:
    signer = signer_from_file(good)
    secrets = [str(list(bytes(KEYPAIR)[:32]))[1:-1], bytes(KEYPAIR)[:32].hex(), str(KEYPAIR)]
    bad = write(tmp_path / "bad.json", json.dumps([*bytes(KEYPAIR)[:63], 0]))
    with pytest.raises(SignerError) as caught:
        signer_from_file(bad)
    shown = repr(signer) + str(signer) + "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in secrets if secret in shown]
    assert caught.value.__cause__ is None
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_a_signer_in_memory_is_the_same() -> None:
    assert repr(KeypairSigner(KEYPAIR)) == f"KeypairSigner({KEYPAIR.pubkey()})"
