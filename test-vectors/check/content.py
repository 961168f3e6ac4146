"""Contents, §10: their ids, who may say what, consent between accounts, and when receipts are due."""

from __future__ import annotations

from typing import Any, Dict, List

from . import address, wire
from .primitives import H
from .rules_content import ACCEPTED, BLOCKED, DECLINED, NONE, REQUEST_RECEIVED, REQUEST_SENT
from .spec import Refused, label, require

SLOT = 30_000
LAST = 2**64 - 1

BODIES = {
    1: "TextBody",
    100: "EditBody",
    101: "DeleteBody",
    102: "ReactionBody",
    103: "ReceiptBody",
    104: "TimerBody",
    105: "ProfileBody",
    106: "TokenGrant",
    107: "ConsentBody",
    200: "TypingBody",
    300: "ReadMarkerBody",
    301: "ContactBody",
}
CONSENT = 107


# §10.1

def direct(one: bytes, other: bytes) -> bytes:
    return H(label("direct", "hash") + min(one, other) + max(one, other))


def lp(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def content_id(sender: bytes, conversation: bytes, content: bytes) -> bytes:
    return H(label("content", "hash") + sender + conversation + lp(content))[:16]


# §10.2

def kind_class(kind: int) -> str:
    return ("stored", "silent", "ephemeral", "own")[kind // 100]


# §10.3

def receive(content: bytes, sender: bytes, device: bytes, own: bytes, devices: List[bytes], contact: bytes) -> Dict[str, Any]:
    decoded = wire.decode("Content", content)
    kind, partner = decoded["kind"], decoded["direct"]["with"]
    is_copy = sender == own
    require(not is_copy or device in devices, "unlisted-device")
    require(is_copy or partner == own, "foreign-conversation")
    if kind_class(kind) == "own":
        require(is_copy, "foreign-sync")
        require(partner == own, "foreign-conversation")
    if kind in BODIES:
        try:
            wire.decode(BODIES[kind], decoded["body"])
        except Refused:
            raise Refused("bad-content") from None
    if not is_copy:
        state = wire.decode("ContactConsent", contact)["state"] if contact else NONE
        require(_is_taken(state, kind), "not-permitted")
    conversation = direct(sender, partner)
    return {
        "conversation": conversation,
        "id": content_id(sender, conversation, content),
        "kind": kind,
        "class": kind_class(kind),
        "copy": is_copy,
        "known": kind in BODIES,
    }


def _is_taken(state: int, kind: int) -> bool:
    if state in (ACCEPTED, REQUEST_SENT):
        return kind_class(kind) != "own"
    return state != BLOCKED and kind == CONSENT


# §10.5

def due(now: int, rank: int, random: bytes) -> int:
    jitter = int.from_bytes(random[:8], "big") % SLOT
    return min((now // SLOT + 1 + rank) * SLOT + jitter, LAST)


# §10.6

def act(encoded: bytes, what: str, home: str, now: int, random: bytes) -> Dict[str, Any]:
    contact = wire.decode("ContactConsent", encoded)
    address.check_domain(home)
    state = contact["state"]
    sent, kind, tokens = b"", 0, []

    def grant():
        return {"token": contact["ours"], "domain": home}

    def offer(name: str, after: int) -> bytes:
        if "ours" not in contact:
            contact["ours"] = random
            tokens.extend(["add", random])
        contact.update(state=after, told=True)
        return wire.encode("ConsentBody", {name: grant()})

    def rotate() -> None:
        tokens.extend(["rotate", contact["ours"], random])
        contact.update(ours=random, told=False)

    if what == "request" and state in (NONE, DECLINED, REQUEST_SENT):
        sent, kind = offer("request", REQUEST_SENT), CONSENT
    elif what == "accept" and state == REQUEST_RECEIVED:
        sent, kind = offer("accept", ACCEPTED), CONSENT
    elif what == "decline" and state == REQUEST_RECEIVED:
        sent, kind = wire.encode("ConsentBody", {"decline": {}}), CONSENT
        contact["state"] = DECLINED
    elif what == "revoke" and state in (REQUEST_SENT, ACCEPTED):
        rotate()
        sent, kind = wire.encode("ConsentBody", {"revoke": {}}), CONSENT
        contact["state"] = DECLINED if state == ACCEPTED else NONE
    elif what == "rotate" and state == ACCEPTED:
        rotate()
        sent, kind = wire.encode("TokenGrant", grant()), 106
        contact["told"] = True
    elif what == "block" and state != BLOCKED:
        if "ours" in contact:
            tokens.extend(["sink", contact.pop("ours")])
        contact.pop("theirs", None)
        contact.update(state=BLOCKED, told=False)
    elif what == "unblock" and state == BLOCKED:
        contact["state"] = NONE
    else:
        raise Refused("not-possible")
    contact["acted"] = _later(contact["acted"], now)
    return {"contact": wire.encode("ContactConsent", contact), "kind": kind, "send": sent, "tokens": tokens}


def hear(encoded: bytes, kind: int, body: bytes, now: int) -> Dict[str, Any]:
    contact = wire.decode("ContactConsent", encoded)
    said = wire.decode(BODIES[kind], body)
    name, grant = ("token", said) if kind != CONSENT else next(iter(said.items()))
    state = contact["state"]
    after: Dict[str, Any] = {}
    if name == "request" and state in (NONE, REQUEST_RECEIVED):
        after = {"state": REQUEST_RECEIVED, "theirs": grant}
    elif name in ("request", "accept", "token") and state in (REQUEST_SENT, ACCEPTED):
        after = {"state": ACCEPTED, "theirs": grant}
        if name == "request" and state == ACCEPTED:
            after["told"] = False
    elif name == "decline" and state == REQUEST_SENT:
        after = {"state": NONE}
    elif name == "revoke" and state in (REQUEST_SENT, REQUEST_RECEIVED, ACCEPTED):
        contact.pop("theirs", None)
        after = {"state": NONE}
    if after:
        contact.update(after, heard=_later(contact["heard"], now))
    return {"contact": wire.encode("ContactConsent", contact), "changed": bool(after)}


def merge(one: bytes, other: bytes) -> bytes:
    def rank(encoded: bytes):
        contact = wire.decode("ContactConsent", encoded)
        return contact["acted"], contact["heard"], encoded

    return max(one, other, key=rank)


def _later(before: int, now: int) -> int:
    return max(now, min(before + 1, LAST))
