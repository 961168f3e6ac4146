"""§2.12: what lies in a store."""

from __future__ import annotations

from typing import Callable, Dict, Tuple

from . import constructions, wire
from .forms import number, number_in, octets, octets_of, u64
from .primitives import M, P
from .registry import operation
from .spec import Refused, label, require

TIMERS_DUE, TIMERS_SET, JOBS = 1, 2, 3
MESSAGES = {TIMERS_DUE: "Timer", TIMERS_SET: "Timer", JOBS: "Job", 4: "RatchetState", 5: "SkippedBlock", 255: "Specimen"}
FORMAT = 1
JOB_OWNER = b"\x01"

table_number = number_in(*MESSAGES)


class Store:
    """The keys of a store, and what it does with them."""

    def __init__(self, key: bytes, scope: bytes):
        keys = P(key, label("vault", "expansion") + scope, 64)
        self.rest, self.names = keys[:32], keys[32:]

    def partition(self, table: int, named: bytes) -> bytes:
        return M(self.names, b"\x01" + bytes([table]) + named)[:16]

    def item(self, table: int, name: bytes, named: bytes) -> bytes:
        return M(self.names, b"\x02" + bytes([table]) + name + named)[:16]

    def seal(self, place: bytes, message: str, body: bytes, random: bytes) -> bytes:
        wire.decode(message, body)
        return constructions.rest_seal(self.rest, place, bytes([FORMAT]) + body, random)

    def open(self, place: bytes, message: str, sealed: bytes) -> bytes:
        plaintext = readable(lambda: constructions.rest_open(self.rest, place, sealed))
        require(len(plaintext) > 0, "unreadable")
        # Format 1 is the first, so there is none before it.
        require(plaintext[0] == FORMAT, "unknown-format")
        readable(lambda: wire.decode(message, plaintext[1:]))
        return plaintext[1:]


def readable(attempt: Callable):
    try:
        return attempt()
    except Refused:
        raise Refused("unreadable") from None


def big(value: int) -> bytes:
    return value.to_bytes(8, "big")


def of_record(table: int, name: bytes) -> bytes:
    return b"\x00" + bytes([table]) + name


def of_entry(table: int, name: bytes, item: bytes) -> bytes:
    return b"\x01" + bytes([table]) + name + item


OF_EVENT = b"\x02Specimen"
STORE: Dict[str, Callable] = {"key": octets_of(32), "scope": octets}
PLACE: Dict[str, Callable] = {**STORE, "table": table_number, "name": octets_of(24)}


@operation("store.names", **STORE, table=table_number, bytes=octets, suffix=u64, item=octets)
def _(key, scope, table, bytes, suffix, item):
    store = Store(key, scope)
    name = store.partition(table, bytes) + big(suffix)
    return {"name": name, "item": store.item(table, name, item)}


@operation("record.seal", **PLACE, body=octets, random=octets_of(32))
def _(key, scope, table, name, body, random):
    return {"record": Store(key, scope).seal(of_record(table, name), MESSAGES[table], body, random)}


@operation("record.open", **PLACE, record=octets)
def _(key, scope, table, name, record):
    return {"body": Store(key, scope).open(of_record(table, name), MESSAGES[table], record)}


@operation("entry.seal", **PLACE, item=octets_of(16), body=octets, random=octets_of(32))
def _(key, scope, table, name, item, body, random):
    return {"entry": Store(key, scope).seal(of_entry(table, name, item), "Specimen", body, random)}


@operation("entry.open", **PLACE, item=octets_of(16), entry=octets)
def _(key, scope, table, name, item, entry):
    return {"body": Store(key, scope).open(of_entry(table, name, item), "Specimen", entry)}


@operation("event.seal", **STORE, body=octets, random=octets_of(32))
def _(key, scope, body, random):
    return {"event": Store(key, scope).seal(OF_EVENT, "Specimen", body, random)}


@operation("event.open", **STORE, event=octets)
def _(key, scope, event):
    return {"body": Store(key, scope).open(OF_EVENT, "Specimen", event)}


def timer_rows(store: Store, owner: bytes, due: int, set_at: int) -> Tuple[bytes, bytes, bytes]:
    body = wire.encode("Timer", {"owner": owner, "due": due, "set": set_at})
    by_due_time = big(due) + store.partition(TIMERS_DUE, owner)
    return by_due_time, big(set_at) + store.partition(TIMERS_SET, owner), body


@operation("timer.rows", **STORE, owner=octets, due=u64, set=u64)
def _(key, scope, owner, due, set):
    by_due_time, by_setting_time, body = timer_rows(Store(key, scope), owner, due, set)
    return {"due_name": by_due_time, "set_name": by_setting_time, "body": body}


@operation("job.rows", **STORE, id=octets_of(16), now=u64, kind=number, state=octets, total=u64)
def _(key, scope, id, now, kind, state, total):
    store = Store(key, scope)
    job = {"kind": kind, "state": state, "done": 0, "total": total, "due": now, "set": now}
    by_due_time, _, timer = timer_rows(store, JOB_OWNER + id, now, now)
    return {"name": store.partition(JOBS, id) + big(0), "body": wire.encode("Job", job), "due_name": by_due_time, "timer": timer}
