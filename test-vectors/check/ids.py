"""The hashes by which keys, devices and headers are named: §2.6, §4.2, §4.7 and §4.8."""

from __future__ import annotations

from typing import Any, Dict

from .primitives import H
from .spec import label


def pair(public: Dict[str, bytes]) -> bytes:
    return H(label("pair", "hash") + public["ed25519"] + public["ml_dsa_65"])


def header(encoded: bytes) -> bytes:
    return H(label("manifest header", "hash") + encoded)


def body(encoded: bytes) -> bytes:
    return H(label("manifest body", "hash") + encoded)


def device(entry: Dict[str, Any]) -> bytes:
    return H(label("device", "hash") + pair(entry["signing"]) + entry["agreement"] + H(entry["kem"]))[:16]


def online_key(public: bytes) -> bytes:
    return H(label("online key", "hash") + public)[:16]


def possession(account: bytes, device_id: bytes) -> bytes:
    """What a device signs to prove that it possesses its keys."""
    return label("possession signature", "classical signature") + account + device_id
