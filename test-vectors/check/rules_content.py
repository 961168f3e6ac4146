"""The last column of the table of §10.10: what a message of layer 6 must be beyond the rules of §3.2."""

from __future__ import annotations

import re
from typing import Optional

from .rules import ascending, domain, rule
from .spec import require

KINDS = range(1, 400)
LONGEST_LIFETIME = 31_622_400

_CONTROL = "\u0000-\u001f\u007f-\u009f"
_SEPARATORS = "\u2028\u2029"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_WHITE = "\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

NOT_PLAIN = re.compile(f"[{_CONTROL}{_SEPARATORS}{_DIRECTIONS}]")
WHITE = re.compile(f"[{_WHITE}]")
TOKEN = "[a-z0-9][a-z0-9!#$&^_.+-]*"
MEDIA_TYPE = re.compile(f"{TOKEN}/{TOKEN}")


def is_plain(text: str) -> bool:
    return NOT_PLAIN.search(text) is None


def is_name(text: str) -> bool:
    return is_plain(text) and not any(WHITE.fullmatch(end) for end in (text[0], text[-1]))


FORBIDDEN = set('/\\:*?"<>|')
DEVICE = re.compile("(CON|PRN|AUX|NUL|CONIN\\$|CONOUT\\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3])")


def is_file_name(name: str) -> bool:
    stem = name.partition(".")[0]
    while stem and WHITE.fullmatch(stem[-1]):
        stem = stem[:-1]
    capitals = re.sub("[a-z]", lambda letter: letter.group().upper(), stem)
    is_kept = not FORBIDDEN & set(name) and name[0] != "." and name[-1] != "."
    return is_name(name) and is_kept and DEVICE.fullmatch(capitals) is None


def padded(size: int) -> int:
    """§10.8"""
    if size <= 1024:
        return 1024
    exponent = size.bit_length() - 1
    unit = 1 << (exponent - (exponent.bit_length() - 1) - 1)
    return -(-size // unit) * unit


def lifetime(seconds: Optional[int]) -> None:
    require(1 <= seconds <= LONGEST_LIFETIME, "bad-value")


@rule("Content.kind")
def _(kind):
    require(kind in KINDS, "bad-value")


rule("TextBody.lifetime")(lifetime)
rule("TimerBody.lifetime")(lifetime)


@rule("TextBody")
def _(body):
    text = body["text"].encode("utf-8")
    require(text or body["attachments"], "bad-value")
    boundaries = {0}
    for character in body["text"]:
        boundaries.add(max(boundaries) + len(character.encode("utf-8")))
    before = 0
    for mention in body["mentions"]:
        start, end = mention["start"], mention["start"] + mention["length"]
        require(before <= start < end and start in boundaries and end in boundaries, "bad-value")
        before = end
    if "preview" in body:
        url = re.escape(body["preview"]["url"])
        require(re.search(f"(?:^|(?<=[{_WHITE}])){url}(?:[{_WHITE}]|\\Z)", body["text"]) is not None, "bad-value")


@rule("EditBody")
def _(edit):
    require("reply_to" not in edit["text"], "bad-value")


@rule("AttachmentInfo")
def _(info):
    name = info["name"]
    require(is_file_name(name), "bad-value")
    require(MEDIA_TYPE.fullmatch(info["media_type"]) is not None, "bad-value")
    require(info["pointer"]["size"] == padded(info["size"]), "bad-value")


@rule("LinkPreview")
def _(preview):
    url = preview["url"]
    require(re.match("https?://.", url, re.DOTALL) is not None, "bad-value")
    require(is_plain(url) and WHITE.search(url) is None and is_plain(preview["title"]), "bad-value")


@rule("ReactionBody.emoji")
def _(emoji):
    require(is_plain(emoji) and WHITE.search(emoji) is None, "bad-value")


@rule("ReceiptBody.ids")
def _(given):
    require(given and ascending(given), "bad-value")


@rule("ProfileBody.name")
def _(name):
    require(is_name(name), "bad-value")


rule("TokenGrant.domain")(domain)

NONE, REQUEST_SENT, REQUEST_RECEIVED, ACCEPTED, DECLINED, BLOCKED = range(1, 7)


@rule("ContactConsent")
def _(contact):
    ours, theirs, state = "ours" in contact, "theirs" in contact, contact["state"]
    heard = contact["heard"] != 0 or contact["heard_id"] != bytes(16)
    require(ours or state not in (REQUEST_SENT, ACCEPTED), "bad-value")
    require(heard or state not in (REQUEST_RECEIVED, ACCEPTED), "bad-value")
    require(state != BLOCKED or not (ours or theirs), "bad-value")
    require(ours or not (contact["told"] or "previous" in contact), "bad-value")
    require(ours == (contact["made"] != 0), "bad-value")
    require(heard or not theirs, "bad-value")
    require((state == BLOCKED) == (contact["blocked"] == contact["decided"] != 0), "bad-value")
    require(max(contact["blocked"], contact["revoked"]) <= contact["decided"], "bad-value")
    require(max(contact["decided"], contact["made"]) <= contact["acted"], "bad-value")


@rule("ReceiptBatch")
def _(batch):
    delivered, read = batch["delivered"], batch["read"]
    require(ascending(delivered) and ascending(read), "bad-value")
    require(not set(delivered) & set(read), "bad-value")
    require(("due" in batch) == bool(delivered or read), "bad-value")
