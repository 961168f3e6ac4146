"""Discovery and frames, §7.1 and §7.2."""

from __future__ import annotations

import re
from typing import Any, Dict, List

from . import address, chain, ed25519, ids, primitives, wire
from .spec import label, require
from .validity import is_expired, is_within, plus, require_begun

DAY = 24 * 60 * 60 * 1000
HOUR = 60 * 60 * 1000
VERSION = "v=sottovoce1;"


# §7.1

def sign_discovery(seed: bytes, discovery: bytes, manifest: bytes) -> bytes:
    wire.decode("Discovery", discovery)
    purpose = label("discovery signature", "classical signature")
    parts = {
        "discovery": discovery,
        "online_key": ids.online_key(primitives.ed25519_public_key(seed)),
        "signature": primitives.ed25519_sign(seed, purpose + discovery),
        "manifest": wire.decode("Manifest", manifest),
    }
    return wire.encode("SignedDiscovery", parts)


def verify_discovery(document: bytes, asked: str, now: int) -> Dict[str, Any]:
    signed = wire.decode("SignedDiscovery", document)
    address.check_domain(asked)
    discovery = wire.decode("Discovery", signed["discovery"])
    require(discovery["domain"] == asked, "mismatch")
    require_begun(discovery["validity"], now)
    require(not is_expired(discovery["validity"], now), "expired")

    manifest = chain.verify(chain.SERVER, wire.encode("Manifest", signed["manifest"]))
    require(manifest.body["domain"] == asked and manifest.chain == discovery["server"], "mismatch")

    keys = {ids.online_key(key["ed25519"]): key for key in manifest.body["online_keys"]}
    require(signed["online_key"] in keys, "mismatch")
    key = keys[signed["online_key"]]
    require(is_within(discovery["validity"], key["validity"]), "mismatch")
    purpose = label("discovery signature", "classical signature")
    ed25519.verify(key["ed25519"], purpose + signed["discovery"], signed["signature"])
    return _bound(manifest, discovery["validity"]["not_before"], discovery["validity"]["not_after"])


def _bound(manifest: chain.Manifest, since: int, until: int) -> Dict[str, Any]:
    return {"server": manifest.chain, "hash": manifest.path.hash, "not_before": str(since), "not_after": str(until)}


def parse_record(text: str) -> bytes:
    match = re.fullmatch(re.escape(VERSION) + " id=([0-9a-f]{64})", text)
    require(match is not None, "bad-record")
    return bytes.fromhex(match.group(1))


def record_among(texts: List[str]) -> bytes:
    ours = [text for text in texts if text.startswith(VERSION)]
    require(len(ours) <= 1, "bad-record")
    return parse_record(ours[0]) if ours else b""


def bind(record: str, asked: str, encoded: bytes, now: int) -> Dict[str, Any]:
    server = parse_record(record)
    address.check_domain(asked)
    manifest = chain.verify(chain.SERVER, encoded)
    require(manifest.chain == server and manifest.body["domain"] == asked, "mismatch")
    return _bound(manifest, now, plus(now, DAY))


# §7.2

def sign_frame(seed: bytes, frame: bytes) -> bytes:
    wire.decode("Frame", frame)
    purpose = label("frame signature", "classical signature")
    parts = {
        "frame": frame,
        "online_key": ids.online_key(primitives.ed25519_public_key(seed)),
        "signature": primitives.ed25519_sign(seed, purpose + frame),
    }
    return wire.encode("SignedFrame", parts)


def verify_frame(encoded: bytes, encoded_keys: List[bytes], receiver: bytes, now: int) -> Dict[str, Any]:
    signed = wire.decode("SignedFrame", encoded)
    frame = wire.decode("Frame", signed["frame"])
    listed = [wire.decode("OnlineKey", key) for key in encoded_keys]
    require(frame["to"] == receiver and frame["from"] != receiver, "mismatch")
    require(frame["sent_at"] <= plus(now, HOUR), "not-yet-valid")
    require(plus(frame["expires_at"], HOUR) >= now, "expired")
    keys = {ids.online_key(key["ed25519"]): key for key in listed}
    require(signed["online_key"] in keys, "mismatch")
    key = keys[signed["online_key"]]
    require_begun(key["validity"], now)
    require(not is_expired(key["validity"], now), "expired")
    purpose = label("frame signature", "classical signature")
    ed25519.verify(key["ed25519"], purpose + signed["frame"], signed["signature"])
    return {"from": frame["from"], "request": frame["request"], "parts": len(frame["parts"])}
