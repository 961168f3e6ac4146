"""Streams of items between two servers, §7.4."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from . import wire
from .primitives import H
from .spec import label

MOST_MARKS = 32
LAST_EPOCH = 2**64 - 1
# What a receiver says of the next batch is no matter of the stream.
WINDOW = {"max_items": 1_000, "max_bytes": 3_145_728}

State = Dict[str, Any]


class Route:
    """Which stream, from whom to whom."""

    def __init__(self, sender: bytes, receiver: bytes, stream: int):
        self.sender, self.receiver, self.stream = sender, receiver, stream

    def start(self, epoch: int) -> bytes:
        route = self.sender + self.receiver + self.stream.to_bytes(4, "big")
        return H(label("stream start", "hash") + route + epoch.to_bytes(8, "big"))


def item_hash(item: bytes) -> bytes:
    return H(label("item", "hash") + item)


def step(before: bytes, item: bytes) -> bytes:
    """h_n from h_{n-1} and an encoded item."""
    return H(label("stream step", "hash") + before + item_hash(item))


def chain(start: bytes, items: List[bytes]) -> List[bytes]:
    hashes = []
    for item in items:
        start = step(start, item)
        hashes.append(start)
    return hashes


# The receiver.

AT_FIRST: State = {"epoch": 0, "next": 1, "hash": bytes(32), "last_first": 1, "verdicts": []}


def runs(verdicts: List[State]) -> List[State]:
    result: List[State] = []
    for verdict in verdicts:
        if result and result[-1]["verdict"] == verdict:
            result[-1]["count"] += 1
        else:
            result.append({"count": 1, "verdict": verdict})
    return result


def is_accepted(route: Route, state: State, batch: State) -> bool:
    if not batch["items"] or batch["first"] + len(batch["items"]) > LAST_EPOCH:
        return False
    if batch["epoch"] > state["epoch"]:
        return batch["first"] == 1 and batch["previous"] == route.start(batch["epoch"])
    goes_on = batch["first"] == state["next"] and batch["previous"] == state["hash"]
    return batch["epoch"] == state["epoch"] and goes_on


def receive(route: Route, encoded_state: bytes, encoded_batch: bytes, encoded_verdicts: List[bytes]) -> Dict[str, Any]:
    state = wire.decode("InboundStream", encoded_state) if encoded_state else AT_FIRST
    batch = wire.decode("Batch", encoded_batch)
    verdicts = [wire.decode("Verdict", each) for each in encoded_verdicts]
    accepted = is_accepted(route, state, batch)
    if accepted:
        assert len(verdicts) == len(batch["items"])
        state = {
            "epoch": batch["epoch"],
            "next": batch["first"] + len(batch["items"]),
            "hash": chain(batch["previous"], batch["items"])[-1],
            "last_first": batch["first"],
            "verdicts": runs(verdicts),
        }
    position = {"stream": route.stream, **state, **WINDOW}
    return {
        "accepted": accepted,
        "state": wire.encode("InboundStream", state),
        "position": wire.encode("Position", position),
    }


# The sender.

def sender(route: Route, encoded: bytes) -> State:
    if encoded:
        return wire.decode("OutboundStream", encoded)
    return {**begun(route, 1, 0), "retained_after": 0, "retained_since": 0}


def begun(route: Route, epoch: int, through: int) -> State:
    return {"epoch": epoch, "marks": [{"number": 0, "hash": route.start(epoch), "through": through}], "acked": 0}


def acknowledged(state: State) -> State:
    return next(mark for mark in state["marks"] if mark["number"] == state["acked"])


def remember(state: State, new: State) -> bool:
    """Whether the new mark agrees with those that are known: a number belongs to one entry, and both ascend."""
    for mark in state["marks"]:
        if mark["number"] == new["number"]:
            return mark == new
        if mark["number"] > new["number"] and mark["through"] <= new["through"]:
            return False
    state["marks"] = sorted([*state["marks"], new], key=lambda mark: mark["number"])
    if len(state["marks"]) > MOST_MARKS:
        is_behind = state["marks"][0]["number"] < state["acked"]
        del state["marks"][0 if is_behind else -2]
    return True


def send(route: Route, encoded: bytes, request: bytes, entries: List[int], items: List[bytes]) -> Dict[str, Any]:
    assert len(entries) == len(items)
    state = sender(route, encoded)
    begin = acknowledged(state)
    end = {
        "number": begin["number"] + len(items),
        "hash": [begin["hash"], *chain(begin["hash"], items)][-1],
        "through": [begin["through"], *entries][-1],
    }
    if not remember(state, end):
        return {"batch": b"", "state": wire.encode("OutboundStream", state)}
    state["outstanding"] = request
    batch = {
        "stream": route.stream,
        "epoch": state["epoch"],
        "first": begin["number"] + 1,
        "previous": begin["hash"],
        "horizon": state["retained_since"],
        "items": items,
    }
    return {"batch": wire.encode("Batch", batch), "state": wire.encode("OutboundStream", state)}


def settle(route: Route, encoded: bytes, reply_to: bytes, encoded_position: bytes) -> Dict[str, Any]:
    state = sender(route, encoded)
    position = wire.decode("Position", encoded_position)
    course, verdicts = "stale", []
    if state.get("outstanding") == reply_to:
        del state["outstanding"]
        course, verdicts = _course(route, state, position)
    return {
        "course": course,
        "verdicts": [wire.encode("Verdict", verdict) for verdict in verdicts],
        "state": wire.encode("OutboundStream", state),
    }


def _course(route: Route, state: State, position: State) -> Tuple[str, List[State]]:
    acked = state["acked"]
    if position["epoch"] < state["epoch"] and acked == 0:  # rule 1
        return "nothing", []
    if position["epoch"] == state["epoch"]:
        here = (position["next"] - 1, position["hash"])
        number = next((mark["number"] for mark in state["marks"] if (mark["number"], mark["hash"]) == here), None)
        if number == acked:  # rule 2
            return "nothing", []
        if number is not None and number > acked and position["last_first"] <= acked + 1:  # rule 3
            state["acked"] = number
            every = [run["verdict"] for run in position["verdicts"] for _ in range(run["count"])]
            return "acknowledged", every[acked + 1 - position["last_first"] :]
        if number is not None and number < acked:  # rule 4
            state["acked"] = number
            return "set back", []
    highest = max(state["epoch"], position["epoch"])  # rule 5
    if highest == LAST_EPOCH:
        return "exhausted", []
    state.update(begun(route, highest + 1, state["retained_after"]))
    return "new epoch", []
