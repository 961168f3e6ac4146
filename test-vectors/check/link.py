"""Linking a device, §4.16."""

from __future__ import annotations

from typing import Any, Dict

from . import account, address, chain, ids, wire
from .constructions import draw
from .people import codes, comparing, commitment, fingerprint, require_reveal
from .primitives import H
from .spec import require
from .validity import U64_MAX

LINKING = 2
TWO_MINUTES = 120_000


def invite(encoded: bytes, domain: str, request: bytes, shown_at: int, now: int, random: bytes) -> Dict[str, Any]:
    """What the existing device says, and the code that it expects."""
    manifest = chain.verify(chain.ACCOUNT, encoded)
    address.check_domain(domain)
    asked = wire.decode("LinkRequest", request)
    token, nonce = draw(random[:16]), draw(random[16:])
    promise = commitment(LINKING, manifest.chain + token + domain.encode("ascii"), nonce)
    invitation = {"domain": domain, "account": manifest.chain, "token": token, "commitment": promise}
    require(shown_at <= now <= min(shown_at + TWO_MINUTES, U64_MAX), "expired")
    require(asked["token"] == token and not asked["device"]["capabilities"] & account.MANAGE, "mismatch")
    account.require_possession(asked["device"], manifest.chain, asked["possession"])
    context = manifest.chain + token + fingerprint(manifest.path) + H(wire.encode("DeviceEntry", asked["device"]))
    shown, expected = codes(LINKING, context, nonce, asked["nonce"])
    outcome = {"account": manifest.chain, "device": asked["device"], "possession": asked["possession"]}
    return {
        "invitation": wire.encode("LinkInvitation", invitation),
        "reveal": wire.encode("LinkReveal", {"nonce": nonce, "manifest": encoded}),
        "comparing": comparing("LinkComparing", shown, expected, outcome),
    }


def join(invitation: bytes, reveal: bytes, random: bytes) -> Dict[str, Any]:
    """What the new device says and keeps."""
    invited, revealed = wire.decode("LinkInvitation", invitation), wire.decode("LinkReveal", reveal)
    secret, nonce = account.draw_secret(random[:160]), draw(random[160:])
    entry, possession = account.entry_of(secret), account.possess(secret, invited["account"])
    request = {"token": invited["token"], "device": entry, "possession": possession, "nonce": nonce}
    promised = invited["account"] + invited["token"]
    domain = invited["domain"].encode("ascii")
    require_reveal(LINKING, promised + domain, invited["commitment"], revealed["nonce"])
    manifest = chain.verify(chain.ACCOUNT, revealed["manifest"])
    require(manifest.chain == invited["account"], "mismatch")
    context = promised + fingerprint(manifest.path) + H(wire.encode("DeviceEntry", entry))
    expected, shown = codes(LINKING, context, revealed["nonce"], nonce)
    outcome = {"account": manifest.chain, "device": ids.device(entry)}
    return {
        "request": wire.encode("LinkRequest", request),
        "secret": wire.encode("DeviceSecret", secret),
        "awaiting": comparing("LinkAwaiting", shown, expected, outcome),
    }
