"""The messages of proto/*.proto, as tables for the decoder, checked against the subset of §3.1."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F
from grpc_tools import protoc

from .spec import ENCODED_SIZES, PARTS, PROTO, Malformed

PACKAGE = "sottovoce.v1"

KINDS = {
    F.TYPE_UINT32: "uint32",
    F.TYPE_UINT64: "uint64",
    F.TYPE_BOOL: "bool",
    F.TYPE_ENUM: "enum",
    F.TYPE_BYTES: "bytes",
    F.TYPE_STRING: "string",
    F.TYPE_MESSAGE: "message",
}
INTEGERS = {"uint32", "uint64", "bool", "enum"}

# The only messages that no table of messages names.
PARTS_OF_THE_SPECIMEN = {"SpecimenPart", "SpecimenMark"}


@dataclass
class Field:
    name: str
    number: int
    kind: str
    repeated: bool
    required: bool
    oneof: Optional[str]
    min_len: int
    max_len: Optional[int]
    max_count: Optional[int]
    enum_values: frozenset
    type_name: Optional[str]


@dataclass
class Message:
    name: str
    max_bytes: int
    fields: Dict[int, Field] = field(default_factory=dict)
    runtime: type = None  # the class of the official library


def _check(condition: bool, where: str, rule: str) -> None:
    if not condition:
        raise Malformed(f"{where}: {rule} (§3.1)")


def _compile() -> bytes:
    """A serialised FileDescriptorSet of all the files."""
    files = sorted(path.name for path in PROTO.glob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "set"
        arguments = ["protoc", f"-I{PROTO}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={output}"]
        if protoc.main(arguments + files) != 0:
            raise Malformed("protoc does not accept proto/*.proto")
        return output.read_bytes()


def _options(options) -> dict:
    """The options of this protocol that are set."""
    return {extension.name: value for extension, value in options.ListFields() if extension.is_extension}


def _field(pool, proto, where: str, oneofs) -> Field:
    where = f"{where}.{proto.name}"
    options = _options(proto.options)
    kind = KINDS.get(proto.type)
    repeated = proto.label == F.LABEL_REPEATED
    oneof = oneofs[proto.oneof_index].name if proto.HasField("oneof_index") and not proto.proto3_optional else None
    sized = kind in ("bytes", "string")

    _check(kind is not None, where, "its type is not in the subset")
    _check(1 <= proto.number <= 63, where, "field numbers are 1 to 63")
    _check(not repeated or sized or kind == "message", where, "only bytes, strings and messages may be repeated")
    _check(oneof is None or kind == "message", where, "fields in a oneof are messages")
    _check(repeated or oneof is not None or proto.proto3_optional, where, "a singular field is optional")
    _check(repeated == ("max_count" in options), where, "max_count goes with repeated")
    _check(sized == ("len" in options or "max_len" in options), where, "len or max_len goes with bytes and string")
    _check("len" not in options or not {"min_len", "max_len"} & set(options), where, "len excludes min_len and max_len")
    _check("len" not in options or kind == "bytes", where, "len is for bytes")
    _check("min_len" not in options or "max_len" in options, where, "min_len needs max_len")
    _check("may_be_absent" not in options or (not repeated and oneof is None), where, "may_be_absent is for singular fields")

    return Field(
        name=proto.name,
        number=proto.number,
        kind=kind,
        repeated=repeated,
        required=not repeated and oneof is None and not options.get("may_be_absent", False),
        oneof=oneof,
        min_len=options.get("len", options.get("min_len", 0)),
        max_len=options.get("len", options.get("max_len")),
        max_count=options.get("max_count"),
        enum_values=_enum_values(pool, proto.type_name) if kind == "enum" else frozenset(),
        type_name=proto.type_name.rpartition(".")[2] if kind == "message" else None,
    )


def _enum_values(pool, type_name: str) -> frozenset:
    return frozenset(value.number for value in pool.FindEnumTypeByName(type_name.lstrip(".")).values) - {0}


def load() -> Dict[str, Message]:
    data = _compile()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    # The class from this pool, unlike the one in descriptor_pb2, knows the extensions of the options.
    name = descriptor_pb2.FileDescriptorSet.DESCRIPTOR.full_name
    files = message_factory.GetMessageClass(pool.FindMessageTypeByName(name)).FromString(data).file
    messages: Dict[str, Message] = {}
    for file in files:
        if file.package != PACKAGE:
            continue
        for proto in file.message_type:
            _check(not proto.nested_type, proto.name, "no maps or messages declared inside another")
            _check(not proto.extension_range, proto.name, "no extensions")
            options = _options(proto.options)
            _check("max_bytes" in options, proto.name, "it has no max_bytes")
            descriptor = pool.FindMessageTypeByName(f"{PACKAGE}.{proto.name}")
            message = Message(proto.name, options["max_bytes"], runtime=message_factory.GetMessageClass(descriptor))
            for item in proto.field:
                message.fields[item.number] = _field(pool, item, proto.name, proto.oneof_decl)
            messages[proto.name] = message
    for message in messages.values():
        _check(_depth(messages, message, ()) <= 8, message.name, "nesting is at most 8 deep")
    _compare_with_document(messages)
    return messages


def _depth(messages: Dict[str, Message], message: Message, above: tuple) -> int:
    _check(message.name not in above, message.name, "it is recursive")
    inner = [messages[f.type_name] for f in message.fields.values() if f.kind == "message"]
    return 1 + max((_depth(messages, each, (*above, message.name)) for each in inner), default=0)


def _compare_with_document(messages: Dict[str, Message]) -> None:
    for name, size in ENCODED_SIZES.items():
        largest = int(size.split()[-1].replace(",", ""))
        if name not in messages or messages[name].max_bytes != largest:
            raise Malformed(f"{name}: max_bytes and the tables of §3.3 and §4.18 differ")
    unlisted = set(messages) - set(ENCODED_SIZES) - PARTS - PARTS_OF_THE_SPECIMEN
    unknown = PARTS - set(messages)
    if unknown:
        raise Malformed(f"a table of messages has {sorted(unknown)}, which are none")
    if unlisted:
        raise Malformed(f"no table of messages has {sorted(unlisted)}")


MESSAGES = load()
