"""RFC 9381 ECVRF-EDWARDS25519-SHA512-TAI (suite 0x03), proving and verifying.

Checks are as strict as the program's (docs/protocol.md, "Randomness"). Points are libsodium's, through PyNaCl, as 32
encoded bytes. Constant time is not claimed: scalars are Python integers and the loop that maps alpha to the curve
takes as long as it takes, so prove on a machine whose clock nobody else watches. A SecretKey never shows its secret.
"""

from hashlib import sha512

from nacl import bindings
from nacl.exceptions import CryptoError

from chain.errors import InvalidRandomnessPoint, InvalidRandomnessProof, MalformedData

PROOF_LENGTH = 80
OUTPUT_LENGTH = 64

_SUITE = b"\x03"
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_SIGN = 1 << 255
_IDENTITY = bytes((1,)) + bytes(31)
# The two points with x = 0 (y = 1 and y = -1) have no negative, so their sign bit must be clear (RFC 8032, 5.1.3).
_ZERO_X = (1, _P - 1)


class SecretKey:
    """An Ed25519 seed as a VRF key. Neither repr, str nor pickle shows it."""

    __slots__ = ("_nonce_key", "_scalar", "public")

    def __init__(self, seed: bytes) -> None:
        """`seed` has 32 bytes: the first half of a Solana keypair. Raises MalformedData for another length."""
        if len(seed) != 32:
            raise MalformedData(f"a randomness key's seed has 32 bytes, not {len(seed)}")
        digest = sha512(seed).digest()
        clamped = bytes((digest[0] & 248, *digest[1:31], digest[31] & 63 | 64))
        self._scalar = int.from_bytes(clamped, "little")
        self._nonce_key = digest[32:]
        self.public = bindings.crypto_scalarmult_ed25519_base_noclamp(clamped)

    def __repr__(self) -> str:
        return f"SecretKey(public={self.public.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a secret key is not pickled")

    def prove(self, alpha: bytes) -> bytes:
        """The proof for `alpha`, 80 bytes: Gamma, c, s (RFC 9381, 5.1)."""
        h, _ = hash_to_curve(self.public, alpha)
        gamma = _multiply(self._scalar, h)
        # Nonce of RFC 8032 (RFC 9381, 5.4.2.2): the same alpha gives the same proof.
        k = int.from_bytes(sha512(self._nonce_key + h).digest(), "little") % _ORDER
        c = _challenge(self.public, h, gamma, _multiply_base(k), _multiply(k, h))
        s = (k + int.from_bytes(c, "little") * self._scalar) % _ORDER
        return gamma + c + s.to_bytes(32, "little")


def validate_key(key: bytes) -> None:
    """Raises InvalidRandomnessPoint unless `key` is a canonical point Y with 8Y not the identity (RFC 9381, 5.4.5)."""
    _check_point(key, "the randomness key")
    if _times_cofactor(key) == _IDENTITY:
        raise InvalidRandomnessPoint("the randomness key has small order: make a new one")


def verify(key: bytes, alpha: bytes, proof: bytes) -> bytes:
    """The output (64 bytes) that `proof` proves for `key` and `alpha` (RFC 9381, 5.3).

    Raises InvalidRandomnessPoint for a bad key or Gamma and InvalidRandomnessProof for everything else.
    """
    validate_key(key)
    gamma, c, s = _split(proof)
    h, _ = hash_to_curve(key, alpha)
    # U = sB - cY and V = sH - cGamma.
    u = _subtract(_multiply_base(s), _multiply(c, key))
    v = _subtract(_multiply(s, h), _multiply(c, gamma))
    if _challenge(key, h, gamma, u, v) != proof[32:48]:
        raise InvalidRandomnessProof("the proof does not verify for this key and alpha")
    return _output(gamma)


def proof_to_output(proof: bytes) -> bytes:
    """The output that belongs to a proof, which is NOT verified here (RFC 9381, 5.2)."""
    gamma, _, _ = _split(proof)
    return _output(gamma)


def hash_to_curve(key: bytes, alpha: bytes) -> tuple[bytes, int]:
    """H, and how many candidates were tried, at least 1 (try and increment, RFC 9381, 5.4.1.1).

    The number decides how many compute units the program's verification needs.
    """
    for counter in range(256):
        candidate = sha512(_SUITE + b"\x01" + key + alpha + bytes((counter, 0))).digest()[:32]
        if _is_point(candidate) and (h := _times_cofactor(candidate)) != _IDENTITY:
            return h, counter + 1
    raise InvalidRandomnessProof("no point in 256 tries, which happens once in 2^256 times: use another key")


def _output(gamma: bytes) -> bytes:
    return sha512(_SUITE + b"\x03" + _times_cofactor(gamma) + b"\x00").digest()


def _challenge(*points: bytes) -> bytes:
    """16 bytes over Y, H, Gamma, U and V (RFC 9381, 5.4.3)."""
    return sha512(_SUITE + b"\x02" + b"".join(points) + b"\x00").digest()[:16]


def _split(proof: bytes) -> tuple[bytes, int, int]:
    """Gamma, c and s (RFC 9381, 5.4.4)."""
    if len(proof) != PROOF_LENGTH:
        raise InvalidRandomnessProof(f"a proof has {PROOF_LENGTH} bytes, not {len(proof)}")
    gamma, s = proof[:32], int.from_bytes(proof[48:], "little")
    _check_point(gamma, "the proof's gamma")
    if s >= _ORDER:
        raise InvalidRandomnessProof("the proof's scalar is not below the group order")
    return gamma, int.from_bytes(proof[32:48], "little"), s


def _check_point(point: bytes, what: str) -> None:
    if len(point) != 32 or not _is_point(point):
        raise InvalidRandomnessPoint(f"{what} is not the canonical encoding of a point")


def _is_point(encoded: bytes) -> bool:
    """Whether 32 bytes are a point's one canonical encoding; libsodium alone would reduce y and forgive the sign."""
    number = int.from_bytes(encoded, "little")
    y = number & (_SIGN - 1)
    if y >= _P or (number & _SIGN and y in _ZERO_X):
        return False
    try:
        _add(encoded, _IDENTITY)
    except CryptoError:
        return False
    return True


def _add(p: bytes, q: bytes) -> bytes:
    return bindings.crypto_core_ed25519_add(p, q)


def _subtract(p: bytes, q: bytes) -> bytes:
    return bindings.crypto_core_ed25519_sub(p, q)


def _times_cofactor(point: bytes) -> bytes:
    for _ in range(3):
        point = _add(point, point)
    return point


def _multiply_base(scalar: int) -> bytes:
    if scalar % _ORDER == 0:
        return _IDENTITY
    return bindings.crypto_scalarmult_ed25519_base_noclamp((scalar % _ORDER).to_bytes(32, "little"))


def _multiply(scalar: int, point: bytes) -> bytes:
    """scalar x point for every point of the curve.

    libsodium multiplies only points of the main subgroup. A key or Gamma with a small-order part is legal all the
    same, here and in the program, and goes the slow way.
    """
    if scalar % _ORDER and bindings.crypto_core_ed25519_is_valid_point(point):
        return bindings.crypto_scalarmult_ed25519_noclamp((scalar % _ORDER).to_bytes(32, "little"), point)
    result = _IDENTITY
    for bit in f"{scalar:b}":
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return result
