"""Edwards25519 and RFC 9381's ECVRF-EDWARDS25519-SHA512-TAI in plain integers: slow, short, and apart from
`chain.ecvrf`.

It makes what an honest prover never would (points of small order, encodings past p, proofs over a shifted gamma) and
is a second opinion on what an honest one does.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
SUITE = b"\x03"

Point: TypeAlias = tuple[int, int]
"""Affine x, y."""

IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """The complete addition law."""
    (x1, y1), (x2, y2) = a, b
    cross = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, P - 2, P) % P
    return x, y


def _sum(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Extended coordinates (add-2008-hwcd-3)."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    g, h = 2 * t1 * t2 * D, 2 * z1 * z2
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def multiply(scalar: int, point: Point) -> Point:
    """scalar x point; the scalar is not reduced, so that torsion shows."""
    x, y = point
    acc, step = (0, 1, 1, 0), (x, y, 1, x * y % P)
    while scalar:
        if scalar & 1:
            acc = _sum(acc, step)
        step, scalar = _sum(step, step), scalar >> 1
    inverse = pow(acc[2], P - 2, P)
    return acc[0] * inverse % P, acc[1] * inverse % P


def negate(point: Point) -> Point:
    """-point."""
    return -point[0] % P, point[1]


def encode(point: Point) -> bytes:
    """The canonical 32 bytes."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def recover(y: int, sign: int) -> Point | None:
    """The point of y (taken mod p) and the sign of x, as RFC 8032 decodes it; None where there is none. x = 0 with
    the sign bit is None too."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y % P


def decode(raw: bytes) -> Point | None:
    """The point of a canonical encoding."""
    value = int.from_bytes(raw, "little")
    y = value & (2**255 - 1)
    return None if y >= P else recover(y, value >> 255)


_BASE = recover(4 * pow(5, P - 2, P) % P, 0)
assert _BASE is not None
BASE: Point = _BASE


def torsion() -> list[Point]:
    """The eight points of order dividing 8."""
    y = 2
    while True:
        candidate = recover(y, 0)
        if candidate is not None:
            eighth = multiply(L, candidate)
            if multiply(4, eighth) != IDENTITY:
                return [multiply(times, eighth) for times in range(8)]
        y += 1


def secret_scalar(secret: bytes) -> int:
    """The clamped scalar of an Ed25519 seed."""
    raw = bytearray(hashlib.sha512(secret).digest()[:32])
    raw[0] &= 248
    raw[31] = raw[31] & 127 | 64
    return int.from_bytes(raw, "little")


def hash_to_curve(key: bytes, alpha: bytes) -> tuple[Point, int]:
    """Try-and-increment (5.4.1.1): the point, and how many tries it took."""
    for counter in range(256):
        digest = hashlib.sha512(SUITE + b"\1" + key + alpha + bytes([counter]) + b"\0").digest()
        found = decode(digest[:32])
        if found is not None and (cleared := multiply(8, found)) != IDENTITY:
            return cleared, counter + 1
    raise ValueError("no point in 256 tries")


def challenge(*points: Point) -> int:
    """Over five points (5.4.3): sixteen bytes."""
    text = SUITE + b"\2" + b"".join(map(encode, points)) + b"\0"
    return int.from_bytes(hashlib.sha512(text).digest()[:16], "little")


def proof_to_hash(gamma: Point) -> bytes:
    """The output beta (5.2)."""
    return hashlib.sha512(SUITE + b"\3" + encode(multiply(8, gamma)) + b"\0").digest()


def prove(
    secret: bytes, alpha: bytes, *, shift: Point = IDENTITY, key: Point | None = None, nonce: int | None = None
) -> tuple[bytes, bytes, int]:
    """A proof, its output and its challenge. `shift` is added to gamma and `key` published in the place of the honest
    one, which a hostile key holder may do."""
    scalar = secret_scalar(secret)
    public = multiply(scalar, BASE) if key is None else key
    point, _ = hash_to_curve(encode(public), alpha)
    gamma = add(multiply(scalar, point), shift)
    if nonce is None:
        digest = hashlib.sha512(hashlib.sha512(secret).digest()[32:] + encode(point)).digest()
        nonce = int.from_bytes(digest, "little") % L
    c = challenge(public, point, gamma, multiply(nonce, BASE), multiply(nonce, point))
    s = (nonce + c * scalar) % L
    return encode(gamma) + c.to_bytes(16, "little") + s.to_bytes(32, "little"), proof_to_hash(gamma), c


def verify(key: bytes, proof: bytes, alpha: bytes) -> bytes | None:
    """The output of a valid proof, else None (5.3), with keys of small order refused."""
    public, gamma = decode(key), decode(proof[:32])
    c, s = int.from_bytes(proof[32:48], "little"), int.from_bytes(proof[48:], "little")
    if public is None or gamma is None or s >= L or multiply(8, public) == IDENTITY:
        return None
    point, _ = hash_to_curve(key, alpha)
    u = add(multiply(s, BASE), negate(multiply(c, public)))
    v = add(multiply(s, point), negate(multiply(c, gamma)))
    return proof_to_hash(gamma) if challenge(public, point, gamma, u, v) == c else None
