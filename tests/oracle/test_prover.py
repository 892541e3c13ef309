"""Randomness keys: read from files that nobody else may read, kept through rotation, and never shown."""

import json
from pathlib import Path

import pytest

from chain.constants import ZERO_KEY
from chain.ecvrf import SecretKey, verify
from chain.errors import SignerError
from oracle.prover import Prover, ProverError, prover_from_files

KEYS = [SecretKey(bytes([number]) * 32) for number in (1, 2, 3)]


def _file(folder: Path, key: SecretKey, seed: bytes, mode: int = 0o600) -> Path:
    path = folder / f"{key.public.hex()}.json"
    path.write_text(json.dumps(list(seed + key.public)))
    path.chmod(mode)
    return path


def test_it_proves_with_the_key_that_is_asked_for() -> None:
    prover = Prover(KEYS[:2])
    assert prover.holds(KEYS[0].public)
    assert not prover.holds(KEYS[2].public)
    proof = prover.prove(KEYS[1].public, b"alpha")
    assert verify(KEYS[1].public, b"alpha", proof)
    with pytest.raises(ProverError, match=f"{KEYS[2].public.hex()} is not held here: add its file"):
        prover.prove(KEYS[2].public, b"alpha")


def test_a_standby_with_the_same_key_proves_the_same() -> None:
    assert Prover(KEYS[:1]).prove(KEYS[0].public, b"a") == Prover(KEYS).prove(KEYS[0].public, b"a")


@pytest.mark.parametrize(
    ("registered", "pinned", "missing"),
    [
        (KEYS[0].public, set[bytes](), None),
        (KEYS[0].public, {KEYS[1].public}, None),
        (ZERO_KEY, {ZERO_KEY}, None),
        (KEYS[2].public, set[bytes](), KEYS[2]),
        (KEYS[0].public, {KEYS[2].public}, KEYS[2]),
    ],
)
def test_every_key_that_is_needed_is_looked_for(
    registered: bytes, pinned: set[bytes], missing: SecretKey | None
) -> None:
    prover = Prover(KEYS[:2])
    if missing is None:
        prover.check(registered, pinned)
        return
    with pytest.raises(ProverError, match=missing.public.hex()):
        prover.check(registered, pinned)


def test_keys_come_from_files_that_nobody_else_may_read(tmp_path: Path) -> None:
    paths = [_file(tmp_path, key, bytes([number]) * 32) for number, key in enumerate(KEYS, 1)]
    prover = prover_from_files(paths)
    assert all(prover.holds(key.public) for key in KEYS)
    paths[1].chmod(0o640)
    with pytest.raises(SignerError, match="chmod 600"):
        prover_from_files(paths)
    with pytest.raises(SignerError):
        prover_from_files([tmp_path / "nothing.json"])
    assert not prover_from_files([]).holds(KEYS[0].public)


def test_nothing_secret_is_shown() -> None:
    shown = repr(Prover(KEYS))
    assert KEYS[0].public.hex() in shown
    assert (bytes([1]) * 32).hex() not in shown
