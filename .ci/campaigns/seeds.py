#!/usr/bin/env python3
"""Writes seeds for the fuzz targets from the test vectors: seeds.py DIRECTORY."""

import hashlib
import json
import sys
from pathlib import Path

WIRE = {
    "HybridPublicKey": ["wire_hybrid_public_key"],
    "HybridSignature": ["wire_hybrid_signature"],
    "BlobPointer": ["wire_blob_pointer"],
    "AttachmentPointer": ["wire_attachment_pointer"],
    "Specimen": ["wire_specimen"],
}
# Targets that take several messages.
GROUPS = {
    "wire_chain": "ManifestLink ManifestHeader SignedHeader AuthorityPath Manifest ForkEvidence",
    "wire_bodies": "DeviceEntry AccountBody Validity Endpoint OnlineKey ServerBody AddressCertificate SignedCertificate",
    "wire_prekeys": "Bundle SignedBundle Stock SignedStock OneTimePair OneTime ClaimRequest ClaimAnswer",
    "wire_people": "VerificationCode LinkInvitation QrPayload SasStart SasAnswer SasReveal LinkRequest LinkReveal",
    "wire_kept": "ClaimGrant Seen PrekeysSeen ContactTrust DeviceSecret PrekeySecret OneTimeSecret "
    "SasInitiating SasResponding SasComparing LinkInviting LinkJoining LinkComparing LinkAwaiting",
    "wire_handshake": "OneTimePlace Initial LinkProof OwnBundle OwnManifest ReplayEntry HandshakeAwaiting HandshakeAnswering PeerFloor "
    "SessionStanding",
    "wire_ratchet": "PairwiseFrame RatchetState SkippedBlock",
    "wire_server": "Discovery SignedDiscovery Frame SignedFrame Batch Verdict Position Item Lookup Claim Answer",
    "wire_mailbox": "ItemStatus Drained",
    "wire_service": "Request Response Refused Hello SignedHello BlobGrant SignedBlobGrant",
    "wire_server_kept": "DomainState DiscoveryGate Period DomainPin DomainHold InboundStream OutboundStream Peer PeerManifest Link OutboxEntry "
    "ParkedQueue Question ServerAlarm PayloadItem TokenEntry TokenCount MailboxState KeptEntry HeldItem PayloadState OriginState RequestState "
    "KeptRequest KeptGap GapBudget AccountEntry AddressOwner RegisteredKey DevicePrekeys StockUse ClaimBudget AskBudget Invite Answered "
    "LinkMailbox LinkMessage",
    "wire_session": "SessionBody SessionAck Linking SessionGap SharedBody Introduction",
    "wire_session_kept": "Contact ContactManifest DeviceSessions SessionState SessionTag SentMessage FanOut Recipients",
    "wire_client": "ClientAccount ClientState Errand Person PendingDevice Outgoing KnownContent SubmittedItem TokenOwner",
    "wire_client_event": "ClientEvent",
}
for group, messages in GROUPS.items():
    WIRE.update({message: [group] for message in messages.split()})
# Kinds of inputs of the machine, fuzz/src/server.rs.
MACHINE = {"Frame": [1, 8], "SignedFrame": [0, 7], "Request": [3, 4], "SignedDiscovery": [11]}
PARSERS = {
    "x25519.parse": ("x25519_public_key", "public"),
    "ed25519.parse": ("ed25519_public_key", "public"),
    "ml_kem.parse": ("ml_kem_public_key", "public"),
    "ml_kem.decapsulate": ("ml_kem_ciphertext", "ciphertext"),
    "manifest.verify": ("manifest_verify", "manifest"),
    "fork.verify": ("fork_verify", "evidence"),
    "certificate.verify": ("certificate_verify", "certificate"),
    "claim.verify": ("claim_verify", "answer"),
    "handshake.open": ("initial_open", "initial"),
    "handshake.compare": ("identity_block", "block"),
}


def some(data: bytes) -> bytes:
    """Bytes after their number, as the targets take them."""
    return bytes([len(data)]) + data


def seeds(case):
    op, given = case["op"], case["in"]
    if op == "wire.decode":
        for target in WIRE.get(given["message"], []):
            yield target, bytes.fromhex(given["bytes"])
        # A server takes these as they are, and as if who may had sent them.
        for kind in MACHINE.get(given["message"], []):
            data = bytes.fromhex(given["bytes"])
            if len(data) < 2**16:
                yield "server_machine", bytes([kind]) + len(data).to_bytes(2, "big") + data
    elif op in PARSERS:
        target, member = PARSERS[op]
        yield target, bytes.fromhex(given[member])
    elif op == "address.parse":
        yield "address", given["text"].encode()
        yield "domain", given["text"].rpartition("@")[2].encode()
    elif op == "discovery.record":
        yield "discovery_texts", "\n".join(given["texts"]).encode()
    elif op == "phrase.parse":
        yield "recovery_phrase", given["phrase"].encode()
    elif op == "one_time.open":
        key, aad, sealed = (bytes.fromhex(given[name]) for name in ("key", "aad", "ciphertext"))
        yield "one_time_open", key + some(aad) + sealed
    elif op == "rest.open":
        key, aad, record = (bytes.fromhex(given[name]) for name in ("key", "aad", "record"))
        yield "rest_open", key + some(aad) + record
    elif op == "blob.open":
        pointer = bytes.fromhex(given["pointer"])
        yield "blob_open", pointer[2:34] + bytes.fromhex(given["blob"])
    elif op == "shared.seal":
        body = bytes.fromhex(given["shared"])
        yield "shared_open", (len(body).to_bytes(4, "big") + body).ljust(256, b"\0")


def main() -> None:
    directory = Path(sys.argv[1])
    for file in sorted((Path(__file__).resolve().parents[2] / "test-vectors").glob("*.json")):
        for case in json.loads(file.read_text())["cases"]:
            for target, data in seeds(case):
                (directory / target).mkdir(parents=True, exist_ok=True)
                (directory / target / hashlib.sha1(data).hexdigest()).write_bytes(data)


main()
