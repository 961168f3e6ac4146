"""What the ratchet is made of: root steps, chains, messages and their bodies, §6.1 to §6.4."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Dict, List, Tuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from . import constructions
from .primitives import H, M, P, X, aead_open, aead_seal, x25519_parse
from .spec import label, require

FROM_A, FROM_B = 0, 1
NO_SECRET = bytes(32)
MOST_MESSAGES = 65536
TAG = 8
SALT = 16
HEADER = 48
KEM_CIPHERTEXT = 1088
HEADER_MAC = 8
AEAD_TAG = 16
SYMBOL = 32
BODY = ">I5s5s"
LEAST_BODY = 16
BUCKETS = [192, 384, 768, *range(1536, 49152 + 1, 1536)]
MOST_CONTENT = BUCKETS[-1] - LEAST_BODY - SYMBOL

# The symbols of a key come from A, those of an answer from B.
SYMBOLS = {FROM_A: 37, FROM_B: 35}


# §6.1

def root_step(root: bytes, dh: bytes, secret: bytes, direction: int, epoch: int, keys: Tuple[bytes, bytes]) -> Dict[str, bytes]:
    """`keys` are the sender's and the receiver's ratchet key."""
    info = label("root", "expansion") + struct.pack(">BI", direction, epoch) + keys[0] + keys[1]
    okm = P(X(root, dh + secret), info, 128)
    return {name: okm[32 * i : 32 * i + 32] for i, name in enumerate(("root", "chain", "next_header", "link"))}


# §6.2

def chain_step(chain: bytes) -> Tuple[bytes, bytes]:
    """The message key and the next chain key."""
    return M(chain, b"\x01"), M(chain, b"\x02")


def header_keys(key: bytes) -> bytes:
    """Tag, kmask and kmac."""
    return P(key, label("header", "expansion"), TAG + 64)


def message_salt(message_key: bytes, padded: bytes, random: bytes) -> bytes:
    return M(message_key, b"\x03" + constructions.draw(random) + H(padded))[:SALT]


def content_key(message_key: bytes, salt: bytes) -> bytes:
    return P(message_key, label("msg", "expansion") + salt, 32)


# §6.3

@dataclass(frozen=True)
class Header:
    key: bytes
    number: int
    previous: int
    epoch: int
    answer: bytes = b""  # ct3 in B's first chain
    edges: bytes = bytes(4)  # the first byte and the last three

    def encode(self) -> bytes:
        numbers = struct.pack(">III", self.number, self.previous, self.epoch)
        return self.edges[:1] + self.key + numbers + self.edges[1:] + self.answer


def masked(header: bytes, keys: bytes, salt: bytes) -> bytes:
    nonce = bytes(4) + salt[:12]  # the library takes the counter, little-endian, and the nonce as one value
    return Cipher(algorithms.ChaCha20(keys[TAG : TAG + 32], nonce), mode=None).encryptor().update(header)


def header_mac(keys: bytes, salt: bytes, masked_header: bytes) -> bytes:
    return M(keys[TAG + 32 :], salt + masked_header)[:HEADER_MAC]


def seal(message_key: bytes, keys: bytes, ad: bytes, header: bytes, padded: bytes, random: bytes) -> Dict[str, bytes]:
    salt = message_salt(message_key, padded, random)
    eh = masked(header, keys, salt)
    front = keys[:TAG] + salt + eh + header_mac(keys, salt, eh)
    ke = content_key(message_key, salt)
    sealed = aead_seal(ke, constructions.ZERO_NONCE, padded, ad + front)
    return {"salt": salt, "content_key": ke, "message": front + sealed}


@dataclass(frozen=True)
class Parts:
    """A message of a known chain, cut into its parts."""

    front: bytes
    salt: bytes
    masked_header: bytes
    mac: bytes
    sealed: bytes


def cut(message: bytes, answers: bool) -> Parts:
    """§6.7, the last sentence of step 1."""
    length = HEADER + (KEM_CIPHERTEXT if answers else 0)
    end = TAG + SALT + length
    require(len(message) - end - HEADER_MAC - AEAD_TAG in BUCKETS, "bad-length")
    front, sealed = message[: end + HEADER_MAC], message[end + HEADER_MAC :]
    return Parts(front, message[TAG : TAG + SALT], message[TAG + SALT : end], message[end : end + HEADER_MAC], sealed)


def read_header(parts: Parts, keys: bytes) -> Header:
    """§6.7, steps 2 and 3."""
    require(parts.mac == header_mac(keys, parts.salt, parts.masked_header), "unauthentic")
    plain = masked(parts.masked_header, keys, parts.salt)
    first, key, number, previous, epoch, last = struct.unpack(">B32sIII3s", plain[:HEADER])
    require(first == 0 and last == bytes(3), "bad-header")
    require(number < MOST_MESSAGES and previous <= MOST_MESSAGES, "bad-header")
    x25519_parse(key)
    return Header(key, number, previous, epoch, plain[HEADER:])


def open_body(message_key: bytes, ad: bytes, parts: Parts) -> bytes:
    return aead_open(content_key(message_key, parts.salt), constructions.ZERO_NONCE, parts.sealed, ad + parts.front)


# §6.4

@dataclass(frozen=True)
class Body:
    epoch: int
    received: int
    symbols: Dict[int, bytes]
    content: bytes


def bits(bitmap: int) -> List[int]:
    return [i for i in range(bitmap.bit_length()) if bitmap >> i & 1]


def bitmap(numbers) -> int:
    return sum(1 << i for i in numbers)


def encode_body(body: Body, bucket: int) -> bytes:
    symbols = b"".join(body.symbols[i] for i in sorted(body.symbols))
    bitmaps = body.received.to_bytes(5, "big"), bitmap(body.symbols).to_bytes(5, "big")
    padded = struct.pack(BODY, body.epoch, *bitmaps) + symbols + struct.pack(">H", len(body.content)) + body.content
    assert len(padded) <= bucket
    return padded + bytes(bucket - len(padded))


def decode_body(direction: int, padded: bytes) -> Body:
    """§6.7, step 7, as far as it is about form."""
    epoch, *bitmaps = struct.unpack(BODY, padded[:14])
    received, present = (int.from_bytes(each, "big") for each in bitmaps)
    require(received < 1 << SYMBOLS[1 - direction] and present < 1 << SYMBOLS[direction], "bad-message")
    numbers = bits(present)
    start = 14 + SYMBOL * len(numbers)
    require(start + 2 <= len(padded), "bad-message")
    end = start + 2 + int.from_bytes(padded[start : start + 2], "big")
    require(end <= len(padded) and not any(padded[end:]), "bad-message")
    symbols = {number: padded[14 + SYMBOL * i : 14 + SYMBOL * (i + 1)] for i, number in enumerate(numbers)}
    return Body(epoch, received, symbols, padded[start + 2 : end])


def smallest_bucket(content: bytes) -> int:
    return next(i for i, bucket in enumerate(BUCKETS) if bucket >= LEAST_BODY + SYMBOL + len(content))
