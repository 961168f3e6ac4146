"""The last column of the table of §11.7: what a device keeps and tells must be beyond the rules of §3.2."""

from __future__ import annotations

from typing import Any, Dict

from .rules import distinct, domain, rule
from .rules_content import KINDS
from .rules_server import the_address, with_fields
from .rules_session import all_or_none
from .spec import require

REFUSALS = range(1, 4)
STAGES = range(1, 7)
NOTICES = range(1, 13)
WAITING = 2
OF_A_DEVICE = range(4, 12)
GAP, LOST = 10, 11
ALL_FLAGS = 7

for message in ("ClientAccount", "Person", "LookedUpEvent", "ContactEvent"):
    rule(f"{message}.address")(the_address)

rule("MissedEvent.domain")(domain)


def looked_up(message: Dict[str, Any]) -> None:
    require("address" in message or not message["is_looked_up"], "missing")


def without_repetition(items: list) -> None:
    require(distinct(items), "bad-value")


@rule("ClientAccount")
def _(account):
    require(len(account["manifests"]) >= 1, "missing")


@rule("ClientState.next_errand")
def _(number):
    require(number != 0, "bad-value")


@rule("ClientState")
def _(state):
    all_or_none(state, "session", "session_until")


@rule("Errand")
def _(errand):
    request = errand["request"]
    require(errand["number"] != 0, "bad-value")
    require(request["request"][8:] == errand["number"].to_bytes(8, "big"), "bad-value")
    require("session" not in request, "bad-value")
    require("lookup" in request or not errand["introduces"], "bad-value")


rule("Person.waiting")(without_repetition)
rule("Person.claiming")(without_repetition)
rule("Person")(looked_up)


@rule("Outgoing.pending")
def _(pending):
    without_repetition([(each["account"], each["device"]) for each in pending])


@rule("KnownContent.kind")
def _(kind):
    require(kind in KINDS, "bad-value")


@rule("RegistrationRefusedEvent.why")
def _(why):
    require(why in REFUSALS, "bad-value")


rule("ContactEvent")(looked_up)


@rule("MessageEvent.flags")
def _(flags):
    require(flags <= ALL_FLAGS, "bad-value")


@rule("ProgressEvent")
def _(progress):
    require(progress["stage"] in STAGES, "bad-value")
    with_fields(progress, since=progress["stage"] == WAITING)


@rule("UnreadableEvent")
def _(unreadable):
    require("account" in unreadable or "device" not in unreadable, "missing")


@rule("NoticeEvent")
def _(notice):
    require(notice["what"] in NOTICES, "bad-value")
    with_fields(notice, device=notice["what"] in OF_A_DEVICE, count=notice["what"] in (GAP, LOST))
