"""§9: histories, views, shared bodies, and which session is used with a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from . import constructions, spec, wire
from .primitives import H
from .spec import require

HOUR = 3_600_000
DAY = 24 * HOUR
MONTH = 30 * DAY
NO_HISTORY = bytes(8)
MOST_FORMER = 4
TOO_MANY_FORMER = 8
NAMES = 4


# §9.1

def history(before: bytes, message: bytes) -> bytes:
    return H(spec.label("history", "hash") + before + message)[:8]


def view(first: bytes, second: bytes) -> bytes:
    return H(spec.label("view", "hash") + first + second)[:16]


# §9.2

def padded_length(length: int) -> int:
    """Of a shared body of this length."""
    whole = 4 + length
    step = 2 ** max(8, whole.bit_length() - 1 - 3)
    return -(-whole // step) * step


def seal_shared(shared: bytes, random: bytes) -> Dict[str, bytes]:
    wire.decode("SharedBody", shared)
    padded = len(shared).to_bytes(4, "big") + shared
    padded += bytes(padded_length(len(shared)) - len(padded))
    blob, pointer = constructions.blob_seal(padded, random)
    pointer = wire.decode("BlobPointer", pointer)
    return {"blob": blob, "key": pointer["key"], "hash": pointer["hash"]}


def open_shared(key: bytes, digest: bytes, blob: bytes, account: bytes, device: bytes) -> bytes:
    padded = constructions.blob_open(wire.encode("BlobPointer", {"key": key, "hash": digest}), blob)
    require(len(padded) >= 4, "bad-message")
    length = int.from_bytes(padded[:4], "big")
    body, rest = padded[4 : 4 + length], padded[4 + length :]
    require(len(body) == length and len(padded) == padded_length(length) and not any(rest), "bad-message")
    shared = wire.decode("SharedBody", body)
    require((shared["account"], shared["device"]) == (account, device), "foreign-sender")
    return body


# §9.4

@dataclass
class Session:
    name: bytes
    begun_here: bool
    settled: bool = False
    deleted_at: int = 0


def is_within(since: Optional[int], now: int, span: int) -> bool:
    """A time in the future is long past."""
    return since is not None and since <= now < since + span


class Lineage:
    def __init__(self) -> None:
        self.active: Optional[Session] = None
        self.contested: Optional[Session] = None
        self.former: List[Session] = []  # the newest first
        self.named: List[bytes] = []  # as withdrawn by the other side, the newest first
        self.withdrawn = b""
        self.replaced_at: Optional[int] = None
        self.day_began: Optional[int] = None  # of the contested one
        self.is_probed = False

    # What may become of a session.

    def retire(self, session: Session, now: int) -> None:
        session.deleted_at = now + MONTH
        self.former.insert(0, session)

    def delete_at_once(self, session: Session) -> None:
        session.deleted_at = 0
        self.former.append(session)

    def use(self, session: Session, now: int, withdrawn: bytes) -> None:
        """Another session is active; a probe in the one before says nothing any more."""
        if self.active is not None:
            self.retire(self.active, now)
        self.active, self.withdrawn, self.is_probed = session, withdrawn, False

    def rank(self) -> bytes:
        """Of the row that this device has begun and that is not settled, if there is one."""
        if self.active is None or self.active.settled:
            return b""
        return self.withdrawn or (self.active.name[:16] if self.active.begun_here else b"")

    def take_contested(self) -> Session:
        taken, self.contested, self.is_probed = self.contested, None, False
        return taken

    # Events.

    def begin(self, session: bytes, at: int) -> str:
        self.use(Session(session, True), at, self.rank())
        return "active"

    def accept(self, session: bytes, active: bool, former: bool, at: int, given_up: bytes = b"") -> str:
        new, old = Session(session, False), self.active
        if old is None:
            self.use(new, at, self.withdrawn)
            return "active"
        if len(self.former) >= TOO_MANY_FORMER:
            return "too-soon"
        rank, mine = given_up or session[:16], self.rank()
        if session[:16] in self.named or (rank in self.named and not active):
            self.retire(new, at)
            return "former"
        if not active:
            none_settled = not old.settled and not any(each.settled for each in self.former)
            if not (former and not old.settled) and not (old.begun_here and none_settled):
                return self.contest(new, at)
            if old.begun_here and mine and mine < rank:
                self.retire(new, at)
                return "former"
        if old.settled:
            if is_within(self.replaced_at, at, HOUR):
                return "too-soon"
            self.replaced_at = at
        self.use(new, at, mine)
        return "active"

    def accept_after(self, session: bytes, given_up: bytes, active: bool, former: bool, at: int) -> str:
        return self.accept(session, active, former, at, given_up)

    def contest(self, session: Session, now: int) -> str:
        if self.contested is not None:
            if is_within(self.day_began, now, DAY):
                return "too-soon"
            self.delete_at_once(self.take_contested())
        self.contested, self.day_began = session, now
        return "contested"

    def settle(self, session: bytes) -> str:
        for each in [self.active, self.contested, *self.former]:
            if each is not None and each.name == session and not each.settled:
                each.settled = True
                return "settled"
        return "nothing"

    def withdraw(self, name: bytes) -> str:
        if name not in self.named:
            self.named = [name, *self.named][:NAMES]
        if self.contested is not None and self.contested.name[:16] == name:
            honest = self.take_contested()
            honest.deleted_at = self.day_began + MONTH
            self.former.append(honest)
        return "heard"

    def probe(self, at: int) -> str:
        if self.contested is not None and not self.is_probed:
            self.is_probed, self.day_began = True, at
        return "sealed"

    def become_active(self, now: int) -> str:
        self.use(self.take_contested(), now, b"")
        self.replaced_at = now
        return "active"

    def outlast(self, at: int) -> str:
        """A message came in the contested session."""
        if self.contested is None or not self.is_probed or is_within(self.day_began, at, DAY):
            return "nothing"
        return self.become_active(at)

    def decide(self, believed: bool, at: int) -> str:
        if self.contested is None:
            return "nothing"
        if believed:
            return self.become_active(at)
        self.delete_at_once(self.take_contested())
        return "deleted"

    def expire(self, at: int) -> List[bytes]:
        kept = [each for each in self.former if each.deleted_at > at][:MOST_FORMER]
        gone = [each.name for each in self.former if each not in kept]
        self.former = kept
        return sorted(gone)


def run(events: List[Dict[str, Any]]) -> Dict[str, Any]:
    lineage = Lineage()
    answers = [getattr(lineage, event.pop("do"))(**event) for event in events]
    name = lambda session: session.name if session else b""
    return {
        "answers": answers,
        "active": name(lineage.active),
        "contested": name(lineage.contested),
        "former": [[each.name, str(each.deleted_at)] for each in lineage.former],
        "withdrawn": lineage.withdrawn,
    }
