"""Recovery phrases, §4.17. The package gives the words; the rest is done here, and the package must agree."""

from __future__ import annotations

import re

from mnemonic import Mnemonic

from .primitives import H, P, agree
from .spec import label, require

PACKAGE = Mnemonic("english")
INDICES = {word: index for index, word in enumerate(PACKAGE.wordlist)}
WORDS = 24


def words(entropy: bytes) -> str:
    bits = int.from_bytes(entropy + H(entropy)[:1], "big")
    indices = [bits >> 11 * (WORDS - 1 - i) & 2047 for i in range(WORDS)]
    return agree(" ".join(PACKAGE.wordlist[index] for index in indices), PACKAGE.to_mnemonic(entropy))


def parse(phrase: str) -> bytes:
    # Only now does `lower` mean the letters of ASCII alone.
    require(phrase.isascii(), "bad-phrase")
    found = [word for word in re.split("[ \t\n\f\r]+", phrase.lower()) if word]
    require(len(found) == WORDS, "bad-phrase")
    bits = 0
    for word in found:
        require(word in INDICES, "bad-phrase")
        bits = bits << 11 | INDICES[word]
    entropy, checksum = (bits >> 8).to_bytes(32, "big"), bits & 0xFF
    require(agree(H(entropy)[0] == checksum, PACKAGE.check(" ".join(found))), "bad-phrase")
    return entropy


def key(entropy: bytes) -> bytes:
    """The seed of the hybrid key."""
    return P(entropy, label("recovery key", "expansion"), 64)
