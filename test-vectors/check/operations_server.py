"""The operations of README.md from §7: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import federation, rules_server, service, streams  # the rules register
from .forms import list_of_octets, list_of_texts, list_of_u64, number_in, octets, octets_of, text, u64
from .registry import operation

STREAM = number_in(*range(rules_server.STREAMS))


# §7.1

@operation("discovery.sign", seed=octets_of(32), discovery=octets, manifest=octets)
def _(seed, discovery, manifest):
    return {"signed": federation.sign_discovery(seed, discovery, manifest)}


@operation("discovery.verify", document=octets, domain=text, now=u64)
def _(document, domain, now):
    return federation.verify_discovery(document, domain, now)


@operation("discovery.record", texts=list_of_texts)
def _(texts):
    return {"server": federation.record_among(texts)}


@operation("discovery.bind", record=text, domain=text, manifest=octets, now=u64)
def _(record, domain, manifest, now):
    return federation.bind(record, domain, manifest, now)


# §7.2

@operation("frame.sign", seed=octets_of(32), frame=octets)
def _(seed, frame):
    return {"signed": federation.sign_frame(seed, frame)}


@operation("frame.verify", signed=octets, keys=list_of_octets, to=octets_of(32), now=u64)
def _(signed, keys, to, now):
    return federation.verify_frame(signed, keys, to, now)


# §7.4

@operation("stream.chain", **{"from": octets_of(32)}, to=octets_of(32), stream=STREAM, epoch=u64, items=list_of_octets)
def _(to, stream, epoch, items, **given):
    start = streams.Route(given["from"], to, stream).start(epoch)
    return {"start": start, "items": [streams.item_hash(item) for item in items], "hashes": streams.chain(start, items)}


@operation("stream.receive", **{"from": octets_of(32)}, to=octets_of(32), stream=STREAM, state=octets, batch=octets, verdicts=list_of_octets)
def _(to, stream, state, batch, verdicts, **given):
    return streams.receive(streams.Route(given["from"], to, stream), state, batch, verdicts)


@operation("stream.send", **{"from": octets_of(32)}, to=octets_of(32), stream=STREAM, state=octets, request=octets_of(16), entries=list_of_u64, items=list_of_octets)
def _(to, stream, state, request, entries, items, **given):
    return streams.send(streams.Route(given["from"], to, stream), state, request, entries, items)


@operation("stream.settle", **{"from": octets_of(32)}, to=octets_of(32), stream=STREAM, state=octets, reply_to=octets_of(16), position=octets)
def _(to, stream, state, reply_to, position, **given):
    return streams.settle(streams.Route(given["from"], to, stream), state, reply_to, position)


# §8

@operation("hello.sign", seed=octets_of(64), hello=octets)
def _(seed, hello):
    return {"signed": service.sign_hello(seed, hello)}


@operation("hello.verify", server=octets_of(32), public=octets, signed=octets, now=u64)
def _(server, public, signed, now):
    return {"refused": service.verify_hello(server, public, signed, now)}


@operation("session.issue", secret=octets_of(32), account=octets_of(32), device=octets_of(16), expires=u64)
def _(secret, account, device, expires):
    return {"token": service.token(secret, account, device, expires)}


@operation("session.read", secret=octets_of(32), token=octets_of(88), now=u64)
def _(secret, token, now):
    return service.read(secret, token, now)


@operation("pseudonym", secret=octets_of(32), account=octets_of(32), address=text)
def _(secret, account, address):
    return {"pseudonym": service.pseudonym(secret, account, address)}


@operation("upload.grant", secret=octets_of(32), blob=octets_of(32), size=u64, now=u64)
def _(secret, blob, size, now):
    return {"grant": service.grant(secret, blob, size, now)}


@operation("upload.permits", secret=octets_of(32), grant=octets, now=u64)
def _(secret, grant, now):
    return {"blob": service.permits(secret, grant, now)}
