"""What the documents themselves say: labels, error classes and operations are read from their tables."""

from __future__ import annotations

import re
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent
ROOT = VECTORS.parent
PROTO = ROOT / "proto"

LABEL_PREFIX = b"sottovoce/1 "


class Refused(Exception):
    """The specification refuses an input; `error` is the class of Appendix A."""

    def __init__(self, error: str):
        assert error in ERROR_CLASSES, error
        super().__init__(error)
        self.error = error


class Malformed(Exception):
    """The case, the schema or a document is at fault: the specification does not say what should happen."""


def require(condition: bool, error: str) -> None:
    if not condition:
        raise Refused(error)


def _table(text: str, header: str) -> list[list[str]]:
    """The rows of all Markdown tables with this header line."""
    lines = text.splitlines()
    starts = [index + 2 for index, line in enumerate(lines) if line == header]
    if not starts:
        raise Malformed(f"no document has the table {header}")
    rows = []
    for start in starts:
        for line in lines[start:]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    first_cells = [row[0] for row in rows]
    if len(set(first_cells)) != len(first_cells):
        raise Malformed(f"a row stands twice under {header}")
    return rows


def _names(cell: str) -> list[str]:
    """The lower-case names in backquotes; the names of messages are capitalised."""
    return re.findall(r"`([a-z0-9_-]+)`", cell)


_PROTOCOL = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
_README = (VECTORS / "README.md").read_text(encoding="utf-8")

SECTIONS = set(re.findall(r"^#+ ([0-9.]+) ", _PROTOCOL, re.MULTILINE))

LABEL_KINDS = {row[0].strip("`"): row[1] for row in _table(_PROTOCOL, "| label | kind | used in |")}

ERROR_CLASSES = {name for row in _table(_PROTOCOL, "| class | fault | meaning |") for name in _names(row[0])}

_MESSAGES = _table(_PROTOCOL, "| message | bytes | rules beyond §3.2 |")

# Messages that occur only within another one share a row, without a size.
ENCODED_SIZES = {row[0].strip("`"): row[1] for row in _MESSAGES if not row[1].startswith("within ")}
PARTS = {name for row in _MESSAGES if row[1].startswith("within ") for name in row[0].replace("`", "").split()}

OPERATION_INPUTS = {row[0].strip("`"): _names(row[1]) for row in _table(_README, "| op | in | out |")}


def label(name: str, kind: str) -> bytes:
    """§1 and §2.2: the bytes of a label, which the table must list for this kind of use."""
    if LABEL_KINDS.get(name) != kind:
        raise Malformed(f"{name!r} is no {kind} label of §2.2")
    return LABEL_PREFIX + name.encode("ascii")


def all_labels() -> list[bytes]:
    labels = sorted(LABEL_PREFIX + name.encode("ascii") for name in LABEL_KINDS)
    # Sorted, a string and the strings that it begins are neighbours.
    for shorter, longer in zip(labels, labels[1:]):
        if longer.startswith(shorter):
            raise Malformed(f"label {shorter!r} is a prefix of {longer!r}")
    return labels
