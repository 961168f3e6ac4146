"""Accounts and devices, §4.7."""

from __future__ import annotations

from typing import Any, Dict, List

from . import constructions, ed25519, ids, primitives, wire
from .spec import Refused, require

MANAGE = 1
SUITES = b"\x00\x01"


def draw_secret(random: bytes) -> Dict[str, Any]:
    """The private keys of a new device."""
    draws = [constructions.draw(random[start:end]) for start, end in ((0, 32), (32, 64), (64, 96), (96, 160))]
    return {"signing": draws[0] + draws[1], "agreement": draws[2], "kem": draws[3]}


def device_id(encoded: bytes) -> bytes:
    return ids.device(wire.decode("DeviceEntry", encoded))


def entry_of(secret: Dict[str, Any]) -> Dict[str, Any]:
    """The entry of the device with these private keys."""
    return {
        "signing": constructions.hybrid_public(secret["signing"]),
        "agreement": primitives.x25519_public_key(secret["agreement"]),
        "kem": primitives.ml_kem_public_key(secret["kem"]),
        "capabilities": 0,
        "suites": SUITES,
    }


def possess(secret: Dict[str, Any], account: bytes) -> bytes:
    return primitives.ed25519_sign(secret["signing"][:32], ids.possession(account, ids.device(entry_of(secret))))


def require_possession(entry: Dict[str, Any], account: bytes, possession: bytes) -> None:
    try:
        ed25519.verify(entry["signing"]["ed25519"], ids.possession(account, ids.device(entry)), possession)
    except Refused:
        raise Refused("no-possession") from None


# §4.4, step 3

def require_consistent(body: Dict[str, Any], header: Dict[str, Any]) -> None:
    managers = {ids.pair(entry["signing"]) for entry in body["devices"] if entry["capabilities"] & MANAGE}
    require(managers == set(header["device_authorities"]), "bad-body")
    pairs = {ids.pair(entry["signing"]) for entry in body["devices"]}
    require(not pairs & set(header["recovery_authorities"]), "bad-body")


def require_possessions(body: Dict[str, Any], account: bytes, possessions: List[bytes]) -> None:
    require(len(possessions) == len(body["devices"]), "no-possession")
    for entry, possession in zip(body["devices"], possessions):
        require_possession(entry, account, possession)
