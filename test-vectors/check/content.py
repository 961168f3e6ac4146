"""Contents, §10: their ids, who may say what, consent between accounts, and when receipts are due."""

from __future__ import annotations

from typing import Any, Dict, List

from . import address, wire
from .primitives import H
from .rules_content import ACCEPTED, BLOCKED, DECLINED, NONE, REQUEST_RECEIVED, REQUEST_SENT
from .spec import Refused, label, require

SLOT = 30_000
LAST = 2**64 - 1
DAY = 86_400_000
GRACE = 16 * DAY

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

def receive(content: bytes, sender: bytes, device: bytes, own: bytes, devices: List[bytes], contact: bytes, proven: bool) -> Dict[str, Any]:
    decoded = wire.decode("Content", content)
    kind, partner = decoded["kind"], decoded["direct"]["with"]
    is_copy = sender == own
    require(not is_copy or device in devices, "unlisted-device")
    require(is_copy or partner == own, "foreign-conversation")
    if kind_class(kind) == "own":
        require(is_copy, "foreign-sync")
        require(partner == own, "foreign-conversation")
    require(proven or kind_class(kind) == "stored", "unproven")
    if kind in BODIES:
        try:
            wire.decode(BODIES[kind], decoded["body"])
        except Refused:
            raise Refused("bad-content") from None
    if not is_copy:
        state = state_of(wire.decode("ContactConsent", contact)) if contact else NONE
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

def state_of(contact: Dict[str, Any]) -> int:
    """Accepted and request received without the other's grant count as none."""
    is_over = contact["state"] in (ACCEPTED, REQUEST_RECEIVED) and "theirs" not in contact
    return NONE if is_over else contact["state"]


def put_back(contact: Dict[str, Any], now: int) -> None:
    """Times that a clock has set which was more than a day ahead."""
    if contact["acted"] <= min(now + DAY, LAST):
        return
    now = max(now, 1)
    for name in ("acted", "decided", "made", "revoked", "blocked"):
        contact[name] = min(contact[name], now)
    if contact["state"] == BLOCKED:
        contact["blocked"] = contact["decided"]
    else:
        contact["blocked"] = min(contact["blocked"], now - 1)


def serving(contact: Dict[str, Any], now: int) -> List[bytes]:
    """What may reach the account: its token, and for a while the one before."""
    serves = "previous" in contact and now < contact["made"] + GRACE
    return [contact[name] for name in ("ours", "previous") if name in contact and (name == "ours" or serves)]


def act(encoded: bytes, what: str, home: str, now: int, random: bytes) -> Dict[str, Any]:
    contact = wire.decode("ContactConsent", encoded)
    address.check_domain(home)
    state = state_of(contact)
    at = max(now, min(contact["acted"] + 1, LAST))
    contact["acted"] = at
    sent, kind, tokens = b"", 0, []

    def grant():
        contact["told"] = True
        return {"token": contact["ours"], "domain": home}

    def have_token() -> None:
        if "ours" not in contact:
            contact.update(ours=random, made=at)
            tokens.extend(["add", random])

    def rotate() -> None:
        for token in serving(contact, at)[1:]:
            tokens.extend(["sink", token])
        tokens.extend(["rotate", contact["ours"], random])
        contact.update(previous=contact["ours"], ours=random, made=at, told=False)

    def decide(after: int) -> None:
        contact.update(state=after, decided=at)

    def say(name: str, said: Dict[str, Any]) -> bytes:
        return wire.encode("ConsentBody", {name: said})

    if what == "request" and state in (NONE, DECLINED, REQUEST_SENT):
        have_token()
        if state != REQUEST_SENT:
            decide(REQUEST_SENT)
        sent, kind = say("request", grant()), CONSENT
    elif what == "accept" and state == REQUEST_RECEIVED:
        have_token()
        decide(ACCEPTED)
        sent, kind = say("accept", grant()), CONSENT
    elif what == "decline" and state == REQUEST_RECEIVED:
        decide(DECLINED)
        sent, kind = say("decline", {}), CONSENT
    elif what == "revoke" and state in (REQUEST_SENT, ACCEPTED):
        rotate()
        decide(DECLINED if state == ACCEPTED else NONE)
        contact["revoked"] = at
        sent, kind = say("revoke", {}), CONSENT
    elif what == "rotate" and state == ACCEPTED:
        rotate()
        sent, kind = wire.encode("TokenGrant", grant()), 106
    elif what == "block" and state != BLOCKED:
        for token in serving(contact, at):
            tokens.extend(["sink", token])
        for name in ("ours", "previous", "theirs"):
            contact.pop(name, None)
        decide(BLOCKED)
        contact.update(told=False, made=0, blocked=at)
    elif what == "unblock" and state == BLOCKED:
        decide(NONE)
    else:
        raise Refused("not-possible")
    return {"contact": wire.encode("ContactConsent", contact), "at": str(at), "kind": kind, "send": sent, "tokens": tokens}


def hear(encoded: bytes, kind: int, body: bytes, sent_at: int, identifier: bytes) -> Dict[str, Any]:
    contact = wire.decode("ContactConsent", encoded)
    said = wire.decode(BODIES[kind], body)
    name, grant = ("token", said) if kind != CONSENT else next(iter(said.items()))
    state, after = state_of(contact), None
    if (sent_at, identifier) > (contact["heard"], contact["heard_id"]):
        if name == "request" and state in (NONE, REQUEST_RECEIVED):
            after = REQUEST_RECEIVED
        elif name in ("request", "accept", "token") and state in (REQUEST_SENT, ACCEPTED):
            after = ACCEPTED
            if name == "request":
                contact["told"] = False
        elif name == "decline" and state == REQUEST_SENT:
            after = NONE
        elif name == "revoke" and state in (REQUEST_SENT, REQUEST_RECEIVED, ACCEPTED):
            after = NONE
    if after is not None:
        contact.pop("theirs", None)
        if after != NONE:
            contact["theirs"] = grant
        contact.update(state=after, heard=sent_at, heard_id=identifier)
    return {"contact": wire.encode("ContactConsent", contact), "changed": after is not None}


RANKS = [REQUEST_SENT, ACCEPTED, NONE, REQUEST_RECEIVED, DECLINED, BLOCKED]


def merge(one: bytes, other: bytes, now: int) -> Dict[str, Any]:
    mine, theirs = wire.decode("ContactConsent", one), wire.decode("ContactConsent", other)
    require(theirs["acted"] <= now + DAY and theirs["heard"] <= now + 2 * DAY, "in-the-future")
    put_back(mine, now)
    both = [mine, theirs]
    ends = [(contact["blocked"], contact["revoked"]) for contact in both]
    if ends[0] != ends[1]:
        joined = dict(both[ends.index(max(ends))])
    else:
        joined = _join(both)
    joined["acted"] = max(contact["acted"] for contact in both)
    kept = [joined[name] for name in ("ours", "previous") if name in joined]
    lost: List[bytes] = []
    for token in serving(mine, now) + serving(theirs, now):
        if token not in kept + lost:
            lost.append(token)
    tokens = [part for token in lost for part in ("sink", token)]
    return {"contact": wire.encode("ContactConsent", joined), "tokens": tokens}


def _join(both: List[Dict[str, Any]]) -> Dict[str, Any]:
    def grant(contact):
        return [(given["token"], given["domain"].encode()) for given in [contact.get("theirs")] if given]

    def token(contact, name):
        return [contact[name]] if name in contact else []

    decided = max(both, key=lambda contact: (contact["decided"], RANKS.index(contact["state"])))
    own = max(both, key=lambda contact: (contact["made"], token(contact, "ours"), token(contact, "previous")))
    heard = max(both, key=lambda contact: (contact["heard"], contact["heard_id"], grant(contact)))
    joined = {name: decided[name] for name in ("state", "decided", "blocked", "revoked")}
    joined.update({name: own[name] for name in ("ours", "previous", "made") if name in own})
    joined.update({name: heard[name] for name in ("theirs", "heard", "heard_id") if name in heard})
    is_same = "ours" in both[0] and both[0].get("ours") == both[1].get("ours")
    joined["told"] = is_same and all(contact["told"] for contact in both)
    return joined
