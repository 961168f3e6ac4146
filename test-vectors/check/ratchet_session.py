"""Sessions, §6.5 to §6.10: sealing and opening. A session is a decoded `RatchetState`, blocks are decoded `SkippedBlock`s."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import constructions, handshake, ratchet
from . import ratchet_lane as lane
from .primitives import x25519_public_key, x25519_shared
from .ratchet_kept import Kept, Place, place_of
from .rules import IMPLICIT, INITIATOR, CLASSICAL, POST_QUANTUM, RESPONDER
from .spec import Refused, require
from .validity import DAY

State = Dict[str, Any]

OLDEST_SEALING = 90 * DAY
OLDEST = 60 * DAY
LONGEST_CHAIN = 60_000
OVERDUE = 7 * DAY


class Draws:
    """Randomness of a case; a call that succeeds leaves none."""

    def __init__(self, random: bytes):
        self.rest = random

    def take(self, length: int) -> bytes:
        assert len(self.rest) >= length
        drawn, self.rest = self.rest[:length], self.rest[length:]
        return constructions.draw(drawn)


def age(now: int, since: int) -> int:
    return max(0, now - since)


def direction(state: State) -> int:
    """Of what the session seals."""
    return ratchet.FROM_A if lane.is_offerer(state) else ratchet.FROM_B


def associated_data(state: State, of: int) -> bytes:
    return handshake.associated_data(state["transcript"])[of]


# §6.5

def common(keys: Dict[str, bytes], standing: Dict[str, Any], now: int) -> State:
    return {
        "standing": standing,
        "transcript": keys["transcript"],
        "begun": now,
        "receive_only": False,
        "root": keys["root"],
        "classical": now,
        "post_quantum": now,
        "closed_chains": [],
        "remembered_chains": [],
    }


def begin(keys: Dict[str, bytes], now: int, random: Draws) -> State:
    """A's session."""
    secret, seed = random.take(32), random.take(64)
    standing = {"role": INITIATOR, "answered": False, "authentication": IMPLICIT, "reduced": False}
    sending = {
        "key": keys["chain"],
        "next": 0,
        "header": ratchet.header_keys(keys["header"]),
        "ratchet_secret": secret,
        "ratchet_key": x25519_public_key(secret),
        "previous": 0,
        "epoch": 0,
    }
    return {
        **common(keys, standing, now),
        "next_sending": keys["next_header_of_initiator"],
        "sent_link": keys["link"],
        "next_receiving": ratchet.header_keys(keys["next_header_of_responder"]),
        "open": sending,
        "offering": lane.offering(1, seed, now),
    }


def expecting(keys: Dict[str, bytes], now: int) -> State:
    """B's session before its first message has opened: it has no ratchet key of A yet, so it is not kept."""
    standing = {"role": RESPONDER, "answered": False, "authentication": CLASSICAL, "reduced": False}
    receiving = {
        "key": keys["chain"],
        "next": 0,
        "header": ratchet.header_keys(keys["header"]),
        "ratchet_key": None,
        "previous": 0,
        "epoch": 0,
        "forgotten": False,
        "blocks": [],
    }
    return {
        **common(keys, standing, now),
        "next_sending": keys["next_header_of_responder"],
        "received_link": keys["link"],
        "next_receiving": ratchet.header_keys(keys["next_header_of_initiator"]),
        "due": {"previous": 0},
        "receiving": receiving,
        "collecting": lane.collecting(1),
    }


# §6.6

@dataclass
class Answer:
    """The first answer of B, §5.8."""

    ciphertext: bytes
    secret: bytes


@dataclass
class Sealed:
    state: State
    message: bytes
    message_key: bytes
    salt: bytes
    content_key: bytes
    header: bytes


def seal(state: State, content: bytes, now: int, random: Draws, answer: Optional[Answer] = None) -> Sealed:
    state = copy.deepcopy(state)
    standing = state["standing"]
    require(not state["receive_only"], "receive-only")
    require(age(now, state["begun"]) <= OLDEST_SEALING, "exhausted")
    require(standing["role"] == INITIATOR or standing["answered"] or answer is not None, "unanswered")
    require(len(content) <= ratchet.MOST_CONTENT, "too-long")
    if "open" in state:
        require(state["open"]["next"] < ratchet.MOST_MESSAGES, "exhausted")
    else:
        step_for_sending(state, now, random, None if standing["answered"] else answer)
    if "holding" in state:
        lane.answer(state, random.take(32), now)
    padded = fill(state, content, now)

    chain = state["open"]
    answered = chain.get("answer", b"")
    header = ratchet.Header(chain["ratchet_key"], chain["next"], chain["previous"], chain["epoch"], answered).encode()
    message_key, chain["key"] = ratchet.chain_step(chain["key"])
    chain["next"] += 1
    ad = associated_data(state, direction(state))
    sealed = ratchet.seal(message_key, chain["header"], ad, header, padded, random.take(32))
    return Sealed(state, sealed["message"], message_key, sealed["salt"], sealed["content_key"], header)


def step_for_sending(state: State, now: int, random: Draws, answer: Optional[Answer]) -> None:
    secret = random.take(32)
    key, theirs = x25519_public_key(secret), state["receiving"]["ratchet_key"]
    mixed, epoch = ratchet.NO_SECRET, 0
    if state["standing"]["role"] == RESPONDER:
        mixed = answer.secret if answer else mixed
        state["standing"]["answered"] = True
    elif "ready" in state:
        mixed, epoch = state["ready"]["secret"], state["ready"]["epoch"]
    made = ratchet.root_step(state["root"], x25519_shared(secret, theirs), mixed, direction(state), epoch, (key, theirs))
    chain = {
        "key": made["chain"],
        "next": 0,
        "header": ratchet.header_keys(state["next_sending"]),
        "ratchet_secret": secret,
        "ratchet_key": key,
        "previous": state["due"]["previous"],
        "epoch": epoch,
    }
    if answer:
        chain["answer"] = answer.ciphertext
    del state["due"]
    state.update({"open": chain, "root": made["root"], "next_sending": made["next_header"], "sent_link": made["link"]})
    state["classical"] = now
    if epoch:
        state["post_quantum"] = state["ready"]["made"]
        if epoch < lane.LAST_EPOCH:
            lane.enter(state, "offering", **lane.offering(epoch + 1, random.take(64), now))
        else:
            lane.close(state)


def fill(state: State, content: bytes, now: int) -> bytes:
    size = ratchet.smallest_bucket(content)
    if lane.waiting(state) and age(now, state["post_quantum"]) > OVERDUE:
        size = min(size + 1, len(ratchet.BUCKETS) - 1)
    bucket = ratchet.BUCKETS[size]
    symbols = lane.take(state, (bucket - ratchet.LEAST_BODY - len(content)) // ratchet.SYMBOL)
    epoch, received = lane.announced(state)
    return ratchet.encode_body(ratchet.Body(epoch, received, symbols, content), bucket)


# §6.7

@dataclass
class Opened:
    state: State
    content: bytes
    kept: Kept
    # Numbers that were passed for the first time: tag of the chain, the first, how many.
    gaps: List[Tuple[bytes, int, int]]


# From ct3, the secret of the first answer.
Answered = Callable[[bytes], Optional[bytes]]


def answers_in(state: State, chain: Dict[str, Any]) -> bool:
    """Whether a chain of the other side is B's first: every later one follows one with messages."""
    return lane.is_offerer(state) and chain["previous"] == 0


@dataclass
class Found:
    """The chain of a tag."""

    place: str  # current, next or closed
    chain: Optional[Dict[str, Any]]
    keys: bytes
    answers: bool


def find(state: State, message: bytes) -> Found:
    require(len(message) >= ratchet.TAG, "truncated")
    tag = message[: ratchet.TAG]
    current = state.get("receiving")
    if current and current["header"][: ratchet.TAG] == tag:
        return Found("current", current, current["header"], answers_in(state, current))
    # B's session begins with a message of A's first chain.
    require(current is None or current["ratchet_key"] is not None, "unknown-tag")
    if state["next_receiving"][: ratchet.TAG] == tag:
        return Found("next", None, state["next_receiving"], lane.is_offerer(state) and current is None)
    for chain in state["closed_chains"]:
        if chain["header"][: ratchet.TAG] == tag:
            return Found("closed", chain, chain["header"], chain["answers"])
    for chain in state["remembered_chains"]:
        if chain["tag"] == tag:
            raise repeated(chain)
    raise Refused("unknown-tag")


def repeated(chain: Dict[str, Any]) -> Refused:
    return Refused("too-old" if chain["forgotten"] else "used")


def open_message(state: State, blocks: List[Dict[str, Any]], message: bytes, now: int, answered: Answered) -> Opened:
    state = copy.deepcopy(state)
    theirs = 1 - direction(state)
    ad = associated_data(state, theirs)
    found = find(state, message)
    parts = ratchet.cut(message, found.answers)
    header = ratchet.read_header(parts, found.keys)
    kept = Kept(state, blocks, now)
    gaps: List[Tuple[bytes, int, int]] = []

    def forward(chain: Dict[str, Any], number: int) -> None:
        if chain["next"] < number:
            gaps.append((chain["header"][: ratchet.TAG], chain["next"], number - chain["next"]))
        kept.keep(chain, step_forward(chain, number))

    if found.place == "closed":
        require(header.number < found.chain["length"], "bad-header")
        message_key = kept.take(found.chain, header.number)
    else:
        chain = found.chain
        if found.place == "current":
            if chain["ratchet_key"] is None:
                chain["ratchet_key"] = header.key
            said = header.key, header.previous, header.epoch
            require(said == (chain["ratchet_key"], chain["previous"], chain["epoch"]), "bad-header")
        else:
            chain = follow(state, header, answered, forward)
        if header.number < chain["next"]:
            message_key = kept.take(chain, header.number)
        else:
            forward(chain, header.number)
            message_key, chain["key"] = ratchet.chain_step(chain["key"])
            chain["next"] += 1

    body = ratchet.decode_body(theirs, ratchet.open_body(message_key, ad, parts))
    lane.apply(state, body)
    prove(state)
    kept.finish()
    return Opened(state, body.content, kept, gaps)


def step_forward(chain: Dict[str, Any], number: int) -> List[Tuple[int, bytes]]:
    """The keys of the numbers that are passed."""
    passed = []
    while chain["next"] < number:
        message_key, chain["key"] = ratchet.chain_step(chain["key"])
        passed.append((chain["next"], message_key))
        chain["next"] += 1
    return passed


def follow(state: State, header: ratchet.Header, answered: Answered, forward: Callable) -> Dict[str, Any]:
    """A root step for receiving; the new chain is the current one."""
    require("open" in state and state["open"]["next"] > 0, "ahead")
    current, own = state.get("receiving"), state["open"]
    require(header.previous >= current["next"] if current else header.previous == 0, "bad-header")
    is_answering = "answering" in state and header.epoch == state["answering"]["epoch"]
    require(header.epoch == 0 or is_answering, "bad-header")
    require(current is None or header.key != current["ratchet_key"], "bad-header")

    mixed = ratchet.NO_SECRET
    if header.epoch:
        mixed = state["answering"]["secret"]
    elif header.answer:
        secret = answered(header.answer)
        require(secret is not None, "not-given")
        mixed = secret
    dh = x25519_shared(own["ratchet_secret"], header.key)
    made = ratchet.root_step(state["root"], dh, mixed, 1 - direction(state), header.epoch, (header.key, own["ratchet_key"]))

    if current:
        forward(current, header.previous)
        closed = {"header": current["header"], "length": current["next"], "answers": answers_in(state, current)}
        state["closed_chains"].append({**closed, "forgotten": current["forgotten"], "blocks": current["blocks"]})
    chain = {
        "key": made["chain"],
        "next": 0,
        "header": state["next_receiving"],
        "ratchet_key": header.key,
        "previous": header.previous,
        "epoch": header.epoch,
        "forgotten": False,
        "blocks": [],
    }
    state.update({"receiving": chain, "root": made["root"], "received_link": made["link"]})
    state["next_receiving"] = ratchet.header_keys(made["next_header"])
    del state["open"]
    state["due"] = {"previous": own["next"]}
    if header.epoch:
        state["post_quantum"] = state["answering"]["made"]
        if header.epoch < lane.LAST_EPOCH:
            lane.enter(state, "collecting", **lane.collecting(header.epoch + 1))
        else:
            lane.close(state)
    return chain


def prove(state: State) -> None:
    """§5.9: A has opened a message of B; B has opened one of a chain of A that is not its first."""
    standing = state["standing"]
    if standing["role"] == INITIATOR or state["receiving"]["previous"] > 0:
        standing.update({"authentication": POST_QUANTUM, "reduced": False})


# §6.9

def is_due(state: State, now: int) -> bool:
    is_long = "open" in state and state["open"]["next"] >= LONGEST_CHAIN
    return age(now, state["begun"]) > OLDEST or is_long or "closed" in state


def is_overdue(state: State, now: int) -> bool:
    return any(age(now, state[healing]) > OVERDUE for healing in ("classical", "post_quantum"))
