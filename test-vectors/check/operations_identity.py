"""The operations of README.md from §4.2: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import account as accounts
from . import chain, constructions, ids
from . import link as links
from . import people
from . import phrase as phrases
from . import prekeys, primitives
from . import server as servers
from . import wire
from .forms import list_of_octets, number_in, octets, octets_of, steps, text, u64
from .registry import operation
from .rules import GREATEST_DEPTH
from .spec import Malformed, Refused

KIND = number_in(chain.ACCOUNT, chain.SERVER)


# §4.17

@operation("phrase.words", entropy=octets_of(32))
def _(entropy):
    return {"phrase": phrases.words(entropy)}


@operation("phrase.parse", phrase=text)
def _(phrase):
    return {"entropy": phrases.parse(phrase)}


@operation("phrase.key", entropy=octets_of(32))
def _(entropy):
    seed = phrases.key(entropy)
    return {"seed": seed, "pair": ids.pair(constructions.hybrid_public(seed))}


# §4.7

@operation("device.generate", random=octets_of(160))
def _(random):
    entry = accounts.entry_of(accounts.draw_secret(random))
    return {"entry": wire.encode("DeviceEntry", entry), "id": ids.device(entry)}


@operation("device.id", entry=octets)
def _(entry):
    return {"id": accounts.device_id(entry)}


@operation("device.possess", secret=octets, account=octets_of(32))
def _(secret, account):
    return {"possession": accounts.possess(wire.decode("DeviceSecret", secret), account)}


# §4.2 to §4.5

@operation("header.sign", seed=octets_of(64), header=octets)
def _(seed, header):
    signed, hash = chain.sign(seed, header)
    return {"signed": signed, "hash": hash}


@operation("manifest.verify", kind=KIND, manifest=octets)
def _(kind, manifest):
    verified = chain.verify(kind, manifest)
    return {
        "chain": verified.chain,
        "term": verified.path.term,
        "version": str(verified.path.newest["version"]),
        "hash": verified.path.hash,
        "fingerprint": people.fingerprint(verified.path),
        "devices": verified.device_ids,
    }


@operation("manifest.follow", kind=KIND, manifests=list_of_octets)
def _(kind, manifests):
    follower, outcomes = chain.Follower(), []
    for manifest in manifests:
        try:
            outcomes.append(follower.take(chain.verify(kind, manifest).path))
        except Refused as refused:
            outcomes.append(refused.error)
    return {"outcomes": outcomes, "held": follower.hashes()}


@operation("fork.verify", evidence=octets)
def _(evidence):
    path = chain.verify_evidence(evidence)
    return {"chain": path.chain, "term": path.term}


# §4.9

@operation("certificate.sign", seed=octets_of(32), certificate=octets)
def _(seed, certificate):
    return {"signed": servers.sign(seed, certificate)}


@operation("certificate.verify", server=octets, certificate=octets, now=u64)
def _(server, certificate, now):
    verified = servers.verify(server, certificate, now)
    return {"address": verified["address"], "account": verified["account"]}


# §4.11 and §4.12

@operation("bundle.sign", seed=octets_of(64), bundle=octets)
def _(seed, bundle):
    return {"signed": prekeys.sign("bundle", seed, bundle)}


@operation("stock.sign", seed=octets_of(64), stock=octets)
def _(seed, stock):
    return {"signed": prekeys.sign("stock", seed, stock)}


@operation(
    "stock.generate",
    account=octets_of(32),
    device=octets_of(16),
    number=u64,
    depth=number_in(*range(GREATEST_DEPTH + 1)),
    random=octets,
)
def _(account, device, number, depth, random):
    if len(random) != prekeys.DRAWN_FOR_A_PAIR * 2**depth:
        raise Malformed("random does not hold the draws of this stock")
    root, pairs = prekeys.generate(account, device, number, depth, random)
    return {"root": root, "pairs": [primitives.H(pair) for pair in pairs]}


@operation("claim.verify", account=octets, request=octets, answer=octets, seen=octets, now=u64)
def _(account, request, answer, seen, now):
    return prekeys.verify_claim(account, request, answer, seen, now)


# §4.13 to §4.16

@operation("safety_number", first=octets_of(32), second=octets_of(32))
def _(first, second):
    return {"number": people.safety_number(first, second)}


@operation("verification_code.check", payload=octets, own=octets_of(32), contact=octets_of(32))
def _(payload, own, contact):
    people.check_code(payload, own, contact)


@operation("trust.follow", pinned=octets_of(32), steps=steps)
def _(pinned, steps):
    trust = people.Trust(pinned)
    return {"outcomes": trust.follow(steps), "trust": wire.encode("ContactTrust", trust.value)}


@operation("sas.initiator", own=octets_of(32), theirs=octets_of(32), answer=octets, random=octets_of(32))
def _(own, theirs, answer, random):
    return people.initiate(own, theirs, answer, random)


@operation("sas.responder", own=octets_of(32), theirs=octets_of(32), start=octets, reveal=octets, random=octets_of(32))
def _(own, theirs, start, reveal, random):
    return people.respond(own, theirs, start, reveal, random)


@operation("link.inviter", account=octets, domain=text, request=octets, shown_at=u64, now=u64, random=octets_of(48))
def _(account, domain, request, shown_at, now, random):
    return links.invite(account, domain, request, shown_at, now, random)


@operation("link.joiner", invitation=octets, reveal=octets, random=octets_of(192))
def _(invitation, reveal, random):
    return links.join(invitation, reveal, random)
