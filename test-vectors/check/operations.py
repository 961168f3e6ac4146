"""The operations of README.md up to §4.1: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import address, constructions, ed25519, ids, primitives, spec, wire
from .forms import edits, label_for, number_in, numbers, octets, octets_of, text, u16, u64
from .registry import operation
from .spec import require

# §2.1, §2.2 and §1

@operation("suite.parse", number=u16)
def _(number):
    require(number == 1, "unknown-suite")
    return {"number": number}


@operation("labels")
def _():
    return {"labels": [each.decode("ascii") for each in spec.all_labels()]}


@operation("mac", key=octets_of(32), message=octets)
def _(key, message):
    return {"mac": primitives.M(key, message)}


@operation("kdf.extract", salt=octets_of(32), ikm=octets)
def _(salt, ikm):
    return {"prk": primitives.X(salt, ikm)}


@operation("kdf.expand", prk=octets_of(32), label=label_for("expansion"), info=octets, length=number_in(16, 32, 64, 160))
def _(prk, label, info, length):
    return {"okm": primitives.P(prk, label + info, length)}


@operation("generator", seed=octets_of(32), lengths=numbers)
def _(seed, lengths):
    return {"bytes": constructions.generate(seed, lengths)}


# §2.3

@operation("x25519.public_key", secret=octets_of(32))
def _(secret):
    return {"public": primitives.x25519_public_key(secret)}


@operation("x25519.parse", public=octets)
def _(public):
    primitives.x25519_parse(public)


@operation("x25519.shared", secret=octets_of(32), public=octets)
def _(secret, public):
    return {"shared": primitives.x25519_shared(secret, public)}


# §2.4

@operation("ml_kem.keygen", seed=octets_of(64))
def _(seed):
    return {"public": primitives.ml_kem_public_key(seed)}


@operation("ml_kem.parse", public=octets)
def _(public):
    primitives.ml_kem_parse(public)


@operation("ml_kem.encapsulate", public=octets, random=octets_of(32))
def _(public, random):
    primitives.ml_kem_parse(public)
    ciphertext, shared = primitives.ml_kem_encapsulate(public, constructions.draw(random))
    return {"ciphertext": ciphertext, "shared": shared}


@operation("ml_kem.decapsulate", seed=octets_of(64), ciphertext=octets)
def _(seed, ciphertext):
    return {"shared": primitives.ml_kem_decapsulate(seed, ciphertext)}


# §2.5

@operation("ed25519.public_key", seed=octets_of(32))
def _(seed):
    return {"public": primitives.ed25519_public_key(seed)}


@operation("ed25519.parse", public=octets)
def _(public):
    ed25519.parse_public(public)


@operation("ed25519.sign", seed=octets_of(32), label=label_for("classical signature"), message=octets)
def _(seed, label, message):
    return {"signature": primitives.ed25519_sign(seed, label + message)}


@operation("ed25519.verify", public=octets, label=label_for("classical signature"), message=octets, signature=octets)
def _(public, label, message, signature):
    ed25519.verify(public, label + message, signature)


# §2.6

@operation("hybrid.keygen", random=octets_of(64))
def _(random):
    seed = constructions.draw(random[:32]) + constructions.draw(random[32:])
    public = constructions.hybrid_public(seed)
    return {"public": wire.encode("HybridPublicKey", public), "pair": ids.pair(public)}


@operation("hybrid.sign", seed=octets_of(64), label=label_for("hybrid signature"), message=octets)
def _(seed, label, message):
    return {"signature": constructions.hybrid_sign(seed, label, message)}


@operation("hybrid.verify", public=octets, signature=octets, label=label_for("hybrid signature"), message=octets)
def _(public, signature, label, message):
    constructions.hybrid_verify(public, signature, label, message)


# §2.7 to §2.10

@operation("one_time.seal", key=octets_of(32), aad=octets, plaintext=octets)
def _(key, aad, plaintext):
    return {"ciphertext": primitives.aead_seal(key, constructions.ZERO_NONCE, plaintext, aad)}


@operation("one_time.open", key=octets_of(32), aad=octets, ciphertext=octets)
def _(key, aad, ciphertext):
    return {"plaintext": primitives.aead_open(key, constructions.ZERO_NONCE, ciphertext, aad)}


@operation("rest.seal", key=octets_of(32), aad=octets, plaintext=octets, random=octets_of(32))
def _(key, aad, plaintext, random):
    return {"record": constructions.rest_seal(key, aad, plaintext, random)}


@operation("rest.open", key=octets_of(32), aad=octets, record=octets)
def _(key, aad, record):
    return {"plaintext": constructions.rest_open(key, aad, record)}


@operation("blob.seal", body=octets, random=octets_of(32))
def _(body, random):
    blob, pointer = constructions.blob_seal(body, random)
    return {"blob": blob, "pointer": pointer}


@operation("blob.open", pointer=octets, blob=octets)
def _(pointer, blob):
    return {"body": constructions.blob_open(pointer, blob)}


@operation("attachment.seal", random=octets_of(32), size=u64, pattern=octets)
def _(random, size, pattern):
    commitment, chunks, pointer = constructions.attachment_seal(random, size, pattern)
    return {"commitment": commitment, "chunks": [primitives.H(chunk) for chunk in chunks], "pointer": pointer}


@operation("attachment.open", random=octets_of(32), size=u64, pattern=octets, edits=edits)
def _(random, size, pattern, edits):
    return {"plaintext_hash": primitives.H(constructions.attachment_open(random, size, pattern, edits))}


# §3 and §4.1

@operation("wire.decode", message=text, bytes=octets)
def _(message, bytes):
    return {"value": wire.to_json(message, wire.decode(message, bytes))}


@operation("address.parse", text=text)
def _(text):
    local, domain = address.parse(text)
    return {"local": local, "domain": domain}
