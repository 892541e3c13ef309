"""ECVRF: the RFC's vectors, and proofs made to deceive."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from chain import ecvrf
from chain.ecvrf import SecretKey
from chain.errors import InvalidRandomnessPoint, InvalidRandomnessProof, MalformedData, ProofError

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "rfc9381_tai.json").read_text())["vectors"]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
KEY = SecretKey(bytes(range(32)))
ALPHA = b"alpha"
PROOF = KEY.prove(ALPHA)
# The torsion points of order 1, 2, 4, 4, 8, 8, 8, 8, each in its canonical encoding.
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SMALL = [(1).to_bytes(32, "little"), (P - 1).to_bytes(32, "little"), bytes(32), bytes(31) + b"\x80"]
SMALL += [ORDER_8, ORDER_8[:-1] + bytes((ORDER_8[-1] | 0x80,))]
NOT_CANONICAL = [
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
    (2**255 - 1).to_bytes(32, "little"),
    (1 + 2**255).to_bytes(32, "little"),
    (P - 1 + 2**255).to_bytes(32, "little"),
    (2).to_bytes(32, "little"),
]

seeds = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["example"]))
def test_the_rfcs_vectors(vector: dict[str, Any]) -> None:
    key, alpha = SecretKey(bytes.fromhex(vector["sk"])), bytes.fromhex(vector["alpha"])
    assert key.public.hex() == vector["pk"]
    h, tries = ecvrf.hash_to_curve(key.public, alpha)
    assert (h.hex(), tries) == (vector["h"], vector["tries"])
    proof = key.prove(alpha)
    assert proof.hex() == vector["pi"]
    assert ecvrf.verify(key.public, alpha, proof).hex() == vector["beta"]
    assert ecvrf.proof_to_output(proof).hex() == vector["beta"]


@settings(deadline=None)
@given(seed=seeds, alpha=st.binary(max_size=64), bit=st.integers(0, 639))
def test_what_is_proved_verifies_and_one_bit_more_does_not(seed: bytes, alpha: bytes, bit: int) -> None:
    key = SecretKey(seed)
    proof = key.prove(alpha)
    assert ecvrf.verify(key.public, alpha, proof) == ecvrf.proof_to_output(proof)
    bent = bytearray(proof)
    bent[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofError):
        ecvrf.verify(key.public, alpha, bytes(bent))
    with pytest.raises(ProofError):
        ecvrf.verify(key.public, alpha + b"!", proof)


@pytest.mark.parametrize("point", SMALL)
def test_keys_of_small_order_are_refused(point: bytes) -> None:
    with pytest.raises(InvalidRandomnessPoint, match="small order"):
        ecvrf.validate_key(point)
    with pytest.raises(InvalidRandomnessPoint):
        ecvrf.verify(point, ALPHA, PROOF)


@pytest.mark.parametrize("point", [*NOT_CANONICAL, b"", bytes(31), bytes(33)])
def test_points_that_are_none_are_refused(point: bytes) -> None:
    with pytest.raises(InvalidRandomnessPoint, match="canonical"):
        ecvrf.validate_key(point)
    if len(point) == 32:
        with pytest.raises(InvalidRandomnessPoint, match="gamma"):
            ecvrf.verify(KEY.public, ALPHA, point + PROOF[32:])


@pytest.mark.parametrize("point", SMALL)
def test_a_gamma_of_small_order_proves_nothing(point: bytes) -> None:
    with pytest.raises(InvalidRandomnessProof):
        ecvrf.verify(KEY.public, ALPHA, point + PROOF[32:])


@pytest.mark.parametrize("s", [ORDER, ORDER + 1, 2**256 - 1, int.from_bytes(PROOF[48:], "little") + ORDER])
def test_scalars_from_the_order_on_are_refused(s: int) -> None:
    with pytest.raises(InvalidRandomnessProof, match="group order"):
        ecvrf.verify(KEY.public, ALPHA, PROOF[:48] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("proof", [b"", PROOF[:-1], PROOF + b"\0", PROOF[:48] + bytes(32), PROOF[:32] + bytes(48)])
def test_proofs_of_another_length_or_with_zeros_are_refused(proof: bytes) -> None:
    with pytest.raises(InvalidRandomnessProof):
        ecvrf.verify(KEY.public, ALPHA, proof)


def test_another_keys_proof_is_refused() -> None:
    with pytest.raises(InvalidRandomnessProof, match="does not verify"):
        ecvrf.verify(SecretKey(bytes(32)).public, ALPHA, PROOF)


def test_a_key_with_a_small_order_part_is_legal_and_goes_the_slow_way() -> None:
    """The program takes such a key (8Y is not the identity), so the verdict here must be the same: a sound one."""
    mixed = bindings.crypto_core_ed25519_add(KEY.public, ORDER_8)
    assert not bindings.crypto_core_ed25519_is_valid_point(mixed)
    ecvrf.validate_key(mixed)
    with pytest.raises(InvalidRandomnessProof, match="does not verify"):
        ecvrf.verify(mixed, ALPHA, PROOF)


def test_a_gamma_with_a_small_order_part_gives_the_same_output_or_none() -> None:
    """Uniqueness: whoever bends Gamma by torsion can at best prove the output that he would have had to prove."""
    bent = bindings.crypto_core_ed25519_add(PROOF[:32], ORDER_8) + PROOF[32:]
    assert ecvrf.proof_to_output(bent) == ecvrf.proof_to_output(PROOF)
    with pytest.raises(InvalidRandomnessProof):
        ecvrf.verify(KEY.public, ALPHA, bent)


def test_the_secret_is_not_shown() -> None:
    seed = bytes(range(100, 132))
    key = SecretKey(seed)
    assert key.public.hex() in repr(key)
    assert seed.hex() not in f"{key!r} {key} {vars(type(key))}"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(MalformedData, match="not 31"):
        SecretKey(bytes(31))
