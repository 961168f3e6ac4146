"""The lane, §6.8: what each side does with its part of a state. A state is a decoded `RatchetState`."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Tuple

from . import ratchet
from .primitives import H, P, X, ml_kem_decapsulate, ml_kem_encapsulate, ml_kem_parse, ml_kem_public_key
from .rules import INITIATOR
from .spec import Refused, label, require

State = Dict[str, Any]

PHASES = ("offering", "ready", "collecting", "holding", "answering", "closed")
CONFIRMATION = 16
ANSWER = ratchet.KEM_CIPHERTEXT + CONFIRMATION
LAST_EPOCH = 2**32 - 1


def lane_secret(z: bytes, epoch: int, key: bytes, ciphertext: bytes) -> Tuple[bytes, bytes]:
    """K and the confirmation."""
    info = label("lane", "expansion") + struct.pack(">BI", 1, epoch) + H(key) + H(ciphertext)
    okm = P(X(bytes(32), z), info, 32 + CONFIRMATION)
    return okm[:32], okm[32:]


def phase(state: State) -> Tuple[str, Dict[str, Any]]:
    return next((name, state[name]) for name in PHASES if name in state)


def enter(state: State, name: str, **fields: Any) -> None:
    del state[phase(state)[0]]
    state[name] = fields


def close(state: State) -> None:
    enter(state, "closed", epoch=phase(state)[1]["epoch"])


def is_offerer(state: State) -> bool:
    return state["standing"]["role"] == INITIATOR


def nothing_yet() -> Dict[str, Any]:
    return {"held": 0, "symbols": b""}


def waiting_to_go(data: bytes) -> Dict[str, Any]:
    return {"bytes": data, "acknowledged": 0, "cursor": 0}


def offering(epoch: int, seed: bytes, now: int) -> Dict[str, Any]:
    key = waiting_to_go(ml_kem_public_key(seed))
    return {"epoch": epoch, "seed": seed, "made": now, "key": key, "answer": nothing_yet()}


def collecting(epoch: int) -> Dict[str, Any]:
    return {"epoch": epoch, "key": nothing_yet()}


# Sealing

def answer(state: State, random: bytes, now: int) -> None:
    """Holding becomes Answering."""
    held = phase(state)[1]
    ciphertext, z = ml_kem_encapsulate(held["key"], random)
    secret, confirmation = lane_secret(z, held["epoch"], held["key"], ciphertext)
    outgoing = waiting_to_go(ciphertext + confirmation)
    enter(state, "answering", epoch=held["epoch"], secret=secret, made=now, answer=outgoing)


def symbols_of(data: bytes) -> List[bytes]:
    padded = data + bytes(-len(data) % ratchet.SYMBOL)
    return [padded[i : i + ratchet.SYMBOL] for i in range(0, len(padded), ratchet.SYMBOL)]


def outgoing(state: State) -> Optional[Dict[str, Any]]:
    name, value = phase(state)
    return value.get({"offering": "key", "answering": "answer"}.get(name, ""))


def waiting(state: State) -> List[int]:
    """The numbers of the symbols that wait, the one to be sent first in front."""
    part = outgoing(state)
    if part is None:
        return []
    count = len(symbols_of(part["bytes"]))
    in_turn = [*range(part["cursor"], count), *range(part["cursor"])]
    return [i for i in in_turn if not part["acknowledged"] >> i & 1]


def take(state: State, room: int) -> Dict[int, bytes]:
    """The symbols that go into the next message."""
    numbers = waiting(state)[:room]
    if not numbers:
        return {}
    part = outgoing(state)
    symbols = symbols_of(part["bytes"])
    part["cursor"] = numbers[-1] + 1
    return {i: symbols[i] for i in numbers}


def announced(state: State) -> Tuple[int, int]:
    """`lane epoch` and `received` of a body."""
    name, value = phase(state)
    everything = (1 << ratchet.SYMBOLS[ratchet.FROM_B if is_offerer(state) else ratchet.FROM_A]) - 1
    received = {
        "offering": lambda: value["answer"]["held"],
        "ready": lambda: everything,
        "collecting": lambda: value["key"]["held"],
        "holding": lambda: everything,
        "answering": lambda: everything,
        "closed": lambda: 0,
    }
    return (0 if name == "closed" else value["epoch"]), received[name]()


# Opening

def apply(state: State, body: ratchet.Body) -> None:
    """What the fields of a body change."""
    if state["receive_only"]:
        return
    if body.epoch == 0:
        require(body.received == 0 and not body.symbols, "bad-lane")
    name, value = phase(state)
    if name == "closed" or body.epoch != value["epoch"]:
        return
    acknowledge(value, "key" if is_offerer(state) else "answer", name in ("offering", "answering"), body.received)
    if name == "offering" and collect(value["answer"], body.symbols, ratchet.FROM_B):
        finish(state)
    elif name == "collecting" and collect(value["key"], body.symbols, ratchet.FROM_A):
        hold(state)


def acknowledge(value: Dict[str, Any], part: str, is_sending: bool, received: int) -> None:
    if not is_sending or part not in value:
        return
    outgoing = value[part]
    outgoing["acknowledged"] |= received
    if outgoing["acknowledged"] == (1 << len(symbols_of(outgoing["bytes"]))) - 1:
        del value[part]


def collect(incoming: Dict[str, Any], symbols: Dict[int, bytes], direction: int) -> bool:
    """Adds symbols; whether all are there."""
    last = ratchet.SYMBOLS[direction] - 1
    if direction == ratchet.FROM_B and last in symbols:
        require(symbols[last][CONFIRMATION:] == bytes(16), "bad-lane")
    held = ratchet.bits(incoming["held"])
    known = {number: incoming["symbols"][32 * i : 32 * i + 32] for i, number in enumerate(held)}
    for number, symbol in symbols.items():
        require(known.setdefault(number, symbol) == symbol, "bad-lane")
    incoming["held"] = ratchet.bitmap(known)
    incoming["symbols"] = b"".join(known[number] for number in sorted(known))
    return len(known) == last + 1


def finish(state: State) -> None:
    """The answer is complete: Offering becomes Ready, or Closed."""
    value = phase(state)[1]
    data = value["answer"]["symbols"]
    ciphertext, confirmation = data[: ratchet.KEM_CIPHERTEXT], data[ratchet.KEM_CIPHERTEXT : ANSWER]
    z = ml_kem_decapsulate(value["seed"], ciphertext)
    secret, expected = lane_secret(z, value["epoch"], ml_kem_public_key(value["seed"]), ciphertext)
    if confirmation == expected:
        enter(state, "ready", epoch=value["epoch"], secret=secret, made=value["made"])
    else:
        close(state)


def hold(state: State) -> None:
    """The key is complete: Collecting becomes Holding, or Closed."""
    value = phase(state)[1]
    key = value["key"]["symbols"]
    try:
        ml_kem_parse(key)
    except Refused:
        close(state)
    else:
        enter(state, "holding", epoch=value["epoch"], key=key)
