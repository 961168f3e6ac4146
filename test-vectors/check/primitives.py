"""The algorithms of §1 and §2.1 to §2.5, from libraries where these exist.

ML-KEM and ML-DSA come from two libraries each, which must agree: only one of them is deterministic, and
neither should be the sole judge.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519 as ossl_ed25519
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from dilithium_py.ml_dsa import ML_DSA_65
from kyber_py.ml_kem import ML_KEM_768

from . import ed25519
from .spec import Malformed, Refused, require


def agree(one, other):
    if one != other:
        raise Malformed("two libraries disagree")
    return one


# §1

def H(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def M(key: bytes, data: bytes) -> bytes:
    assert len(key) == 32
    return hmac.new(key, data, hashlib.sha256).digest()


def X(salt: bytes, ikm: bytes) -> bytes:
    return M(salt, ikm)  # RFC 5869 §2.2


def P(prk: bytes, info: bytes, length: int) -> bytes:
    assert len(prk) == 32
    return HKDFExpand(SHA256(), length, info).derive(prk)


def lp(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


# §2.3

X25519_LOW_ORDER = {n.to_bytes(32, "little") for n in (0, 1, ed25519.P - 1)} | {
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
}


def x25519_public_key(secret: bytes) -> bytes:
    return x25519.X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def x25519_parse(public: bytes) -> None:
    require(len(public) == 32, "invalid-key")
    require(int.from_bytes(public, "little") < ed25519.P, "invalid-key")
    require(public not in X25519_LOW_ORDER, "invalid-key")


def x25519_shared(secret: bytes, public: bytes) -> bytes:
    x25519_parse(public)
    peer = x25519.X25519PublicKey.from_public_bytes(public)
    try:
        return x25519.X25519PrivateKey.from_private_bytes(secret).exchange(peer)
    except ValueError:  # all zero
        raise Refused("invalid-key") from None


# §2.4

@lru_cache(maxsize=None)
def _ml_kem_keys(seed: bytes):
    public, private = ML_KEM_768.key_derive(seed)
    other = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed)
    return agree(public, other.public_key().public_bytes_raw()), private, other


def ml_kem_public_key(seed: bytes) -> bytes:
    return _ml_kem_keys(seed)[0]


def ml_kem_parse(public: bytes) -> None:
    require(len(public) == 1184, "invalid-key")
    for i in range(0, 1152, 3):
        pair = int.from_bytes(public[i : i + 3], "little")
        require(pair & 0xFFF < 3329 and pair >> 12 < 3329, "invalid-key")


def ml_kem_encapsulate(public: bytes, m: bytes) -> tuple[bytes, bytes]:
    shared, ciphertext = ML_KEM_768._encaps_internal(public, m)  # the public method draws its own randomness
    return ciphertext, shared


def ml_kem_decapsulate(seed: bytes, ciphertext: bytes) -> bytes:
    require(len(ciphertext) == 1088, "invalid-length")
    _, private, other = _ml_kem_keys(seed)
    return agree(ML_KEM_768.decaps(private, ciphertext), other.decapsulate(ciphertext))


# §2.5

def ed25519_public_key(seed: bytes) -> bytes:
    return ossl_ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def ed25519_sign(seed: bytes, message: bytes) -> bytes:
    return ossl_ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)


@lru_cache(maxsize=None)
def _ml_dsa_keys(seed: bytes) -> tuple[bytes, bytes]:
    public, private = ML_DSA_65.key_derive(seed)
    other = mldsa.MLDSA65PrivateKey.from_seed_bytes(seed).public_key()
    return agree(public, other.public_bytes_raw()), private


def ml_dsa_public_key(seed: bytes) -> bytes:
    return _ml_dsa_keys(seed)[0]


@lru_cache(maxsize=None)
def ml_dsa_sign(seed: bytes, message: bytes) -> bytes:
    public, private = _ml_dsa_keys(seed)
    signature = ML_DSA_65.sign(private, message, deterministic=True)
    ml_dsa_verify(public, message, signature)
    return signature


def ml_dsa_verify(public: bytes, message: bytes, signature: bytes) -> None:
    require(len(public) == 1952, "invalid-key")
    require(len(signature) == 3309, "invalid-length")
    require(_ml_dsa_holds(public, message, signature), "invalid-signature")


@lru_cache(maxsize=None)
def _ml_dsa_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        mldsa.MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
        other = True
    except InvalidSignature:
        other = False
    return agree(ML_DSA_65.verify(public, message, signature), other)


# §2.7 and §2.8

def aead_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def aead_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    require(len(ciphertext) >= 16, "unauthentic")
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise Refused("unauthentic") from None


def chacha20_stream(key: bytes, length: int) -> bytes:
    """§2.11: the key stream from nonce and counter 0; the library takes both as one 16-byte value."""
    return Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(length))


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """draft-irtf-cfrg-xchacha-03 §2.2."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def mix(a: int, b: int, c: int, d: int) -> None:
        for x, y, z, rotation in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            word = state[z] ^ state[x]
            state[z] = (word << rotation | word >> (32 - rotation)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            mix(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            mix(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


def xchacha_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    return aead_seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], plaintext, aad)


def xchacha_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    return aead_open(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], ciphertext, aad)
