"""The operations of README.md from §9: the forms of inputs, and which construction gives the outputs."""

from __future__ import annotations

from . import rules_client, rules_session, sessions  # the rules register
from .forms import events, list_of_octets, octets, octets_of
from .registry import operation

# §9.1

@operation("history.chain", messages=list_of_octets)
def _(messages):
    histories, history = [], sessions.NO_HISTORY
    for message in messages:
        history = sessions.history(history, message)
        histories.append(history)
    return {"histories": histories}


@operation("view", mine=octets_of(32), yours=octets_of(32))
def _(mine, yours):
    return {"view": sessions.view(mine, yours)}


# §9.2

@operation("shared.seal", shared=octets, random=octets_of(32))
def _(shared, random):
    return sessions.seal_shared(shared, random)


@operation("shared.open", key=octets_of(32), hash=octets_of(32), blob=octets, account=octets_of(32), device=octets_of(16))
def _(key, hash, blob, account, device):
    return {"shared": sessions.open_shared(key, hash, blob, account, device)}


# §9.4

@operation("lineage.run", events=events)
def _(events):
    return sessions.run(events)
