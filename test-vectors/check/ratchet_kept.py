"""Kept keys, §6.10: the blocks of a session, and what a call changes of them."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from . import ratchet
from .spec import Refused, require
from .validity import DAY

BLOCK = 64
MOST_PASSED = 1000
MOST_BLOCKS = 64
MOST_CLOSED = 16
MOST_REMEMBERED = 8
OLDEST = 30 * DAY

Place = Tuple[bytes, int]


def place_of(block: Dict[str, Any]) -> Place:
    return block["tag"], block["index"]


def keys_of(block: Dict[str, Any]) -> Dict[int, bytes]:
    """By number of the message."""
    numbers = [BLOCK * block["index"] + i for i in ratchet.bits(block["held"])]
    return {number: block["keys"][32 * i : 32 * i + 32] for i, number in enumerate(numbers)}


def block_of(place: Place, keys: Dict[int, bytes]) -> Dict[str, Any]:
    tag, index = place
    held = ratchet.bitmap(number - BLOCK * index for number in keys)
    return {"tag": tag, "index": index, "held": held, "keys": b"".join(keys[number] for number in sorted(keys))}


class Kept:
    """The blocks that were given, changed as the message goes on; the lists of blocks in the state change with them."""

    def __init__(self, state: Dict[str, Any], blocks: List[Dict[str, Any]], now: int):
        self.state, self.now = state, now
        self.blocks = {place_of(block): keys_of(block) for block in blocks}
        self.before = {place: dict(keys) for place, keys in self.blocks.items()}
        self.listed_before = self.listed()
        for chain in self.chains():
            for listed in chain["blocks"]:
                listed["kept_at"] = min(listed["kept_at"], now)

    def chains(self) -> List[Dict[str, Any]]:
        """Those of which keys can be kept, oldest first."""
        current = [self.state["receiving"]] if "receiving" in self.state else []
        return self.state["closed_chains"] + current

    def listed(self) -> Set[Place]:
        return {(chain["header"][: ratchet.TAG], each["index"]) for chain in self.chains() for each in chain["blocks"]}

    def take(self, chain: Dict[str, Any], number: int) -> bytes:
        """The key of a number that was passed, which is erased."""
        place = chain["header"][: ratchet.TAG], number // BLOCK
        listed = next((each for each in chain["blocks"] if each["index"] == place[1]), None)
        missing = Refused("too-old" if chain["forgotten"] else "used")
        if listed is None:
            raise missing
        require(place in self.blocks, "not-given")
        require(self.now - listed["kept_at"] <= OLDEST, "too-old")
        keys = self.blocks[place]
        if number not in keys:
            raise missing
        key = keys.pop(number)
        if not keys:
            del self.blocks[place]
            chain["blocks"].remove(listed)
        return key

    def keep(self, chain: Dict[str, Any], passed: List[Tuple[int, bytes]]) -> None:
        if len(passed) > MOST_PASSED:
            chain["forgotten"] = True
        for number, key in passed[-MOST_PASSED:]:
            place = chain["header"][: ratchet.TAG], number // BLOCK
            listed = next((each for each in chain["blocks"] if each["index"] == place[1]), None)
            if listed is None:
                listed = {"index": place[1], "kept_at": self.now}
                chain["blocks"].append(listed)
            else:
                require(place in self.blocks, "not-given")
                if self.now - listed["kept_at"] > OLDEST:
                    self.blocks[place] = {}
                    chain["forgotten"] = True
            listed["kept_at"] = self.now
            self.blocks.setdefault(place, {})[number] = key

    def drop(self, chain: Dict[str, Any], listed: Dict[str, Any]) -> None:
        chain["blocks"].remove(listed)
        self.blocks.pop((chain["header"][: ratchet.TAG], listed["index"]), None)
        chain["forgotten"] = True

    def finish(self) -> None:
        """What is too old or too much goes."""
        listed = [(each, chain) for chain in self.chains() for each in chain["blocks"]]
        listed.sort(key=lambda pair: pair[0]["kept_at"])  # stable: of equal age, those of older chains first
        surplus = len(listed) - MOST_BLOCKS
        for i, (each, chain) in enumerate(listed):
            if i < surplus or self.now - each["kept_at"] > OLDEST:
                self.drop(chain, each)
        closed, remembered = self.state["closed_chains"], self.state["remembered_chains"]
        for chain in closed[:-MOST_CLOSED]:
            for each in list(chain["blocks"]):
                self.drop(chain, each)
        remembered += [
            {"tag": chain["header"][: ratchet.TAG], "forgotten": chain["forgotten"]} for chain in closed if not chain["blocks"]
        ]
        self.state["closed_chains"] = [chain for chain in closed if chain["blocks"]]
        self.state["remembered_chains"] = remembered[-MOST_REMEMBERED:]

    def changes(self) -> Tuple[List[Dict[str, Any]], List[Place]]:
        """Blocks to be written, and the places of those to be deleted, both in order."""
        put = [block_of(place, keys) for place, keys in sorted(self.blocks.items()) if self.before.get(place) != keys]
        return put, sorted(self.listed_before - self.listed())
