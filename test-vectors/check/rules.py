"""The last column of the tables of §2.12, §3.3 and §4.18: what a message must be beyond the rules of §3.2.

A rule for a field is given its value, a rule for a message the whole, when its fields have passed theirs.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, List

from . import address, ed25519, ids
from .primitives import ml_kem_parse, ml_kem_public_key, x25519_parse, x25519_public_key
from .spec import Refused, require
from .validity import at_most_30_days

RULES: Dict[str, Callable[[Any], None]] = {}

GREATEST_DEPTH = 10
MANAGE = 1
CODES = 10**9
MOST_WRONG = 3


def rule(name: str) -> Callable:
    def register(function: Callable) -> Callable:
        RULES[name] = function
        return function

    return register


def ascending(items: List[Any]) -> bool:
    return all(one < other for one, other in zip(items, items[1:]))


def distinct(items: List[Any]) -> bool:
    return len(set(items)) == len(items)


def spelt(check: Callable, text: str) -> None:
    """A part of an address in a message, where a wrong one is a wrong value."""
    try:
        check(text)
    except Refused:
        raise Refused("bad-value") from None


# §2.12

@rule("Job")
def _(job):
    require(job["done"] <= job["total"], "bad-value")


# §3.3

rule("HybridPublicKey.ed25519")(ed25519.parse_public)


@rule("AttachmentPointer.size")
def _(size):
    require(size <= 2**40, "bad-value")


# §4.3

@rule("ManifestHeader")
def _(header):
    recovery, device = header["recovery_authorities"], header["device_authorities"]
    require(len(recovery) >= 1, "bad-value")
    require(ascending(recovery) and ascending(device), "bad-value")
    require(not set(recovery) & set(device), "bad-value")
    require(header["refresh_after"] >= header["issued_at"], "bad-value")
    require("link" in header or (header["term"], header["version"]) == (0, 0), "bad-value")


# §4.7

rule("DeviceEntry.agreement")(x25519_parse)
rule("DeviceEntry.kem")(ml_kem_parse)


@rule("DeviceEntry.suites")
def _(encoded):
    count, rest = divmod(len(encoded), 2)
    require(rest == 0, "unknown-suite")
    suites = struct.unpack(f">{count}H", encoded)
    require(ascending(suites) and 1 in suites, "unknown-suite")


@rule("AccountBody")
def _(body):
    devices = body["devices"]
    require(ascending([ids.device(entry) for entry in devices]), "bad-value")
    require(distinct([entry["signing"]["ed25519"] for entry in devices]), "bad-value")
    require(distinct([entry["signing"]["ml_dsa_65"] for entry in devices]), "bad-value")
    require(distinct([entry["agreement"] for entry in devices]), "bad-value")
    require(distinct([entry["kem"] for entry in devices]), "bad-value")


# §4.8 to §4.10

@rule("Validity")
def _(validity):
    require(validity["not_before"] <= validity["not_after"], "bad-value")


def domain(text: str) -> None:
    spelt(address.check_domain, text)


rule("Endpoint.host")(domain)


@rule("Endpoint.port")
def _(port):
    require(1 <= port <= 65535, "bad-value")


rule("OnlineKey.ed25519")(ed25519.parse_public)
rule("OnlineKey.validity")(at_most_30_days)
rule("ServerBody.domain")(domain)


@rule("ServerBody")
def _(body):
    require(len(body["endpoints"]) >= 1, "bad-value")
    require(len(body["online_keys"]) >= 1, "bad-value")
    require(distinct([key["ed25519"] for key in body["online_keys"]]), "bad-value")


@rule("AddressCertificate.address")
def _(text):
    spelt(address.parse, text)


rule("AddressCertificate.validity")(at_most_30_days)


# §4.11

def suite(number: int) -> None:
    require(number == 1, "unknown-suite")


@rule("Stock.depth")
def _(depth):
    require(depth <= GREATEST_DEPTH, "bad-value")


rule("Bundle.suite")(suite)
rule("Bundle.validity")(at_most_30_days)
rule("Bundle.agreement")(x25519_parse)
rule("Bundle.kem")(ml_kem_parse)
rule("Stock.suite")(suite)
rule("Stock.validity")(at_most_30_days)
rule("OneTimePair.agreement")(x25519_parse)
rule("OneTimePair.kem")(ml_kem_parse)


# §5.12

rule("Initial.suite")(suite)
rule("Initial.address")(lambda text: spelt(address.parse, text))
rule("Initial.ephemeral")(x25519_parse)
rule("ReplayEntry.ephemeral")(x25519_parse)


def inner(message: str, data: bytes) -> Dict[str, Any]:
    """A message in a field of bytes, where a wrong one is a wrong value."""
    from . import wire

    try:
        return wire.decode(message, data)
    except Refused:
        raise Refused("bad-value") from None


@rule("OwnBundle")
def _(own):
    bundle, secret = inner("Bundle", own["bundle"]), own["secret"]
    require(bundle["number"] == secret["number"], "bad-value")
    require(bundle["agreement"] == x25519_public_key(secret["agreement"]), "bad-value")
    require(bundle["kem"] == ml_kem_public_key(secret["kem"]), "bad-value")


@rule("HandshakeAwaiting.initial")
def _(encoded):
    inner("Initial", encoded)


@rule("PeerFloor.suite")
def _(number):
    require(number < 2**16, "bad-value")


@rule("PeerFloor")
def _(floor):
    require(not floor["capabilities"] & MANAGE, "bad-value")


INITIATOR, RESPONDER = 1, 2
IMPLICIT, CLASSICAL, POST_QUANTUM = 1, 2, 3


@rule("SessionStanding")
def _(standing):
    is_proven = standing["authentication"] == POST_QUANTUM
    require(not (is_proven and standing["reduced"]), "bad-value")
    if standing["role"] == INITIATOR:
        require(not standing["answered"] and standing["authentication"] != CLASSICAL, "bad-value")
    else:
        require(standing["authentication"] != IMPLICIT, "bad-value")
        require(standing["answered"] or not is_proven, "bad-value")


# §4.14

@rule("ContactTrust")
def _(trust):
    require(trust.get("observed") != trust["pinned"], "bad-value")


# §4.16

rule("LinkInvitation.domain")(domain)


def code(number: int) -> None:
    require(number < CODES, "bad-value")


def wrong(count: int) -> None:
    require(count < MOST_WRONG, "bad-value")


for comparing in ("SasComparing", "LinkComparing", "LinkAwaiting"):
    rule(f"{comparing}.shown")(code)
    rule(f"{comparing}.expected")(code)
    rule(f"{comparing}.wrong")(wrong)


@rule("LinkComparing")
def _(kept):
    statement = ids.possession(kept["account"], ids.device(kept["device"]))
    ed25519.verify(kept["device"]["signing"]["ed25519"], statement, kept["possession"])
