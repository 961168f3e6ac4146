"""What a state of the ratchet must be beyond §3.2: the last column of §6.12."""

from __future__ import annotations

from typing import Any, Dict, List

from . import ratchet
from .primitives import ml_kem_parse, x25519_parse
from .ratchet_kept import BLOCK, MOST_BLOCKS
from .ratchet_lane import ANSWER
from .rules import INITIATOR, RESPONDER, ascending, rule
from .spec import require

KEY = 1184
LANES = {INITIATOR: ("offering", "ready", "closed"), RESPONDER: ("collecting", "holding", "answering", "closed")}


def bounded(length: int) -> None:
    require(length <= ratchet.MOST_MESSAGES, "bad-value")


def numbered(epoch: int) -> None:
    require(epoch > 0, "bad-value")


for place in ("OpenChain.next", "OpenChain.previous", "DueChain.previous"):
    rule(place)(bounded)
for place in ("ReceivingChain.next", "ReceivingChain.previous", "ClosedChain.length"):
    rule(place)(bounded)
for lane in ("Offering", "Ready", "Collecting", "Holding", "Answering", "Closed"):
    rule(f"Lane{lane}.epoch")(numbered)
rule("OpenChain.ratchet_key")(x25519_parse)
rule("ReceivingChain.ratchet_key")(x25519_parse)
rule("LaneHolding.key")(ml_kem_parse)


def blocks_within(blocks: List[Dict[str, Any]], length: int) -> None:
    indices = [block["index"] for block in blocks]
    require(ascending(indices) and all(BLOCK * index < length for index in indices), "bad-value")


@rule("ReceivingChain")
def _(chain):
    blocks_within(chain["blocks"], chain["next"])


@rule("ClosedChain")
def _(chain):
    blocks_within(chain["blocks"], chain["length"])
    require(chain["blocks"] != [], "bad-value")


def outgoing(part: Dict[str, Any], length: int, count: int) -> None:
    require(len(part["bytes"]) == length and part["cursor"] <= count, "bad-value")
    require(part["acknowledged"] < (1 << count) - 1, "bad-value")


def incoming(part: Dict[str, Any], count: int) -> None:
    require(part["held"] < (1 << count) - 1, "bad-value")
    require(len(part["symbols"]) == ratchet.SYMBOL * len(ratchet.bits(part["held"])), "bad-value")


rule("LaneOffering.key")(lambda part: outgoing(part, KEY, ratchet.SYMBOLS[ratchet.FROM_A]))
rule("LaneOffering.answer")(lambda part: incoming(part, ratchet.SYMBOLS[ratchet.FROM_B]))
rule("LaneCollecting.key")(lambda part: incoming(part, ratchet.SYMBOLS[ratchet.FROM_A]))
rule("LaneAnswering.answer")(lambda part: outgoing(part, ANSWER, ratchet.SYMBOLS[ratchet.FROM_B]))


@rule("RatchetState")
def _(state):
    role, has_sent_link = state["standing"]["role"], "sent_link" in state
    is_responder = role == RESPONDER
    require(any(lane in state for lane in LANES[role]), "bad-value")
    if "open" in state:
        is_first_answer = is_responder and state["open"]["previous"] == 0
        require(("answer" in state["open"]) == is_first_answer, "bad-value")
    else:
        is_before_all = is_responder and not has_sent_link
        require((state["due"]["previous"] == 0) == is_before_all and "receiving" in state, "bad-value")
    if is_responder:
        require("receiving" in state and "received_link" in state, "bad-value")
        require(state["standing"]["answered"] == has_sent_link, "bad-value")
    else:
        require(has_sent_link and ("receiving" in state) == ("received_link" in state), "bad-value")
    chains = state["closed_chains"] + [state[name] for name in ("receiving",) if name in state]
    require(sum(len(chain["blocks"]) for chain in chains) <= MOST_BLOCKS, "bad-value")


@rule("SkippedBlock")
def _(block):
    require(block["index"] < ratchet.MOST_MESSAGES // BLOCK and block["held"] < 1 << BLOCK, "bad-value")
    require(len(block["keys"]) == 32 * len(ratchet.bits(block["held"])), "bad-value")
