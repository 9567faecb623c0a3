"""ECDSA over the curve secp256k1: whose signature is it, and what is that key's address.

A signature is ``(y_parity, r, s)``: the parity of the nonce point's y, its x modulo the group order, and the proof. A
public key is 64 bytes, x then y, big-endian. Curve arithmetic is libsecp256k1's. Source: SEC 1 §4.1.6; Yellow Paper,
appendix F; EIP-2 (low ``s``); RFC 6979 (deterministic nonces).
"""

from typing import Final

from coincurve import PrivateKey, PublicKey

from hyperion.primitives.hashing import HASH_BYTES, keccak256
from hyperion.primitives.word import Address
from hyperion.rules import rule

ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Number of points of the group: ``r``, ``s`` and secret keys are integers modulo it."""

HALF_ORDER: Final = ORDER // 2

PUBLIC_KEY_BYTES: Final = 64


class SignatureInputError(ValueError):
    """An argument that no caller may pass: the argument's name in ``field`` and what is wrong with it in ``reason``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _checked_hash(message_hash: bytes) -> bytes:
    if len(message_hash) != HASH_BYTES:
        raise SignatureInputError("message_hash", "not-32-bytes")
    return message_hash


def _checked_secret(secret: int) -> bytes:
    if not 0 < secret < ORDER:
        raise SignatureInputError("secret", "not-in-1-to-order-minus-1")
    return secret.to_bytes(32, "big")


@rule("PRIM-signature-low-s", "Of the two proofs s and order - s, a transaction may carry only the lower one.")
def is_low_s(s: int) -> bool:
    """Whether ``s`` is in the lower half of the group (EIP-2). The ``ecrecover`` precompile does not ask this."""
    return s <= HALF_ORDER


@rule("PRIM-signature-range", "A signature's r and s are in 1 .. order - 1 and its y parity is 0 or 1.")
def is_in_range(y_parity: int, r: int, s: int) -> bool:
    """Whether the numbers can be a signature at all; a nonce point whose x is ``order`` or more is not admitted."""
    return y_parity in (0, 1) and 0 < r < ORDER and 0 < s < ORDER


@rule("PRIM-signature-recover", "A signature with its y parity names one public key: the one under which it verifies.")
def recover(message_hash: bytes, y_parity: int, r: int, s: int) -> bytes | None:
    """The 64-byte public key that signed the 32-byte ``message_hash``.

    None if a number is out of range, no curve point has x = ``r``, or the key would be the point at infinity.
    Refuses a hash that is not 32 bytes with ``SignatureInputError``.
    """
    _checked_hash(message_hash)
    if not is_in_range(y_parity, r, s):
        return None
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((y_parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, message_hash, hasher=None)
    except ValueError:
        return None
    return key.format(compressed=False)[1:]


@rule("PRIM-address-of-key", "An address is the last 20 bytes of the hash of the 64-byte public key.")
def address_of(public_key: bytes) -> Address:
    """The address of a 64-byte public key. Refuses another length with ``SignatureInputError``."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise SignatureInputError("public_key", "not-64-bytes")
    return int.from_bytes(keccak256(public_key)[12:], "big")


def public_key_of(secret: int) -> bytes:
    """The 64-byte public key of a secret key in ``1 .. order - 1``; another is refused with ``SignatureInputError``."""
    return PrivateKey(_checked_secret(secret)).public_key.format(compressed=False)[1:]


def sign(message_hash: bytes, secret: int) -> tuple[int, int, int]:
    """The signature ``(y_parity, r, s)`` of a 32-byte hash, with the nonce of RFC 6979 and low ``s``.

    Deterministic: the same hash and key give the same signature. For making transactions, never part of a transition.
    Refuses a hash that is not 32 bytes and a secret out of range with ``SignatureInputError``.
    """
    signature = PrivateKey(_checked_secret(secret)).sign_recoverable(_checked_hash(message_hash), hasher=None)
    return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
