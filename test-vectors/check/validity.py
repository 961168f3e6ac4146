"""Validity and the tolerance of clocks, §4.10."""

from __future__ import annotations

from typing import Dict

from .spec import require

DAY = 24 * 60 * 60 * 1000
TOLERANCE = DAY
LONGEST = 30 * DAY
U64_MAX = 2**64 - 1

Validity = Dict[str, int]


def plus(time: int, duration: int) -> int:
    return min(time + duration, U64_MAX)


def at_most_30_days(validity: Validity) -> None:
    require(validity["not_after"] - validity["not_before"] <= LONGEST, "bad-value")


def is_within(inner: Validity, outer: Validity) -> bool:
    return outer["not_before"] <= inner["not_before"] and inner["not_after"] <= outer["not_after"]


def require_begun(validity: Validity, now: int) -> None:
    require(plus(now, TOLERANCE) >= validity["not_before"], "not-yet-valid")


def is_expired(validity: Validity, now: int, grace: int = 0) -> bool:
    return now > plus(plus(validity["not_after"], grace), TOLERANCE)
