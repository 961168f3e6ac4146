"""The last column of the tables of §2.12, §7.1 and §7.10: what a message of a server must be beyond the rules of §3.2."""

from __future__ import annotations

from typing import Any, Dict, List

from . import address
from .ed25519 import parse_public
from .rules import ascending, domain, rule, spelt
from .spec import require
from .validity import at_most_30_days

TEN_MINUTES = 600_000
MOST_ITEMS = 1_000
STREAMS = 16


def the_address(text: str) -> None:
    spelt(address.parse, text)


for field in ("ServerAlarm", "DomainState", "Discovery", "Peer", "Link", "ParkedQueue", "Question", "Gap", "InboxRequest", "KeptRequest", "SubmitDevice", "TokenRoute"):
    rule(f"{field}.domain")(domain)

for field in ("Lookup", "AddressAccess", "AddressRoute", "RequestItem", "FindAddress", "SubmitRequest", "Export", "AccountEntry", "Hello"):
    rule(f"{field}.address")(the_address)


def with_fields(message: Dict[str, Any], **wanted: bool) -> None:
    """Each of these fields is there if, and only if, it is wanted."""
    for name, is_wanted in wanted.items():
        require((name in message) == is_wanted, "bad-value")


# §7.1 and §2.12

rule("Discovery.validity")(at_most_30_days)


@rule("Period")
def _(period):
    require(period["since"] <= period["until"], "bad-value")


CHANGED = 1


@rule("DomainHold")
def _(hold):
    with_fields(hold, server=hold["reason"] == CHANGED)


DAMAGED = 4


@rule("ServerAlarm")
def _(alarm):
    with_fields(alarm, timer=alarm["kind"] == DAMAGED)


@rule("DomainState")
def _(state):
    require("pin" in state or not {"bound", "hold"} & set(state), "bad-value")


# §7.2

@rule("Frame.version")
def _(version):
    require(version == 1, "bad-value")


@rule("Frame")
def _(frame):
    require(0 <= frame["expires_at"] - frame["sent_at"] <= TEN_MINUTES, "bad-value")
    batches = [part["batch"] for part in frame["parts"] if "batch" in part]
    streams = [batch["stream"] for batch in batches]
    require(len(set(streams)) == len(streams), "bad-value")
    require(sum(len(batch["items"]) for batch in batches) <= MOST_ITEMS, "bad-value")


# §7.4

def stream(number: int) -> None:
    require(number < STREAMS, "bad-value")


def at_least_1(number: int) -> None:
    require(number >= 1, "bad-value")


rule("Batch.stream")(stream)
rule("Position.stream")(stream)
rule("OwedPosition.stream")(stream)
rule("Batch.epoch")(at_least_1)
rule("Batch.first")(at_least_1)

ACCEPTED, REFUSED, BUSY, GONE = 1, 2, 3, 4


@rule("Verdict")
def _(verdict):
    with_fields(verdict, reason=verdict["code"] == REFUSED, retry_after=verdict["code"] == BUSY)


def decided(place: Dict[str, Any]) -> None:
    """The verdicts are on the items from `last first` to the one before `next`, as runs."""
    runs: List[Dict[str, Any]] = place["verdicts"]
    require(place["last_first"] >= 1, "bad-value")
    require(all(run["count"] >= 1 for run in runs), "bad-value")
    require(all(one["verdict"] != other["verdict"] for one, other in zip(runs, runs[1:])), "bad-value")
    count = sum(run["count"] for run in runs)
    require(count <= MOST_ITEMS, "bad-value")
    require(place["last_first"] + count == place["next"], "bad-value")


rule("Position")(decided)
rule("InboundStream")(decided)


@rule("OutboundStream")
def _(state):
    marks = state["marks"]
    require(state["epoch"] >= 1, "bad-value")
    require(ascending([mark["number"] for mark in marks]), "bad-value")
    require(ascending([mark["through"] for mark in marks]), "bad-value")
    require(state["acked"] in [mark["number"] for mark in marks], "bad-value")


# §7.6

STATUS_REFUSED, STATUS_WAITING = 2, 6


@rule("ItemStatus")
def _(status):
    with_fields(status, reason=status["code"] == STATUS_REFUSED, since=status["code"] == STATUS_WAITING)


# §7.9

WAITING, PAUSED = 3, 4


@rule("Link")
def _(link):
    with_fields(link, until=link["mode"] in (WAITING, PAUSED))


# §8

rule("DevicePrekeys.signing")(lambda key: parse_public(key["ed25519"]))


@rule("Request.version")
def _(version):
    require(version == 1, "bad-value")


@rule("Submit")
def _(submit):
    require(len(submit["items"]) >= 1, "bad-value")


CLOCK, CONFLICT, FORKED, REFUSED_BUSY = 4, 7, 8, 10


@rule("Refused")
def _(refused):
    code = refused["code"]
    with_fields(refused, retry_after=code == REFUSED_BUSY, time=code == CLOCK)
    if code != CONFLICT:
        with_fields(refused, held=code == FORKED)
