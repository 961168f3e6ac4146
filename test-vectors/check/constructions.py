"""§2.6 to §2.11: what the protocol makes of the primitives."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Tuple

from . import ed25519, ids, wire
from .primitives import (
    H,
    M,
    P,
    aead_open,
    aead_seal,
    chacha20_stream,
    ed25519_public_key,
    ed25519_sign,
    lp,
    ml_dsa_public_key,
    ml_dsa_sign,
    ml_dsa_verify,
    xchacha_open,
    xchacha_seal,
)
from .spec import Malformed, label, require

SHARED_BODY = 1
ATTACHMENT = 2
CHUNK = 65536
LARGEST_ATTACHMENT = 2**40
ZERO_NONCE = bytes(12)


# §2.11

def draw(data: bytes) -> bytes:
    """A draw or seed; one whose bytes are all equal shows a stuck source."""
    require(len(set(data)) != 1, "weak-randomness")
    return data


def generate(seed: bytes, lengths: List[int]) -> List[bytes]:
    key = P(draw(seed), label("generator", "expansion"), 32)
    stream = chacha20_stream(key, sum(lengths))
    result = []
    for length in lengths:
        result.append(stream[:length])
        stream = stream[length:]
    return result


# §2.6

def hybrid_public(seed: bytes) -> Dict[str, bytes]:
    return {"ed25519": ed25519_public_key(seed[:32]), "ml_dsa_65": ml_dsa_public_key(seed[32:])}


def hybrid_sign(seed: bytes, purpose: bytes, message: bytes) -> bytes:
    signed = purpose + ids.pair(hybrid_public(seed)) + message
    halves = {"ed25519": ed25519_sign(seed[:32], signed), "ml_dsa_65": ml_dsa_sign(seed[32:], signed)}
    return wire.encode("HybridSignature", halves)


def hybrid_verify(public: bytes, signature: bytes, purpose: bytes, message: bytes) -> None:
    keys = wire.decode("HybridPublicKey", public)
    require_signature(keys, wire.decode("HybridSignature", signature), purpose, message)


def require_signature(keys: Dict[str, bytes], halves: Dict[str, bytes], purpose: bytes, message: bytes) -> None:
    """The same for a key and a signature that were decoded as parts of another message."""
    signed = purpose + ids.pair(keys) + message
    ed25519.verify(keys["ed25519"], signed, halves["ed25519"])
    ml_dsa_verify(keys["ml_dsa_65"], signed, halves["ml_dsa_65"])


# §2.8

def rest_seal(key: bytes, aad: bytes, plaintext: bytes, random: bytes) -> bytes:
    nonce_key = P(key, label("rest nonce", "expansion"), 32)
    nonce = M(nonce_key, draw(random) + lp(aad) + plaintext)[:24]
    return nonce + xchacha_seal(P(key, label("rest seal", "expansion"), 32), nonce, plaintext, aad)


def rest_open(key: bytes, aad: bytes, record: bytes) -> bytes:
    require(len(record) >= 40, "unauthentic")
    return xchacha_open(P(key, label("rest seal", "expansion"), 32), record[:24], record[24:], aad)


# §2.9

def content_keys(key: bytes, kind: int) -> Tuple[bytes, bytes]:
    """The commitment and the content key."""
    suffix = bytes([kind])
    return P(key, label("commit", "expansion") + suffix, 32), P(key, label("seal", "expansion") + suffix, 32)


def blob_seal(body: bytes, random: bytes) -> Tuple[bytes, bytes]:
    key = draw(random)
    commitment, content_key = content_keys(key, SHARED_BODY)
    blob = commitment + aead_seal(content_key, ZERO_NONCE, body, commitment)
    return blob, wire.encode("BlobPointer", {"key": key, "hash": H(blob)})


def blob_open(pointer: bytes, blob: bytes) -> bytes:
    promised = wire.decode("BlobPointer", pointer)
    require(H(blob) == promised["hash"], "unauthentic")
    commitment, content_key = content_keys(promised["key"], SHARED_BODY)
    require(blob[:32] == commitment, "unauthentic")
    return aead_open(content_key, ZERO_NONCE, blob[32:], commitment)


# §2.10

def chunk_count(size: int) -> int:
    return max(1, -(-size // CHUNK))


def chunk_nonce(index: int, count: int) -> bytes:
    return struct.pack(">QB3x", index, index == count - 1)


def first_digest(commitment: bytes) -> bytes:
    return H(label("attachment", "hash") + commitment)


def next_digest(digest: bytes, chunk: bytes) -> bytes:
    return H(label("chunk", "hash") + digest + chunk)


def attachment_seal(random: bytes, size: int, pattern: bytes) -> Tuple[bytes, List[bytes], bytes]:
    """The commitment, the sealed chunks and the encoded pointer."""
    require(size <= LARGEST_ATTACHMENT, "too-long")
    if size > 0 and not pattern:
        raise Malformed("an empty pattern fills nothing")
    key = draw(random)
    plaintext = (pattern * (size // len(pattern) + 1))[:size] if size else b""
    commitment, content_key = content_keys(key, ATTACHMENT)
    count, digest, chunks = chunk_count(size), first_digest(commitment), []
    for i in range(count):
        piece = plaintext[i * CHUNK : (i + 1) * CHUNK]
        chunks.append(aead_seal(content_key, chunk_nonce(i, count), piece, commitment))
        digest = next_digest(digest, chunks[-1])
    return commitment, chunks, wire.encode("AttachmentPointer", {"key": key, "digest": digest, "size": size})


class AttachmentOpener:
    def __init__(self, pointer: Dict[str, Any], commitment: bytes, position: Optional[Tuple[int, bytes]] = None):
        expected, self.content_key = content_keys(pointer["key"], ATTACHMENT)
        require(commitment == expected, "unauthentic")
        self.pointer, self.commitment = pointer, commitment
        self.count = chunk_count(pointer["size"])
        self.position = position or (0, first_digest(commitment))

    def open(self, chunk: bytes) -> bytes:
        i, digest = self.position
        # After the last chunk no length is right.
        require(i < self.count, "invalid-length")
        require(len(chunk) == min(CHUNK, self.pointer["size"] - i * CHUNK) + 16, "invalid-length")
        plaintext = aead_open(self.content_key, chunk_nonce(i, self.count), chunk, self.commitment)
        self.position = i + 1, next_digest(digest, chunk)
        return plaintext

    def finish(self) -> None:
        i, digest = self.position
        require(i == self.count, "truncated")
        require(digest == self.pointer["digest"], "unauthentic")


def attachment_open(random: bytes, size: int, pattern: bytes, edits: Dict[str, Any]) -> bytes:
    """Seals, applies the edits and opens; the result is the plaintext."""
    commitment, chunks, encoded = attachment_seal(random, size, pattern)
    given = [bytearray(chunks[i]) for i in edits.get("chunks", range(len(chunks)))]
    if "flip" in edits:
        position, offset = edits["flip"]
        given[position][offset] ^= 1
    if "cut" in edits:
        position, count = edits["cut"]
        if count > len(given[position]):
            raise Malformed("more is cut than there is")
        del given[position][len(given[position]) - count :]
    commitment = edits.get("commitment", commitment)
    pointer = wire.decode("AttachmentPointer", edits.get("pointer", encoded))

    resume_at = edits.get("resume_at")
    if resume_at is not None and resume_at > len(given):
        raise Malformed("resume_at is after the last chunk given")
    opener, plaintext = AttachmentOpener(pointer, commitment), []
    for count, chunk in enumerate(given):
        if count == resume_at:
            opener = AttachmentOpener(pointer, commitment, opener.position)
        plaintext.append(opener.open(bytes(chunk)))
    if resume_at == len(given):
        opener = AttachmentOpener(pointer, commitment, opener.position)
    opener.finish()
    return b"".join(plaintext)
