"""The operations of README.md from §10: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import content, rules_content  # the rules register
from .forms import flag, list_of_octets, number, number_in, octets, octets_of, text, u64
from .registry import operation


@operation("conversation.direct", one=octets_of(32), other=octets_of(32))
def _(one, other):
    return {"conversation": content.direct(one, other)}


@operation("content.receive", content=octets, sender=octets_of(32), device=octets_of(16), own=octets_of(32), devices=list_of_octets, contact=octets, proven=flag)
def _(sender, device, own, devices, contact, proven, **given):
    return content.receive(given["content"], sender, device, own, devices, contact, proven)


@operation("attachment.padded", size=u64)
def _(size):
    return {"padded": str(rules_content.padded(size))}


@operation("receipts.due", now=u64, rank=number, random=octets_of(16))
def _(now, rank, random):
    return {"due": str(content.due(now, rank, random))}


@operation("contact.act", contact=octets, act=text, home=text, now=u64, random=octets)
def _(contact, act, home, now, random):
    return content.act(contact, act, home, now, random)


@operation("contact.hear", contact=octets, kind=number_in(106, 107), body=octets, sent_at=u64, id=octets_of(16))
def _(contact, kind, body, sent_at, **given):
    return content.hear(contact, kind, body, sent_at, given["id"])


@operation("contact.merge", one=octets, other=octets, now=u64)
def _(one, other, now):
    return content.merge(one, other, now)
