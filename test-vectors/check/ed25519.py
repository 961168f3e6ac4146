"""Strict Ed25519 verification (§2.5), which libraries do not offer: RFC 8032 §5.1 with plain integers."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Optional, Tuple

from .spec import require

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

# Extended homogeneous coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
Point = Tuple[int, int, int, int]

IDENTITY: Point = (0, 1, 1, 0)


@lru_cache(maxsize=None)
def decode(data: bytes) -> Optional[Point]:
    """The point of which these 32 bytes are the canonical encoding, if any (RFC 8032 §5.1.3)."""
    encoded = int.from_bytes(data, "little")
    y, sign = encoded % 2**255, encoded >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_MINUS_1 % P
    if v * x * x % P != u or (x == 0 and sign == 1):
        return None
    if x % 2 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x % 2) << 255).to_bytes(32, "little")


def add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def negate(point: Point) -> Point:
    x, y, z, t = point
    return -x % P, y, z, -t % P


def has_small_order(point: Point) -> bool:
    return encode(multiply(8, point)) == encode(IDENTITY)


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def parse_public(data: bytes) -> Point:
    require(len(data) == 32, "invalid-key")
    point = decode(data)
    require(point is not None and not has_small_order(point), "invalid-key")
    return point


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    key = parse_public(public)
    require(len(signature) == 64, "invalid-length")
    require(_holds(key, public, message, signature), "invalid-signature")


@lru_cache(maxsize=None)
def _holds(key: Point, public: bytes, message: bytes, signature: bytes) -> bool:
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    # An R that is not canonical needs no test of its own: it equals no result of `encode`.
    point = decode(r)
    if s >= L or point is None or has_small_order(point):
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    return encode(add(multiply(s, BASE), multiply(k, negate(key)))) == r
