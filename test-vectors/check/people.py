"""What people compare and decide: §4.13 to §4.15."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Tuple

from . import chain, wire
from .constructions import draw
from .primitives import H, lp
from .rules import CODES
from .spec import Malformed, Refused, label, require

STEPS = 16384
VERIFICATION = 1


# §4.13

def fingerprint(path: chain.Path) -> bytes:
    return H(label("identity", "hash") + path.chain + path.newest_rotation)


@lru_cache(maxsize=None)
def half(identity: bytes) -> str:
    state = identity
    for _ in range(STEPS):
        state = H(label("safety number", "hash") + state + identity)
    groups = [int.from_bytes(state[5 * j : 5 * j + 5], "big") % 100000 for j in range(6)]
    return " ".join(f"{group:05}" for group in groups)


def safety_number(first: bytes, second: bytes) -> str:
    return " ".join(sorted((half(first), half(second))))


# §4.14

def check_code(payload: bytes, own: bytes, contact: bytes) -> None:
    scanned = wire.decode("QrPayload", payload)
    require("verification" in scanned, "mismatch")
    code = scanned["verification"]
    require(code["shower"] != own, "own-code")
    require(code["shower"] == contact and code["expected"] == own, "mismatch")


class Trust:
    """A contact; `value` is its ContactTrust."""

    def __init__(self, pinned: bytes):
        self.value: Dict[str, Any] = {"pinned": pinned, "verified": False}

    def follow(self, steps: List[Tuple[str, bytes]]) -> List[str]:
        actions = {"observe": self.observe, "verify": self.verify, "accept": self.accept, "withdraw": self.withdraw}
        outcomes = []
        for word, identity in steps:
            if word not in actions:
                raise Malformed(f"{word!r} is no step of README.md")
            try:
                outcomes.append(actions[word](identity))
            except Refused as refused:
                outcomes.append(refused.error)
        return outcomes

    def observe(self, identity: bytes) -> str:
        if identity == self.value.get("observed", self.value["pinned"]):
            return "same"
        if identity == self.value["pinned"]:
            del self.value["observed"]
            return "restored"
        self.value["observed"] = identity
        return "changed"

    def verify(self, identity: bytes) -> str:
        if identity != self.value["pinned"]:
            require(identity == self.value.get("observed"), "identity-changed")
            self.value = {"pinned": identity}
        self.value["verified"] = True
        return "verified"

    def accept(self, identity: bytes) -> str:
        require(identity == self.value.get("observed"), "identity-changed")
        require(not self.value["verified"], "latched")
        self.value = {"pinned": identity, "verified": False}
        return "accepted"

    def withdraw(self, _: bytes) -> str:
        self.value["verified"] = False
        return "withdrawn"


# §4.15

def commitment(purpose: int, context: bytes, nonce: bytes) -> bytes:
    return H(label("sas commitment", "hash") + bytes([purpose]) + lp(context) + nonce)


def require_reveal(purpose: int, context: bytes, promised: bytes, nonce: bytes) -> None:
    require(commitment(purpose, context, nonce) == promised, "unauthentic")


def codes(purpose: int, context: bytes, initiator: bytes, responder: bytes) -> Tuple[int, int]:
    """The code of the initiator and that of the responder."""
    digest = H(label("sas code", "hash") + bytes([purpose]) + lp(context) + initiator + responder)
    return number(digest[:8]), number(digest[8:16])


def number(data: bytes) -> int:
    return int.from_bytes(data, "big") % CODES


def comparing(message: str, shown: int, expected: int, outcome: Dict[str, Any]) -> bytes:
    return wire.encode(message, {"shown": shown, "expected": expected, "wrong": 0, **outcome})


def initiate(own: bytes, theirs: bytes, answer: bytes, random: bytes) -> Dict[str, Any]:
    answered = wire.decode("SasAnswer", answer)
    nonce, context = draw(random), own + theirs
    shown, expected = codes(VERIFICATION, context, nonce, answered["nonce"])
    return {
        "start": wire.encode("SasStart", {"commitment": commitment(VERIFICATION, context, nonce)}),
        "reveal": wire.encode("SasReveal", {"nonce": nonce}),
        "comparing": comparing("SasComparing", shown, expected, {"theirs": theirs}),
    }


def respond(own: bytes, theirs: bytes, start: bytes, reveal: bytes, random: bytes) -> Dict[str, Any]:
    promised, revealed = wire.decode("SasStart", start), wire.decode("SasReveal", reveal)
    nonce, context = draw(random), theirs + own
    require_reveal(VERIFICATION, context, promised["commitment"], revealed["nonce"])
    expected, shown = codes(VERIFICATION, context, revealed["nonce"], nonce)
    state = comparing("SasComparing", shown, expected, {"theirs": theirs})
    return {"answer": wire.encode("SasAnswer", {"nonce": nonce}), "comparing": state}
