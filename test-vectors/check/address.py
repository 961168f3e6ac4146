"""Addresses, §4.1."""

from __future__ import annotations

import re
from typing import List, Tuple

from .spec import require

LOCAL = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
LABEL = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def parse(text: str) -> Tuple[str, str]:
    require(len(text.encode("utf-8", "surrogatepass")) <= 317, "bad-address")
    local, at, domain = text.partition("@")
    require(at == "@" and LOCAL.fullmatch(local) is not None, "bad-address")
    check_domain(domain)
    return local, domain


def check_domain(domain: str) -> None:
    require(len(domain) <= 253, "bad-address")
    labels = domain.split(".")
    require(len(labels) >= 2, "bad-address")
    for label in labels:
        require(LABEL.fullmatch(label) is not None, "bad-address")
        if label[2:4] == "--":
            require(label.startswith("xn--"), "bad-address")
            characters = punycode(label[4:])
            require(any(c > 0x7F for c in characters), "bad-address")
            require(all(c <= 0x10FFFF and not 0xD800 <= c <= 0xDFFF for c in characters), "bad-address")
    require(labels[-1][0] in "abcdefghijklmnopqrstuvwxyz", "bad-address")


def punycode(text: str) -> List[int]:
    """RFC 3492 §6.2 to the letter; the codec in the standard library accepts a delimiter that nothing precedes."""
    delimiter = max(text.rfind("-"), 0)
    output = [ord(c) for c in text[:delimiter]]
    position = delimiter + 1 if delimiter > 0 else 0
    n, i, bias = 128, 0, 72
    while position < len(text):
        old_i, weight, k = i, 1, 36
        while True:
            require(position < len(text) and text[position] in DIGITS, "bad-address")
            digit = DIGITS.index(text[position])
            position += 1
            i += digit * weight
            threshold = min(max(k - bias, 1), 26)
            if digit < threshold:
                break
            weight *= 36 - threshold
            k += 36
        length = len(output) + 1
        bias = _adapt(i - old_i, length, old_i == 0)
        n += i // length
        i %= length
        output.insert(i, n)
        i += 1
    return output


def _adapt(delta: int, length: int, first: bool) -> int:
    delta = delta // 700 if first else delta // 2
    delta += delta // length
    k = 0
    while delta > 455:
        delta //= 35
        k += 36
    return k + 36 * delta // (delta + 38)
