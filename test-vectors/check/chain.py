"""Chains of manifests: §4.2 to §4.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

from . import account, ids, wire
from .constructions import hybrid_public, hybrid_sign, require_signature
from .spec import label, require

ACCOUNT = 1
SERVER = 2


@dataclass
class Path:
    """A verified authority path: its headers and their hashes."""

    headers: List[Dict[str, Any]]
    hashes: List[bytes]

    def is_rotation(self, i: int) -> bool:
        """Whether this header set the recovery authorities."""
        return i == 0 or changes(self.headers[i], self.headers[i - 1], "recovery_authorities")

    @property
    def newest_rotation(self) -> bytes:
        return next(self.hashes[i] for i in reversed(range(len(self.headers))) if self.is_rotation(i))

    @property
    def chain(self) -> bytes:
        return self.hashes[0]

    @property
    def newest(self) -> Dict[str, Any]:
        return self.headers[-1]

    @property
    def hash(self) -> bytes:
        return self.hashes[-1]

    @property
    def term(self) -> int:
        return self.newest["term"]

    @property
    def order(self) -> Tuple[int, int]:
        return self.term, self.newest["version"]

    def changes(self) -> List[Tuple[int, bytes]]:
        """Version and hash of each change of the newest term, the head included (§4.5)."""
        result = []
        for i, header in enumerate(self.headers):
            is_change = header["version"] == 0 or changes(header, self.headers[i - 1], "device_authorities")
            if header["term"] == self.term and is_change:
                result.append((header["version"], self.hashes[i]))
        return result


@dataclass
class Manifest:
    path: Path
    body: Dict[str, Any]

    @property
    def chain(self) -> bytes:
        return self.path.chain

    @property
    def device_ids(self) -> List[bytes]:
        return [ids.device(entry) for entry in self.body.get("devices", [])]

    def device(self, device_id: bytes) -> Dict[str, Any]:
        """What the account lists under this id."""
        require(device_id in self.device_ids, "mismatch")
        return self.body["devices"][self.device_ids.index(device_id)]


def changes(header: Dict[str, Any], base: Dict[str, Any], authorities: str) -> bool:
    return header[authorities] != base[authorities]


# §4.2

def sign(seed: bytes, header: bytes) -> Tuple[bytes, bytes]:
    """The signed header and the hash of the header."""
    wire.decode("ManifestHeader", header)
    signature = hybrid_sign(seed, label("manifest signature", "hybrid signature"), header)
    parts = {"header": header, "signer": hybrid_public(seed), "signature": wire.decode("HybridSignature", signature)}
    return wire.encode("SignedHeader", parts), ids.header(header)


# §4.4

def verify_path(kind: int, signed_headers: List[Dict[str, Any]]) -> Path:
    require(len(signed_headers) > 0, "bad-path")
    path = Path([], [])
    for i, signed in enumerate(signed_headers):
        header = wire.decode("ManifestHeader", signed["header"])
        require(header["kind"] == kind, "wrong-kind")
        signer = ids.pair(signed["signer"])
        if i == 0:
            require("link" not in header, "bad-path")
            require(signer in header["recovery_authorities"], "unauthorised")
        else:
            _require_successor(path, header, signer, is_last=i == len(signed_headers) - 1)
        purpose = label("manifest signature", "hybrid signature")
        require_signature(signed["signer"], signed["signature"], purpose, signed["header"])
        path.headers.append(header)
        path.hashes.append(ids.header(signed["header"]))
    return path


def _require_successor(path: Path, header: Dict[str, Any], signer: bytes, is_last: bool) -> None:
    base = path.newest
    require("link" in header, "bad-path")
    link = header["link"]
    require(link["chain"] == path.chain and link["previous_change"] == path.hash, "bad-path")
    if signer in base["recovery_authorities"]:
        require(path.is_rotation(len(path.headers) - 1), "bad-path")
        require(header["term"] > base["term"] and header["version"] == 0, "bad-path")
        return
    require(signer in base["device_authorities"], "unauthorised")
    require(header["term"] == base["term"] and header["version"] > base["version"], "bad-path")
    is_next = header["version"] == base["version"] + 1
    require((link["previous"] == link["previous_change"]) == is_next, "bad-path")
    require(header["recovery_authorities"] == base["recovery_authorities"], "unauthorised")
    require(is_last or changes(header, base, "device_authorities"), "bad-path")


def verify(kind: int, encoded: bytes) -> Manifest:
    manifest = wire.decode("Manifest", encoded)
    path = verify_path(kind, manifest["path"]["headers"])
    require(ids.body(manifest["body"]) == path.newest["body_hash"], "bad-body")
    body = wire.decode("AccountBody" if kind == ACCOUNT else "ServerBody", manifest["body"])
    if kind == ACCOUNT:
        account.require_consistent(body, path.newest)
        account.require_possessions(body, path.chain, manifest["possessions"])
    else:
        require(manifest["possessions"] == [], "no-possession")
    return Manifest(path, body)


# §4.5

def contradict(one: Path, other: Path) -> bool:
    """Of two paths of one chain and one term."""
    lower, higher = sorted((one, other), key=lambda path: path.order)
    limit = lower.newest["version"]
    return lower.changes() != [change for change in higher.changes() if change[0] <= limit]


def are_twins(one: Path, other: Path) -> bool:
    return one.order == other.order and one.hash != other.hash and not contradict(one, other)


class Follower:
    """Someone who follows a chain: holds nothing, one path, two twins, or nothing after a contradiction."""

    def __init__(self) -> None:
        self.held: List[Path] = []
        # The chain and the term that are followed, also while a contradiction holds.
        self.chain = b""
        self.term = -1

    def take(self, path: Path) -> str:
        """The outcome, in the words of README.md, "Following"."""
        require(self.chain in (b"", path.chain), "other-chain")
        require(path.term >= self.term, "rollback")
        if path.term > self.term:
            self.chain, self.term, self.held = path.chain, path.term, [path]
            return "newer"
        if any(contradict(path, each) for each in self.held):
            self.held = []
        if not self.held:
            return "forked"
        if path.hash in [each.hash for each in self.held]:
            return "known"
        require(path.order >= self.held[0].order, "rollback")
        if path.order > self.held[0].order:
            self.held = [path]
            return "newer"
        # A third twin is not held.
        if len(self.held) == 1:
            self.held.append(path)
        return "forked"

    def hashes(self) -> List[bytes]:
        return sorted(path.hash for path in self.held)


def verify_evidence(encoded: bytes) -> Path:
    """One of the two paths, which have the chain and, if they show a fork, the term in common."""
    evidence = wire.decode("ForkEvidence", encoded)
    first, second = (verify_path(evidence["kind"], evidence[name]["headers"]) for name in ("first", "second"))
    require(first.chain == second.chain, "other-chain")
    require(first.term == second.term, "no-fork")
    require(contradict(first, second) or are_twins(first, second), "no-fork")
    return first
