"""The handshake, §5."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Tuple

from . import address as addresses
from . import chain, constructions, ids, prekeys, wire
from .account import MANAGE, entry_of
from .primitives import (
    H,
    M,
    P,
    X,
    aead_open,
    aead_seal,
    lp,
    ml_kem_decapsulate,
    ml_kem_encapsulate,
    ml_kem_public_key,
    x25519_parse,
    x25519_public_key,
    x25519_shared,
)
from .spec import Refused, label, require

ZERO = bytes(32)
BLOCK = ">32s16s32s32sIQ32sQ"
BLOCK_FIELDS = ("account", "device", "agreement", "kem", "term", "version", "manifest", "capabilities")
NEWEST_STEPS = 2
KEYS = ("root", "chain", "header", "next_header_of_responder", "next_header_of_initiator", "link")


# §5.2

def target_hash(target: Dict[str, Any]) -> bytes:
    return H(
        label("hs bundle", "hash")
        + struct.pack(">H", target["suite"])
        + target["account"]
        + target["device"]
        + lp(target["address"].encode("ascii"))
        + struct.pack(">IQ", target["term"], target["version"])
        + target["manifest"]
        + lp(target["bundle"])
        + lp(target["leaf_input"])
    )


def offer_hash(th0: bytes, ephemeral: bytes, ct1: bytes, ct2: bytes) -> bytes:
    return H(label("hs offer", "hash") + th0 + ephemeral + ct1 + ct2)


def full_hash(th1: bytes, block: bytes, idb: bytes) -> bytes:
    return H(label("hs full", "hash") + th1 + lp(block) + H(idb))


def hidden_key(p1: bytes) -> bytes:
    return P(p1, label("hs hidden", "expansion"), 32)


def second_key(p1: bytes, se: bytes, ss: bytes) -> bytes:
    return X(P(p1, label("hs chain", "expansion"), 32), se + ss)


def session_keys(p2: bytes, th2: bytes) -> Dict[str, bytes]:
    okm = P(p2, label("hs keys", "expansion") + th2, 32 * len(KEYS))
    return {name: okm[32 * i : 32 * i + 32] for i, name in enumerate(KEYS)}


def associated_data(th2: bytes) -> List[bytes]:
    return [H(label("ad", "hash") + th2 + bytes([direction])) for direction in (0, 1)]


def schedule(given: Dict[str, Any]) -> Dict[str, Any]:
    require(given["suite"] == 1, "unknown-suite")
    addresses.parse(given["address"])
    x25519_parse(given["ephemeral"])
    th0 = target_hash(given)
    th1 = offer_hash(th0, given["ephemeral"], given["ct1"], given["ct2"])
    p1 = X(th1, given["es"] + given["eo"] + given["ei"] + given["k1"] + given["k2"])
    hidden = hidden_key(p1)
    idb = aead_seal(hidden, constructions.ZERO_NONCE, given["block"], th1)
    th2 = full_hash(th1, given["block"], idb)
    p2 = second_key(p1, given["se"], given["ss"])
    result = {"th0": th0, "th1": th1, "p1": p1, "hidden": hidden, "idb": idb, "th2": th2, "p2": p2}
    return {**result, **session_keys(p2, th2)}


def session(th2: bytes, p2: bytes, has_pair: bool) -> Dict[str, Any]:
    return {"transcript": th2, **session_keys(p2, th2), "ad": associated_data(th2), "reduced": not has_pair}


# §5.3

def block_of(manifest: chain.Manifest, entry: Dict[str, Any]) -> bytes:
    return struct.pack(
        BLOCK,
        manifest.chain,
        ids.device(entry),
        entry["agreement"],
        H(entry["kem"]),
        *manifest.path.order,
        manifest.path.hash,
        entry["capabilities"],
    )


def read_block(block: bytes) -> Dict[str, Any]:
    value = dict(zip(BLOCK_FIELDS, struct.unpack(BLOCK, block)))
    x25519_parse(value["agreement"])
    return value


# §5.10

def raised(floor: bytes, suite: int, capabilities: int) -> bytes:
    """The new floor; an empty one pins nothing."""
    features = capabilities & ~MANAGE
    if floor:
        pinned = wire.decode("PeerFloor", floor)
        require(suite >= pinned["suite"], "downgrade")
        require(features & pinned["capabilities"] == pinned["capabilities"], "downgrade")
    return wire.encode("PeerFloor", {"suite": suite, "capabilities": features})


def listed(manifest: chain.Manifest, device: bytes, error: str) -> Dict[str, Any]:
    for entry in manifest.body["devices"]:
        if ids.device(entry) == device:
            return entry
    raise Refused(error)


# §5.5

def initiate(
    account: bytes,
    secret: bytes,
    recipient: bytes,
    request: bytes,
    answer: bytes,
    address: str,
    floor: bytes,
    now: int,
    seed: bytes,
) -> Dict[str, Any]:
    own = chain.verify(chain.ACCOUNT, account)
    keys = wire.decode("DeviceSecret", secret)
    theirs = chain.verify(chain.ACCOUNT, recipient)
    claim = wire.decode("ClaimAnswer", answer)
    addresses.parse(address)
    if floor:
        wire.decode("PeerFloor", floor)
    claimed = prekeys.verify_claim(recipient, request, answer, b"", now)
    bundle = wire.decode("Bundle", claim["bundle"]["bundle"])

    own_entry = listed(own, device_of(keys), "not-possible")
    entry = listed(theirs, bundle["device"], "not-possible")
    require(bundle["account"] == theirs.chain, "not-possible")
    require((bundle["term"], bundle["version"]) <= theirs.path.order, "not-possible")
    suites = [entry["suites"][i : i + 2] for i in range(0, len(entry["suites"]), 2)]
    require(struct.pack(">H", bundle["suite"]) in suites, "not-possible")
    new_floor = raised(floor, bundle["suite"], entry["capabilities"])
    require((own.chain, ids.device(own_entry)) != (theirs.chain, bundle["device"]), "not-possible")

    pair = claim["one_time"]["pair"] if "one_time" in claim else None
    drawn = constructions.generate(seed, [32, 32, 32])
    ephemeral_secret, coins1, coins2 = (constructions.draw(data) for data in drawn)
    ephemeral = x25519_public_key(ephemeral_secret)
    ct1, k1 = ml_kem_encapsulate((pair or bundle)["kem"], coins1)
    ct2, k2 = ml_kem_encapsulate(entry["kem"], coins2)
    es = x25519_shared(ephemeral_secret, bundle["agreement"])
    eo = x25519_shared(ephemeral_secret, pair["agreement"]) if pair else ZERO
    ei = x25519_shared(ephemeral_secret, entry["agreement"])
    se = x25519_shared(keys["agreement"], bundle["agreement"])
    ss = x25519_shared(keys["agreement"], entry["agreement"])

    names = {
        "suite": bundle["suite"],
        "device": bundle["device"],
        "address": address,
        "term": theirs.path.order[0],
        "version": theirs.path.order[1],
        "manifest": theirs.path.hash,
    }
    prekeys_used = {"bundle": claim["bundle"]["bundle"], "leaf_input": claimed["leaf_input"]}
    th0 = target_hash({**names, "account": theirs.chain, **prekeys_used})
    th1 = offer_hash(th0, ephemeral, ct1, ct2)
    p1 = X(th1, es + eo + ei + k1 + k2)
    block = block_of(own, own_entry)
    idb = aead_seal(hidden_key(p1), constructions.ZERO_NONCE, block, th1)
    th2 = full_hash(th1, block, idb)

    initial = {
        **names,
        "bundle": bundle["number"],
        "ephemeral": ephemeral,
        "prekey_ciphertext": ct1,
        "identity_ciphertext": ct2,
        "identity_block": idb,
    }
    if pair:
        stock = wire.decode("Stock", claim["one_time"]["stock"]["stock"])
        initial["one_time"] = {"stock": stock["number"], "index": pair["index"]}
    return {
        "initial": wire.encode("Initial", initial),
        **session(th2, second_key(p1, se, ss), pair is not None),
        "floor": new_floor,
        "capabilities": str(own_entry["capabilities"] & entry["capabilities"] & ~MANAGE),
    }


def device_of(keys: Dict[str, Any]) -> bytes:
    return ids.device(entry_of(keys))


# §5.6

def open_initial(
    account: bytes,
    secret: bytes,
    addresses_held: List[str],
    manifests: List[bytes],
    bundle: bytes,
    one_time: bytes,
    replay: bytes,
    encoded: bytes,
    now: int,
    sender: bytes,
) -> Dict[str, Any]:
    keys = wire.decode("DeviceSecret", secret)
    for address in addresses_held:
        addresses.parse(address)
    known = [wire.decode("OwnManifest", manifest) for manifest in manifests]
    held = wire.decode("OwnBundle", bundle) if bundle else None
    pair = wire.decode("OneTimeSecret", one_time) if one_time else None
    seen = wire.decode("ReplayEntry", replay) if replay else None
    initial = wire.decode("Initial", encoded)
    device = device_of(keys)

    require(seen is None or seen["ephemeral"] != initial["ephemeral"], "replayed")
    require(initial["device"] == device and initial["address"] in addresses_held, "mismatch")
    own = _own_manifest(known, (initial["term"], initial["version"]), initial["manifest"])
    prekey = _bundle_keys(held, initial["bundle"], now)
    pair = _pair_keys(pair, initial.get("one_time"), now)

    # The operations with keys.
    ephemeral = initial["ephemeral"]
    es = x25519_shared(prekey["agreement"], ephemeral)
    eo = x25519_shared(pair["agreement"], ephemeral) if pair else ZERO
    ei = x25519_shared(keys["agreement"], ephemeral)
    k1 = ml_kem_decapsulate((pair or prekey)["kem"], initial["prekey_ciphertext"])
    k2 = ml_kem_decapsulate(keys["kem"], initial["identity_ciphertext"])
    used = {"account": account, "bundle": held["bundle"], "leaf_input": _leaf_input(account, device, pair)}
    th0 = target_hash({**initial, **used})
    th1 = offer_hash(th0, ephemeral, initial["prekey_ciphertext"], initial["identity_ciphertext"])
    p1 = X(th1, es + eo + ei + k1 + k2)
    idb = initial["identity_block"]
    block = aead_open(hidden_key(p1), constructions.ZERO_NONCE, idb, th1)
    said = read_block(block)
    require((said["account"], said["device"]) != (account, device), "mismatch")
    se = x25519_shared(prekey["agreement"], said["agreement"])
    ss = x25519_shared(keys["agreement"], said["agreement"])
    th2 = full_hash(th1, block, idb)

    entry = {"ephemeral": ephemeral, "erase_after": prekey["erase_after"]}
    seen = seen_capabilities(said, chain.verify(chain.ACCOUNT, sender))
    answering = {"account": said["account"], "device": said["device"], "transcript": th2}
    return {
        "block": block,
        **session(th2, second_key(p1, se, ss), pair is not None),
        "replay": wire.encode("ReplayEntry", entry),
        "answering": wire.encode("HandshakeAnswering", answering),
        "initial_hash": H(encoded),
        "consumed": wire.encode("OneTimePlace", initial["one_time"]) if "one_time" in initial else b"",
        "floor": raised(b"", initial["suite"], seen),
        "capabilities": str(seen & own["capabilities"] & ~MANAGE),
    }


def _own_manifest(held: List[Dict[str, Any]], order: Tuple[int, int], named: bytes) -> Dict[str, Any]:
    """The one that is named; the newest, if the device skipped the one that is named."""
    of_order = [own for own in held if (own["term"], own["version"]) == order]
    require(held != [], "other-manifest")
    newest = max(held, key=lambda own: (own["term"], own["version"]))
    if not of_order and order < (newest["term"], newest["version"]):
        return newest
    matching = [own for own in of_order if own["hash"] == named]
    require(matching != [], "other-manifest")
    return matching[0]


def _bundle_keys(held: Optional[Dict[str, Any]], number: int, now: int) -> Dict[str, Any]:
    require(held is not None, "unknown-prekey")
    secret = held["secret"]
    require(secret["number"] == number and now <= secret["erase_after"], "unknown-prekey")
    return secret


def _pair_keys(pair: Optional[Dict[str, Any]], place: Optional[Dict[str, int]], now: int) -> Optional[Dict[str, Any]]:
    if place is None:
        return None
    require(pair is not None, "unknown-prekey")
    require((pair["stock"], pair["index"]) == (place["stock"], place["index"]), "unknown-prekey")
    require(now <= pair["erase_after"], "unknown-prekey")
    return pair


def _leaf_input(account: bytes, device: bytes, pair: Optional[Dict[str, Any]]) -> bytes:
    if pair is None:
        return b""
    public = {
        "index": pair["index"],
        "agreement": x25519_public_key(pair["agreement"]),
        "kem": ml_kem_public_key(pair["kem"]),
    }
    return prekeys.leaf_input(account, device, pair["stock"], public)


# §5.7, steps 9 to 11

def compare(block: bytes, account: bytes, floor: bytes) -> Dict[str, Any]:
    manifest = chain.verify(chain.ACCOUNT, account)
    if floor:
        wire.decode("PeerFloor", floor)
    return {"floor": raised(floor, 1, seen_capabilities(read_block(block), manifest))}


def seen_capabilities(said: Dict[str, Any], manifest: chain.Manifest) -> int:
    require(said["account"] == manifest.chain, "mismatch")
    order = (said["term"], said["version"])
    require(order <= manifest.path.order, "other-manifest")
    is_same = order == manifest.path.order
    require(not is_same or said["manifest"] == manifest.path.hash, "other-manifest")
    entry = listed(manifest, said["device"], "mismatch")
    require((said["agreement"], said["kem"]) == (entry["agreement"], H(entry["kem"])), "mismatch")
    require(not is_same or said["capabilities"] == entry["capabilities"], "mismatch")
    # Of an older manifest the block is A's word, which counts as far as the manifest lists it too.
    return said["capabilities"] & entry["capabilities"]


# §5.8

def third_key(z3: bytes, th2: bytes, ct3: bytes) -> bytes:
    return P(X(ZERO, z3), label("answer", "expansion") + th2 + H(ct3), 32)


def answer(answering: bytes, account: bytes, random: bytes) -> Dict[str, Any]:
    state = wire.decode("HandshakeAnswering", answering)
    manifest = chain.verify(chain.ACCOUNT, account)
    require(state["account"] == manifest.chain, "not-possible")
    entry = listed(manifest, state["device"], "not-possible")
    ct3, z3 = ml_kem_encapsulate(entry["kem"], constructions.draw(random))
    return {"ciphertext": ct3, "k3": third_key(z3, state["transcript"], ct3)}


def answered(awaiting: bytes, secret: bytes, ciphertext: bytes) -> Dict[str, Any]:
    state, keys = wire.decode("HandshakeAwaiting", awaiting), wire.decode("DeviceSecret", secret)
    z3 = ml_kem_decapsulate(keys["kem"], ciphertext)
    return {"k3": third_key(z3, state["transcript"], ciphertext)}


# §5.11

def link(secret: bytes, th2: bytes) -> Tuple[bytes, bytes]:
    return H(secret)[:8], M(secret, label("link", "MAC") + th2)


def prove_link(secret: bytes, th2: bytes) -> bytes:
    name, proof = link(secret, th2)
    return wire.encode("LinkProof", {"link": name, "proof": proof})


def require_link(proof: bytes, links: List[bytes], th2: bytes) -> None:
    given = wire.decode("LinkProof", proof)
    accepted = [link(secret, th2) for secret in links[:NEWEST_STEPS]]
    require((given["link"], given["proof"]) in accepted, "not-linked")
