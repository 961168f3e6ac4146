"""Certificates of addresses, §4.9."""

from __future__ import annotations

from typing import Any, Dict

from . import address, chain, ed25519, ids, primitives, wire
from .spec import label, require
from .validity import is_expired, is_within, require_begun


def sign(seed: bytes, certificate: bytes) -> bytes:
    wire.decode("AddressCertificate", certificate)
    parts = {
        "certificate": certificate,
        "online_key": ids.online_key(primitives.ed25519_public_key(seed)),
        "signature": primitives.ed25519_sign(seed, _purpose() + certificate),
    }
    return wire.encode("SignedCertificate", parts)


def verify(server: bytes, signed_certificate: bytes, now: int) -> Dict[str, Any]:
    """The certificate, if it is good at that time."""
    manifest = chain.verify(chain.SERVER, server)
    signed = wire.decode("SignedCertificate", signed_certificate)
    certificate = wire.decode("AddressCertificate", signed["certificate"])
    _, domain = address.parse(certificate["address"])
    require(certificate["server"] == manifest.chain and domain == manifest.body["domain"], "mismatch")

    keys = {ids.online_key(key["ed25519"]): key for key in manifest.body["online_keys"]}
    require(signed["online_key"] in keys, "mismatch")
    key = keys[signed["online_key"]]
    require(is_within(certificate["validity"], key["validity"]), "mismatch")

    ed25519.verify(key["ed25519"], _purpose() + signed["certificate"], signed["signature"])
    require_begun(certificate["validity"], now)
    require(not is_expired(certificate["validity"], now), "expired")
    return certificate


def _purpose() -> bytes:
    return label("certificate signature", "classical signature")
