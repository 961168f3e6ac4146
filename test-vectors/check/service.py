"""What a server says to its users' devices, §8."""

from __future__ import annotations

from typing import Any, Dict

from . import address as addresses
from . import constructions, wire
from .primitives import M
from .spec import Refused, label
from .validity import DAY, plus

HOUR = 60 * 60 * 1000


def sign_hello(seed: bytes, hello: bytes) -> bytes:
    wire.decode("Hello", hello)
    signature = constructions.hybrid_sign(seed, label("hello signature", "hybrid signature"), hello)
    return wire.encode("SignedHello", {"hello": hello, "signature": wire.decode("HybridSignature", signature)})


def verify_hello(server: bytes, public: bytes, signed_hello: bytes, now: int) -> str:
    """Why the server refuses it, in a word; empty if it does not."""
    key = wire.decode("HybridPublicKey", public)
    signed = wire.decode("SignedHello", signed_hello)
    try:
        hello = wire.decode("Hello", signed["hello"])
    except Refused:
        return "invalid"
    if hello["server"] != server:
        return "invalid"
    if abs(now - hello["time"]) > DAY:
        return "clock"
    try:
        constructions.require_signature(key, signed["signature"], label("hello signature", "hybrid signature"), signed["hello"])
    except Refused:
        return "invalid"
    return ""


def token(secret: bytes, account: bytes, device: bytes, expires: int) -> bytes:
    said = account + device + expires.to_bytes(8, "big")
    return said + M(secret, label("session", "MAC") + said)


def read(secret: bytes, presented: bytes, now: int) -> Dict[str, Any]:
    account, device, end = presented[:32], presented[32:48], int.from_bytes(presented[48:56], "big")
    holds = presented == token(secret, account, device, end) and now <= end <= plus(now, HOUR)
    return {"account": account, "device": device} if holds else {"account": b"", "device": b""}


def pseudonym(secret: bytes, account: bytes, address: str) -> bytes:
    addresses.parse(address)
    return M(secret, label("pseudonym", "MAC") + account + address.encode("ascii"))[:16]


def grant(secret: bytes, blob: bytes, size: int, now: int) -> bytes:
    permitted = wire.encode("BlobGrant", {"blob": blob, "size": size, "expires": plus(now, HOUR)})
    return wire.encode("SignedBlobGrant", {"grant": permitted, "mac": _mac(secret, permitted)})


def permits(secret: bytes, encoded: bytes, now: int) -> bytes:
    signed = wire.decode("SignedBlobGrant", encoded)
    if signed["mac"] != _mac(secret, signed["grant"]):
        return b""
    permitted = wire.decode("BlobGrant", signed["grant"])
    return permitted["blob"] if now <= permitted["expires"] <= plus(now, HOUR) else b""


def _mac(secret: bytes, permitted: bytes) -> bytes:
    return M(secret, label("blob grant", "MAC") + permitted)
