"""The forms of inputs: each function takes a value as it stands in JSON and gives the value that it means.

An input of another form has no error class, because the specification leaves a caller no room to offer it; such a
case is malformed.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict

from . import spec
from .spec import Malformed

def _demand(condition: bool, what: str, value: Any) -> None:
    if not condition:
        raise Malformed(f"{value!r:.80} is no {what}")


def octets(value: Any) -> bytes:
    _demand(isinstance(value, str) and re.fullmatch("(?:[0-9a-f]{2})*", value) is not None, "lower-case hexadecimal", value)
    return bytes.fromhex(value)


def octets_of(length: int) -> Callable:
    def parse(value: Any) -> bytes:
        data = octets(value)
        _demand(len(data) == length, f"string of {length} bytes", value)
        return data

    return parse


def number(value: Any) -> int:
    _demand(type(value) is int and 0 <= value < 2**32, "number", value)
    return value


def number_in(*allowed: int) -> Callable:
    def parse(value: Any) -> int:
        _demand(number(value) in allowed, f"number of {allowed}", value)
        return value

    return parse


def u16(value: Any) -> int:
    _demand(number(value) < 2**16, "number of 16 bits", value)
    return value


def u64(value: Any) -> int:
    _demand(isinstance(value, str) and re.fullmatch("0|[1-9][0-9]*", value) is not None, "decimal string", value)
    _demand(int(value) < 2**64, "number of 64 bits", value)
    return int(value)


def text(value: Any) -> str:
    _demand(isinstance(value, str), "text", value)
    return value


def numbers(value: Any) -> list:
    _demand(isinstance(value, list), "list", value)
    return [number(item) for item in value]


def list_of_octets(value: Any) -> list:
    _demand(isinstance(value, list), "list", value)
    return [octets(item) for item in value]


def list_of_u64(value: Any) -> list:
    _demand(isinstance(value, list), "list", value)
    return [u64(item) for item in value]


def list_of_texts(value: Any) -> list:
    _demand(isinstance(value, list), "list", value)
    return [text(item) for item in value]


def steps(value: Any) -> list:
    """Pairs of a word and a fingerprint."""
    _demand(isinstance(value, list), "list", value)
    for step in value:
        _demand(isinstance(step, list) and len(step) == 2, "pair of a word and a fingerprint", step)
    return [(text(word), octets_of(32)(fingerprint)) for word, fingerprint in value]


def symbols(value: Any) -> Dict[int, bytes]:
    """Pairs of a number and a symbol of the lane, in rising order."""
    _demand(isinstance(value, list) and all(isinstance(item, list) and len(item) == 2 for item in value), "list of pairs", value)
    result = {number(item[0]): octets_of(32)(item[1]) for item in value}
    _demand(list(result) == sorted({item[0] for item in value}) and len(result) == len(value), "rising list", value)
    return result


SCRIPT = {
    "seal": {"side": text, "now": u64, "content": octets, "random": octets},
    "open": {"side": text, "now": u64, "message": number, "flip": number},
}


def script(value: Any) -> list:
    """The steps of a conversation."""
    _demand(isinstance(value, list), "list", value)
    result = []
    for step in value:
        _demand(isinstance(step, dict) and step.get("do") in SCRIPT and step.get("side") in ("A", "B"), "step", step)
        forms = SCRIPT[step["do"]]
        _demand({"flip", *step} == {"flip", "do", *forms}, "step", step)
        result.append({key: item if key == "do" else forms[key](item) for key, item in step.items()})
    return result


def flag(value: Any) -> bool:
    _demand(type(value) is bool, "true or false", value)
    return value


EVENTS = {
    "begin": {"session": octets_of(32), "at": u64},
    "accept": {"session": octets_of(32), "active": flag, "former": flag, "at": u64},
    "accept_after": {"session": octets_of(32), "given_up": octets_of(16), "active": flag, "former": flag, "at": u64},
    "settle": {"session": octets_of(32)},
    "withdraw": {"name": octets_of(16)},
    "probe": {"at": u64},
    "outlast": {"at": u64},
    "decide": {"believed": flag, "at": u64},
    "expire": {"at": u64},
}


def events(value: Any) -> list:
    """What happens to the sessions with a device."""
    _demand(isinstance(value, list), "list", value)
    result = []
    for event in value:
        _demand(isinstance(event, dict) and event.get("do") in EVENTS, "event", event)
        forms = EVENTS[event["do"]]
        _demand(set(event) == {"do", *forms}, "event", event)
        result.append({key: item if key == "do" else forms[key](item) for key, item in event.items()})
    return result


def label_for(kind: str) -> Callable:
    return lambda value: spec.label(text(value), kind)


def pair_of_numbers(value: Any) -> list:
    _demand(len(numbers(value)) == 2, "pair of numbers", value)
    return value


EDITS = {
    "chunks": numbers,
    "flip": pair_of_numbers,
    "cut": pair_of_numbers,
    "commitment": octets_of(32),
    "pointer": octets,
    "resume_at": number,
}


def edits(value: Any) -> Dict[str, Any]:
    _demand(isinstance(value, dict) and set(value) <= set(EDITS), "object of edits", value)
    return {key: EDITS[key](item) for key, item in value.items()}
