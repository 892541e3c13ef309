"""The verifier alone, through `ecvrf_test.so`: the RFC's vectors, hostile keys and proofs, and whatever Python
proves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import Instruction

from chain import ecvrf
from tests.programs import edwards as ed
from tests.programs import parts
from tests.programs.edwards import IDENTITY, L, P
from tests.programs.vectors import VECTORS, Vector
from tests.programs.world import Done, Refused, World, actor

PROGRAM = actor("ecvrf test")
KEY, POINT, SCALAR, MISMATCH = "custom: 2", "custom: 3", "custom: 4", "custom: 5"
SECRET = bytes(range(32))
SCALAR_OF = ed.secret_scalar(SECRET)
PUBLIC = ed.encode(ed.multiply(SCALAR_OF, ed.BASE))
ALPHA = b"alpha"
PROOF, BETA, _ = ed.prove(SECRET, ALPHA)
TORSION = ed.torsion()


@pytest.fixture(scope="module")
def verifier() -> World:
    return World({PROGRAM: parts.program(parts.ECVRF_TEST)}, actor("admin"))


def call(world: World, data: bytes) -> Done:
    return world.send(Instruction(PROGRAM, data, []))


def verify(world: World, key: bytes, proof: bytes, alpha: bytes) -> bytes:
    return call(world, b"\0" + key + proof + alpha).returned


def refused(world: World, key: bytes, proof: bytes, alpha: bytes) -> str:
    with pytest.raises(Refused) as found:
        verify(world, key, proof, alpha)
    return found.value.name


def number(value: int) -> bytes:
    return value.to_bytes(32, "little")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"example {vector.number}")
def test_the_rfcs_examples(verifier: World, vector: Vector) -> None:
    assert verify(verifier, vector.key, vector.proof, vector.alpha) == vector.beta
    assert ecvrf.SecretKey(vector.secret).prove(vector.alpha) == vector.proof
    assert ecvrf.verify(vector.key, vector.alpha, vector.proof) == vector.beta
    assert ed.prove(vector.secret, vector.alpha)[:2] == (vector.proof, vector.beta)
    assert (
        ed.hash_to_curve(vector.key, vector.alpha)[1]
        == ecvrf.hash_to_curve(vector.key, vector.alpha)[1]
        == vector.tries
    )


# Keys

BAD_KEYS = {
    **{
        f"of small order, {at} times the generator of the torsion": ed.encode(point) for at, point in enumerate(TORSION)
    },
    **{f"y = p + {more}, sign {sign}": number(P + more | sign << 255) for more in range(19) for sign in (0, 1)},
    "y = 1 with the sign": number(1 | 1 << 255),
    "y = -1 with the sign": number(P - 1 | 1 << 255),
    "all ones": b"\xff" * 32,
    "no point": next(number(y) for y in range(2, 100) if ed.recover(y, 0) is None),
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_must_be_a_canonical_point_of_large_order(verifier: World, key: bytes) -> None:
    with pytest.raises(Refused, match=KEY):
        call(verifier, b"\1" + key)
    assert refused(verifier, key, PROOF, ALPHA) == KEY


@pytest.mark.parametrize("times", range(8))
def test_a_key_of_large_order_may_have_a_small_part(verifier: World, times: int) -> None:
    """RFC 9381, 5.4.5 refuses only points of small order; the output stays the only one all the same."""
    call(verifier, b"\1" + ed.encode(ed.add(ed.multiply(SCALAR_OF, ed.BASE), TORSION[times])))


def test_a_mixed_key_has_one_output(verifier: World) -> None:
    """The holder of xB + T grinds until the challenge hides T; whatever verifies has the same output."""
    key = ed.add(ed.multiply(SCALAR_OF, ed.BASE), TORSION[1])
    outputs: set[bytes] = set()
    accepted = 0
    for nonce in range(1, 40):
        for shift in (TORSION[0], TORSION[1], TORSION[4]):
            proof, _, _ = ed.prove(SECRET, ALPHA, key=key, shift=shift, nonce=nonce)
            if ed.verify(ed.encode(key), proof, ALPHA) is None:
                assert refused(verifier, ed.encode(key), proof, ALPHA) == MISMATCH
            else:
                outputs.add(verify(verifier, ed.encode(key), proof, ALPHA))
                accepted += 1
    assert accepted >= 5
    assert len(outputs) == 1


# Proofs


def test_s_plus_l_is_no_second_proof(verifier: World) -> None:
    assert verify(verifier, PUBLIC, PROOF, ALPHA) == BETA
    s = int.from_bytes(PROOF[48:], "little")
    for times in range(1, 16):
        if s + times * L < 2**256:
            assert refused(verifier, PUBLIC, PROOF[:48] + number(s + times * L), ALPHA) == SCALAR


@pytest.mark.parametrize("s", [L, L + 1, 2**252 + 2**128, 2**253, 2**255 - 1, 2**256 - 1], ids=hex)
def test_a_scalar_from_l_on_is_refused(verifier: World, s: int) -> None:
    assert refused(verifier, PUBLIC, PROOF[:48] + number(s), ALPHA) == SCALAR


@pytest.mark.parametrize("s", [0, 1, L - 1, 2**252], ids=hex)
def test_a_scalar_below_l_is_well_formed(verifier: World, s: int) -> None:
    assert refused(verifier, PUBLIC, PROOF[:48] + number(s), ALPHA) == MISMATCH


BAD_GAMMAS = {
    **{f"y = p + {more}, sign {sign}": number(P + more | sign << 255) for more in range(19) for sign in (0, 1)},
    "y = 1 with the sign": number(1 | 1 << 255),
    "y = -1 with the sign": number(P - 1 | 1 << 255),
    "no point": BAD_KEYS["no point"],
}


@pytest.mark.parametrize("gamma", BAD_GAMMAS.values(), ids=BAD_GAMMAS.keys())
def test_gamma_must_be_a_canonical_point(verifier: World, gamma: bytes) -> None:
    assert refused(verifier, PUBLIC, gamma + PROOF[32:], ALPHA) == POINT


@pytest.mark.parametrize("times", range(8))
def test_a_gamma_of_small_order_proves_nothing(verifier: World, times: int) -> None:
    gamma = ed.encode(TORSION[times])
    assert refused(verifier, PUBLIC, gamma + PROOF[32:], ALPHA) == MISMATCH
    assert refused(verifier, PUBLIC, gamma + bytes(48), ALPHA) == MISMATCH


def test_a_gamma_shifted_by_torsion_gives_no_other_output(verifier: World) -> None:
    """The one freedom that the key's holder has: 8(gamma + T) = 8 gamma, so it buys another proof and never another
    draw."""
    accepted = 0
    for times in range(1, 8):
        for nonce in range(1, 40):
            proof, _, c = ed.prove(SECRET, ALPHA, shift=TORSION[times], nonce=nonce)
            hidden = ed.multiply(c, TORSION[times]) == IDENTITY
            if hidden:
                assert verify(verifier, PUBLIC, proof, ALPHA) == BETA
                accepted += 1
            else:
                assert refused(verifier, PUBLIC, proof, ALPHA) == MISMATCH
    assert accepted


def test_any_nonce_proves_the_same_output(verifier: World) -> None:
    for nonce in (1, 2, 12345, L - 1):
        proof, _, _ = ed.prove(SECRET, ALPHA, nonce=nonce)
        assert proof != PROOF
        assert verify(verifier, PUBLIC, proof, ALPHA) == BETA


def test_every_flipped_bit_is_refused(verifier: World) -> None:
    names: dict[str, int] = {}
    for bit in range(640):
        proof = bytearray(PROOF)
        proof[bit // 8] ^= 1 << bit % 8
        name = refused(verifier, PUBLIC, bytes(proof), ALPHA)
        assert name in (POINT, MISMATCH) if bit < 256 else name in (SCALAR, MISMATCH), bit
        names[name] = names.get(name, 0) + 1
    assert set(names) == {POINT, SCALAR, MISMATCH}


def test_another_key_or_alpha_is_refused(verifier: World) -> None:
    other = ed.encode(ed.multiply(SCALAR_OF + 8, ed.BASE))
    assert refused(verifier, other, PROOF, ALPHA) == MISMATCH
    for alpha in (b"", b"alphb", b"alpha\0", b"alph"):
        assert refused(verifier, PUBLIC, PROOF, alpha) == MISMATCH


def test_the_challenge_hashes_every_point(verifier: World) -> None:
    """A challenge over fewer or other points, with all equations right, is refused (google/keytransparency#567)."""
    point, _ = ed.hash_to_curve(PUBLIC, ALPHA)
    key, gamma, nonce = ed.multiply(SCALAR_OF, ed.BASE), ed.multiply(SCALAR_OF, point), 77
    five = [key, point, gamma, ed.multiply(nonce, ed.BASE), ed.multiply(nonce, point)]
    for points in [
        five[1:],
        five[:1] + five[2:],
        five[:2] + five[3:],
        five[:3],
        five[:4],
        five[::-1],
        [*five, IDENTITY],
    ]:
        c = ed.challenge(*points)
        proof = ed.encode(gamma) + c.to_bytes(16, "little") + number((nonce + c * SCALAR_OF) % L)
        assert refused(verifier, PUBLIC, proof, ALPHA) == MISMATCH
    c = ed.challenge(*five)
    assert (
        verify(
            verifier, PUBLIC, ed.encode(gamma) + c.to_bytes(16, "little") + number((nonce + c * SCALAR_OF) % L), ALPHA
        )
        == BETA
    )


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\2", b"\0" + bytes(111), b"\1" + bytes(31), b"\1" + bytes(33), b"\xff" * 200]
)
def test_malformed_data_is_refused(verifier: World, data: bytes) -> None:
    with pytest.raises(Refused, match="custom: 1"):
        call(verifier, data)


@settings(max_examples=120, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), alpha=st.binary(max_size=300))
def test_what_python_proves_the_program_accepts(verifier: World, secret: bytes, alpha: bytes) -> None:
    key = ecvrf.SecretKey(secret)
    proof = key.prove(alpha)
    beta = verify(verifier, key.public, proof, alpha)
    assert beta == ecvrf.verify(key.public, alpha, proof) == ecvrf.proof_to_output(proof)


@settings(max_examples=15, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), alpha=st.binary(max_size=64))
def test_two_provers_agree(secret: bytes, alpha: bytes) -> None:
    key = ecvrf.SecretKey(secret)
    proof, beta, _ = ed.prove(secret, alpha)
    assert key.prove(alpha) == proof
    assert ed.verify(key.public, proof, alpha) == beta == ecvrf.verify(key.public, alpha, proof)


@pytest.mark.parametrize("tries", range(1, 9))
def test_an_alpha_that_needs_several_tries(verifier: World, tries: int) -> None:
    key = ecvrf.SecretKey(SECRET)
    alpha = next(
        a for a in (n.to_bytes(32, "little") for n in range(10_000)) if ecvrf.hash_to_curve(key.public, a)[1] == tries
    )
    proof = key.prove(alpha)
    assert verify(verifier, key.public, proof, alpha) == ecvrf.proof_to_output(proof)
