"""The operations of README.md on the ratchet: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from . import ratchet, ratchet_lane, ratchet_rules, wire  # the rules register
from . import ratchet_session as session
from .forms import list_of_octets, number, number_in, octets, octets_of, script, symbols, u64
from .primitives import H, ml_kem_parse, x25519_parse, x25519_public_key, x25519_shared
from .registry import operation
from .spec import Malformed, Refused

SECRET = octets_of(32)
KEYS: Dict[str, Callable] = {
    "root": SECRET,
    "chain": SECRET,
    "header": SECRET,
    "next_header_of_responder": SECRET,
    "next_header_of_initiator": SECRET,
    "link": SECRET,
    "transcript": SECRET,
}


def secret_or_none(value: Any) -> bytes:
    return octets(value) if value == "" else SECRET(value)


@operation(
    "ratchet.root",
    root=SECRET,
    secret=SECRET,
    receiver=octets,
    mixed=secret_or_none,
    direction=number_in(0, 1),
    epoch=number,
)
def _(root, secret, receiver, mixed, direction, epoch):
    shared = x25519_shared(secret, receiver)
    keys = x25519_public_key(secret), receiver
    return {"shared": shared, **ratchet.root_step(root, shared, mixed or ratchet.NO_SECRET, direction, epoch, keys)}


@operation("ratchet.chain", chain=SECRET)
def _(chain):
    message_key, following = ratchet.chain_step(chain)
    return {"message_key": message_key, "chain": following}


@operation("ratchet.header_keys", header=SECRET)
def _(header):
    keys = ratchet.header_keys(header)
    return {"tag": keys[:8], "mask": keys[8:40], "mac": keys[40:]}


@operation(
    "ratchet.message",
    message_key=SECRET,
    header=SECRET,
    ad=SECRET,
    ratchet_key=octets,
    number=number,
    previous=number,
    epoch=number,
    answer=octets,
    padded=octets,
    random=SECRET,
)
def _(message_key, header, ad, ratchet_key, number, previous, epoch, answer, padded, random):
    x25519_parse(ratchet_key)
    plain = ratchet.Header(ratchet_key, number, previous, epoch, answer).encode()
    return {**ratchet.seal(message_key, ratchet.header_keys(header), ad, plain, padded, random), "plain": plain}


@operation("ratchet.body", epoch=number, received=u64, symbols=symbols, content=octets, length=number)
def _(epoch, received, symbols, content, length):
    return {"padded": ratchet.encode_body(ratchet.Body(epoch, received, symbols, content), length)}


@operation("ratchet.read_body", direction=number_in(0, 1), padded=octets)
def _(direction, padded):
    if len(padded) not in ratchet.BUCKETS:
        raise Malformed("a body has the length of a bucket")
    body = ratchet.decode_body(direction, padded)
    listed = [[i, body.symbols[i]] for i in sorted(body.symbols)]
    return {"epoch": body.epoch, "received": str(body.received), "symbols": listed, "content": body.content}


@operation("ratchet.lane", shared=SECRET, epoch=number, key=octets, ciphertext=octets_of(1088))
def _(shared, epoch, key, ciphertext):
    ml_kem_parse(key)
    secret, confirmation = ratchet_lane.lane_secret(shared, epoch, key, ciphertext)
    return {"secret": secret, "confirmation": confirmation}


# Sessions

SEALING = ("message", "message_key", "salt", "content_key", "header")


def shown_sealing(sealed: session.Sealed) -> Dict[str, Any]:
    return {name: getattr(sealed, name) for name in SEALING}


def shown_opening(opened: session.Opened) -> Dict[str, Any]:
    put, removed = opened.kept.changes()
    return {
        "content": opened.content,
        "gaps": [list(gap) for gap in opened.gaps],
        "put": [H(wire.encode("SkippedBlock", block)) for block in put],
        "removed": [list(place) for place in removed],
    }


def encoded(state: session.State) -> bytes:
    return wire.encode("RatchetState", state)


@operation("ratchet.begin", **KEYS, now=u64, random=octets_of(96))
def _(now, random, **keys):
    return {"state": encoded(session.begin(keys, now, session.Draws(random)))}


@operation("ratchet.accept", **KEYS, message=octets, now=u64)
def _(message, now, **keys):
    opened = session.open_message(session.expecting(keys, now), [], message, now, lambda _: None)
    return {"state": encoded(opened.state), **shown_opening(opened)}


@operation("ratchet.seal", state=octets, ciphertext=octets, k3=secret_or_none, content=octets, now=u64, random=octets)
def _(state, ciphertext, k3, content, now, random):
    draws = session.Draws(random)
    answer = session.Answer(ciphertext, k3) if ciphertext else None
    sealed = session.seal(wire.decode("RatchetState", state), content, now, draws, answer)
    if draws.rest:
        raise Malformed("more randomness than is drawn")
    return {"state": encoded(sealed.state), **shown_sealing(sealed)}


@operation("ratchet.open", state=octets, blocks=list_of_octets, k3=secret_or_none, message=octets, now=u64)
def _(state, blocks, k3, message, now):
    state = wire.decode("RatchetState", state)
    given = [wire.decode("SkippedBlock", block) for block in blocks]
    opened = session.open_message(state, given, message, now, lambda _: k3 or None)
    return {"state": encoded(opened.state), **shown_opening(opened)}


@operation("ratchet.age", state=octets, now=u64)
def _(state, now):
    state = wire.decode("RatchetState", state)
    return {"overdue": session.is_overdue(state, now), "renewal": session.is_due(state, now)}


# Conversations

class Side:
    """A device in a conversation: its state and its kept keys. B's session begins when a message has opened."""

    def __init__(self, keys: Dict[str, bytes], state: Optional[session.State] = None):
        self.keys, self.state = keys, state
        self.blocks: Dict[session.Place, Dict[str, Any]] = {}

    def open(self, message: bytes, now: int, answered: session.Answered) -> session.Opened:
        state = self.state or session.expecting(self.keys, now)
        opened = session.open_message(state, list(self.blocks.values()), message, now, answered)
        self.state = opened.state
        put, removed = opened.kept.changes()
        self.blocks.update({session.place_of(block): block for block in put})
        for place in removed:
            del self.blocks[place]
        return opened

    def shown(self) -> Dict[str, Any]:
        """What has changed most, in clear, and a hash of all."""
        name, value = ratchet_lane.phase(self.state)
        lane = [name, value["epoch"], value.get("secret", b"")]
        return {"root": self.state["root"], "lane": lane, "state": H(encoded(self.state))}


@operation("ratchet.converse", **KEYS, ciphertext=octets_of(1088), k3=SECRET, now=u64, random=octets_of(96), steps=script)
def _(ciphertext, k3, now, random, steps, **keys):
    sides = {
        "A": Side(keys, session.begin(keys, now, session.Draws(random))),
        "B": Side(keys),
    }
    results: List[Dict[str, Any]] = []
    for step in steps:
        results.append(run_step(step, sides, results, (ciphertext, k3)))
    return {"steps": results, "states": [encoded(sides[name].state) for name in "AB"]}


def run_step(step: Dict[str, Any], sides: Dict[str, Side], results: List[Dict[str, Any]], first_answer) -> Dict[str, Any]:
    side, now = sides[step["side"]], step["now"]
    try:
        if step["do"] == "seal":
            draws = session.Draws(step["random"])
            answer = session.Answer(*first_answer) if step["side"] == "B" else None
            sealed = session.seal(side.state, step["content"], now, draws, answer)
            if draws.rest:
                raise Malformed("more randomness than is drawn")
            side.state = sealed.state
            chain = {"chain": side.state["open"]["key"], "header_keys": side.state["open"]["header"]}
            return {**shown_sealing(sealed), **chain, **side.shown()}
        message = results[step["message"]]["message"]
        if "flip" in step:
            message = bytes(byte ^ (i == step["flip"]) for i, byte in enumerate(message))
        opened = side.open(message, now, lambda ct: first_answer[1] if ct == first_answer[0] else None)
    except Refused as refused:
        return {"error": refused.error}
    chain = {"chain": side.state["receiving"]["key"], "header_keys": side.state["receiving"]["header"]}
    return {**shown_opening(opened), **chain, **side.shown()}
