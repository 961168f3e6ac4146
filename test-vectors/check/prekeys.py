"""Bundles, stocks and claims: §4.11 and §4.12."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Tuple

from . import chain, primitives, wire
from .constructions import draw, hybrid_sign, require_signature
from .primitives import H
from .spec import label, require
from .validity import DAY, is_expired, require_begun

GRACE = 30 * DAY
DRAWN_FOR_A_PAIR = 32 + 64

# The field that holds the signed bytes in a SignedBundle and in a SignedStock has the name of their label.
TYPES = {"bundle": "Bundle", "stock": "Stock"}


# §4.11

def sign(what: str, seed: bytes, encoded: bytes) -> bytes:
    wire.decode(TYPES[what], encoded)
    signature = wire.decode("HybridSignature", hybrid_sign(seed, _purpose(what), encoded))
    return wire.encode("Signed" + TYPES[what], {what: encoded, "signature": signature})


def _purpose(what: str) -> bytes:
    return label(f"{what} signature", "hybrid signature")


def leaf_input(account: bytes, device: bytes, number: int, pair: Dict[str, Any]) -> bytes:
    return account + device + struct.pack(">QI", number, pair["index"]) + pair["agreement"] + pair["kem"]


def leaf(entered: bytes) -> bytes:
    return H(label("leaf", "hash") + entered)


def node(left: bytes, right: bytes) -> bytes:
    return H(label("node", "hash") + left + right)


def generate(account: bytes, device: bytes, number: int, depth: int, random: bytes) -> Tuple[bytes, List[bytes]]:
    """The root and the encoded pairs of a stock."""
    pairs = []
    for index in range(2**depth):
        drawn = random[index * DRAWN_FOR_A_PAIR : (index + 1) * DRAWN_FOR_A_PAIR]
        agreement = primitives.x25519_public_key(draw(drawn[:32]))
        kem = primitives.ml_kem_public_key(draw(drawn[32:]))
        pairs.append({"index": index, "agreement": agreement, "kem": kem, "proof": []})

    row = [leaf(leaf_input(account, device, number, pair)) for pair in pairs]
    for level in range(depth):
        for pair in pairs:
            pair["proof"].append(row[pair["index"] >> level ^ 1])
        row = [node(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0], [wire.encode("OneTimePair", pair) for pair in pairs]


def leads_to(reached: bytes, index: int, proof: List[bytes]) -> bytes:
    for sibling in proof:
        reached = node(sibling, reached) if index & 1 else node(reached, sibling)
        index >>= 1
    return reached


# §4.12

def verify_claim(account: bytes, request: bytes, answer: bytes, seen: bytes, now: int) -> Dict[str, Any]:
    """Whether the bundle is overdue, the input of the leaf, and the new PrekeysSeen."""
    manifest = chain.verify(chain.ACCOUNT, account)
    asked = wire.decode("ClaimRequest", request)
    given = wire.decode("ClaimAnswer", answer)
    known = wire.decode("PrekeysSeen", seen)
    require(given["request"] == asked["request"], "mismatch")

    bundle = _signed("bundle", given["bundle"], asked, manifest)
    order = bundle["term"], bundle["version"]
    require(order <= manifest.path.order, "other-manifest")
    require(order < manifest.path.order or bundle["manifest"] == manifest.path.hash, "other-manifest")
    known["bundle"] = _not_rolled_back(bundle["number"], given["bundle"]["bundle"], known.get("bundle"))
    overdue = _overdue(bundle["validity"], now)

    entered = b""
    if "one_time" in given:
        one_time = given["one_time"]
        stock = _signed("stock", one_time["stock"], asked, manifest)
        known["stock"] = _not_rolled_back(stock["number"], one_time["stock"]["stock"], known.get("stock"))
        overdue = _overdue(stock["validity"], now) or overdue
        entered = _in_stock(stock, one_time["pair"])
    return {
        "overdue": overdue,
        "leaf_input": entered,
        "seen": wire.encode("PrekeysSeen", known),
    }


def _signed(what: str, signed: Dict[str, Any], asked: Dict[str, Any], manifest: chain.Manifest) -> Dict[str, Any]:
    """Step 2, for a bundle or a stock."""
    value = wire.decode(TYPES[what], signed[what])
    require(value["account"] == asked["account"] == manifest.chain, "mismatch")
    require(value["device"] == asked["device"], "mismatch")
    device = manifest.device(value["device"])
    require_signature(device["signing"], signed["signature"], _purpose(what), signed[what])
    return value


def _not_rolled_back(number: int, encoded: bytes, seen: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    """Step 4; the result is what was seen now."""
    now_seen = {"number": number, "hash": H(encoded)}
    if seen is not None:
        require(number >= seen["number"], "rollback")
        require(number > seen["number"] or now_seen == seen, "rollback")
    return now_seen


def _overdue(validity: Dict[str, Any], now: int) -> bool:
    """Step 5."""
    require_begun(validity, now)
    require(not is_expired(validity, now, GRACE), "expired")
    return is_expired(validity, now)


def _in_stock(stock: Dict[str, Any], pair: Dict[str, Any]) -> bytes:
    require(pair["index"] < 2 ** stock["depth"], "not-in-stock")
    require(len(pair["proof"]) == stock["depth"], "not-in-stock")
    entered = leaf_input(stock["account"], stock["device"], stock["number"], pair)
    require(leads_to(leaf(entered), pair["index"], pair["proof"]) == stock["root"], "not-in-stock")
    return entered
