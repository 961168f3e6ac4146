"""The strict decoder of §3.2, and its second lock: the official library must agree on all that it accepts."""

from __future__ import annotations

from typing import Any, Dict

from .rules import RULES
from .schema import INTEGERS, MESSAGES, Field, Message
from .spec import Malformed, require


class Reader:
    """A view of the bytes of one message; a nested message ends before the one around it does."""

    def __init__(self, data: bytes, position: int, end: int):
        self.data, self.position, self.end = data, position, end

    def remaining(self) -> int:
        return self.end - self.position

    def varint(self) -> int:
        value = 0
        for index in range(10):
            require(self.remaining() > 0, "truncated")
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << (7 * index)
            if index == 9:
                # The tenth byte holds only bit 63, so this covers an eleventh byte and excess bits alike.
                require(byte <= 1, "bad-varint")
            if byte < 0x80:
                require(index == 0 or byte != 0, "bad-varint")
                return value
        raise AssertionError("unreachable")

    def take(self, length: int) -> bytes:
        start = self.position
        self.position += length
        return self.data[start : self.position]


def decode(name: str, data: bytes) -> Dict[str, Any]:
    """The fields that are present, by name, after all checks of §3.2, §3.3 and §4.18."""
    if name not in MESSAGES:
        raise Malformed(f"no message {name}")
    message = MESSAGES[name]
    require(len(data) <= message.max_bytes, "too-large")
    value = _message(message, Reader(data, 0, len(data)))
    _second_lock(message, data, value)
    _rules_of_the_type(message, value)
    return value


def _message(message: Message, reader: Reader) -> Dict[str, Any]:
    value: Dict[str, Any] = {f.name: [] for f in message.fields.values() if f.repeated}
    last = 0
    read = set()  # field numbers
    chosen = set()  # oneofs
    while reader.remaining() > 0:
        tag = reader.varint()
        number, wire_type = tag >> 3, tag & 7
        require(number in message.fields, "unknown-field")
        field = message.fields[number]
        require(wire_type == (0 if field.kind in INTEGERS else 2), "wrong-wire-type")
        require(number >= last, "out-of-order")
        if number == last:
            require(field.repeated, "duplicate")
            require(len(value[field.name]) < field.max_count, "too-many")
        if field.oneof is not None:
            require(field.oneof not in chosen, "duplicate")
            chosen.add(field.oneof)
        last = number
        read.add(number)
        item = _integer(field, reader) if field.kind in INTEGERS else _sized(field, reader)
        if field.repeated:
            value[field.name].append(item)
        else:
            value[field.name] = item
    for number in sorted(message.fields):
        field = message.fields[number]
        require(not field.required or number in read, "missing")
        require(field.oneof is None or field.oneof in chosen, "missing")
    return value


def _integer(field: Field, reader: Reader) -> int:
    number = reader.varint()
    if field.kind == "uint32":
        require(number < 2**32, "bad-value")
    elif field.kind == "bool":
        require(number <= 1, "bad-value")
        return bool(number)
    elif field.kind == "enum":
        require(number in field.enum_values, "bad-value")
    return number


def _sized(field: Field, reader: Reader) -> Any:
    length = reader.varint()
    if field.kind == "message":
        inner = MESSAGES[field.type_name]
        require(length <= inner.max_bytes, "too-large")
        require(length <= reader.remaining(), "truncated")
        start = reader.position
        reader.position += length
        return _message(inner, Reader(reader.data, start, reader.position))
    require(field.min_len <= length <= field.max_len, "bad-length")
    require(length <= reader.remaining(), "truncated")
    data = reader.take(length)
    if field.kind == "bytes":
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        require(False, "bad-text")


def _rules_of_the_type(message: Message, value: Dict[str, Any]) -> None:
    """§4.18: the rules of the fields and of the parts in them, in the order of the fields, then those of the message as a whole."""
    for number in sorted(message.fields):
        field = message.fields[number]
        if field.name not in value:
            continue
        item = value[field.name]
        if field.kind == "message":
            for part in item if field.repeated else [item]:
                _rules_of_the_type(MESSAGES[field.type_name], part)
        if f"{message.name}.{field.name}" in RULES:
            RULES[f"{message.name}.{field.name}"](item)
    if message.name in RULES:
        RULES[message.name](value)


def _fill(runtime, message: Message, value: Dict[str, Any]) -> None:
    for field in message.fields.values():
        if field.name not in value:
            continue
        item = value[field.name]
        if field.kind == "message":
            inner = MESSAGES[field.type_name]
            if field.repeated:
                for each in item:
                    _fill(getattr(runtime, field.name).add(), inner, each)
            else:
                getattr(runtime, field.name).SetInParent()
                _fill(getattr(runtime, field.name), inner, item)
        elif field.repeated:
            getattr(runtime, field.name).extend(item)
        else:
            setattr(runtime, field.name, item)


def encode(name: str, value: Dict[str, Any]) -> bytes:
    runtime = MESSAGES[name].runtime()
    _fill(runtime, MESSAGES[name], value)
    return runtime.SerializeToString(deterministic=True)


def _second_lock(message: Message, data: bytes, value: Dict[str, Any]) -> None:
    parsed = message.runtime.FromString(data)
    built = message.runtime()
    _fill(built, message, value)
    if parsed != built:
        raise Malformed(f"{message.name}: the official library reads other values")
    for each in (parsed, built):
        if each.SerializeToString(deterministic=True) != data:
            raise Malformed(f"{message.name}: the official library writes other bytes")


def to_json(name: str, value: Dict[str, Any]) -> Dict[str, Any]:
    """README.md, "Values"."""
    kinds = {f.name: f for f in MESSAGES[name].fields.values()}
    return {key: _item_to_json(kinds[key], item) for key, item in value.items()}


def _item_to_json(field: Field, item: Any) -> Any:
    if isinstance(item, list):
        return [_item_to_json(field, each) for each in item]
    if field.kind == "message":
        return to_json(field.type_name, item)
    if field.kind == "bytes":
        return item.hex()
    return str(item) if field.kind == "uint64" else item
