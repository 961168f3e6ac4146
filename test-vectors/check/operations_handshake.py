"""The operations of README.md on handshakes: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import handshake
from .forms import list_of_octets, list_of_texts, number, octets, octets_of, text, u16, u64
from .registry import operation

SECRET = octets_of(32)


@operation(
    "handshake.schedule",
    suite=u16,
    account=octets_of(32),
    device=octets_of(16),
    address=text,
    term=number,
    version=u64,
    manifest=octets_of(32),
    bundle=octets,
    leaf_input=octets,
    ephemeral=octets_of(32),
    ct1=octets_of(1088),
    ct2=octets_of(1088),
    es=SECRET,
    eo=SECRET,
    ei=SECRET,
    k1=SECRET,
    k2=SECRET,
    block=octets_of(164),
    se=SECRET,
    ss=SECRET,
)
def _(**given):
    return handshake.schedule(given)


@operation(
    "handshake.initiate",
    account=octets,
    secret=octets,
    recipient=octets,
    request=octets,
    answer=octets,
    address=text,
    floor=octets,
    now=u64,
    seed=octets_of(32),
)
def _(**given):
    return handshake.initiate(**given)


@operation(
    "handshake.open",
    account=octets_of(32),
    secret=octets,
    addresses=list_of_texts,
    manifests=list_of_octets,
    bundle=octets,
    one_time=octets,
    replay=octets,
    initial=octets,
    now=u64,
    sender=octets,
)
def _(account, secret, addresses, manifests, bundle, one_time, replay, initial, now, sender):
    held = (addresses, manifests, bundle, one_time, replay)
    return handshake.open_initial(account, secret, *held, initial, now, sender)


@operation("handshake.compare", block=octets_of(164), account=octets, floor=octets)
def _(block, account, floor):
    return handshake.compare(block, account, floor)


@operation("handshake.answer", answering=octets, account=octets, random=octets_of(32))
def _(answering, account, random):
    return handshake.answer(answering, account, random)


@operation("handshake.answered", awaiting=octets, secret=octets, ciphertext=octets)
def _(awaiting, secret, ciphertext):
    return handshake.answered(awaiting, secret, ciphertext)


@operation("handshake.link", link=SECRET, transcript=octets_of(32))
def _(link, transcript):
    return {"proof": handshake.prove_link(link, transcript)}


@operation("handshake.linked", proof=octets, links=list_of_octets, transcript=octets_of(32))
def _(proof, links, transcript):
    handshake.require_link(proof, links, transcript)
