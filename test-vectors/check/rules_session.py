"""The last column of the table of §9.8: what a message of sessions must be beyond the rules of §3.2."""

from __future__ import annotations

from typing import Any, Dict

from .rules import rule
from .spec import require

ASKS, ALARM = 1, 2
ALL_FLAGS_KEPT = 15


def all_or_none(message: Dict[str, Any], *names: str) -> None:
    require(sum(name in message for name in names) in (0, len(names)), "missing")


@rule("SessionBody.flags")
def _(flags):
    require(flags in (0, ASKS, ALARM, ASKS + ALARM), "bad-value")


@rule("Linking")
def _(linking):
    require(len(linking["proofs"]) >= 1, "missing")


@rule("SessionGap.count")
def _(count):
    require(count != 0, "bad-value")


@rule("Contact")
def _(contact):
    all_or_none(contact, "mentioned_term", "mentioned_version")


@rule("SessionPlace")
def _(place):
    all_or_none(place, "closed_chain", "closed_next")


@rule("ContestedSession")
def _(contested):
    all_or_none(contested, "probe_chain", "probe_number")


@rule("DeviceSessions.seen")
def _(seen):
    require(len(seen) > 0, "bad-value")


@rule("DeviceSessions.flags")
def _(flags):
    require(flags <= ALL_FLAGS_KEPT, "bad-value")


@rule("DeviceSessions")
def _(sessions):
    all_or_none(sessions, "known_term", "known_version")
    all_or_none(sessions, "timer_due", "timer_set")


@rule("SessionState")
def _(state):
    require(not ("awaiting" in state and "answering" in state), "bad-value")
    require("linking" not in state or "awaiting" in state, "bad-value")
