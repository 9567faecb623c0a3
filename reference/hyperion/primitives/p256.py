"""ECDSA over P-256 (secp256r1): is this the signature of that key under this hash.

Curve arithmetic is OpenSSL's. Source: FIPS 186-5 §6.4.2; EIP-7951.
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from hyperion.rules import rule

MODULUS: Final = 0xFFFFFFFF_00000001_00000000_00000000_00000000_FFFFFFFF_FFFFFFFF_FFFFFFFF
"""The prime p: coordinates are integers modulo it."""
ORDER: Final = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
"""The prime n: number of points of the curve."""
B: Final = 0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B
"""The curve is ``y**2 = x**3 - 3*x + B``."""


def is_on_curve(x: int, y: int) -> bool:
    """Whether ``(x, y)`` are reduced coordinates of a point; infinity, written ``(0, 0)``, is not one."""
    return 0 <= x < MODULUS and 0 <= y < MODULUS and (y * y - x * x * x + 3 * x - B) % MODULUS == 0


@rule("PRIM-p256-verify", "A P-256 signature has r and s in 1 .. n - 1, a key on the curve, and verifies.")
def verify(message_hash: bytes, r: int, s: int, x: int, y: int) -> bool:
    """Whether ``(r, s)`` signs the 32-byte hash under the key ``(x, y)``; anything malformed is simply not a signature.

    Both of ``s`` and ``n - s`` are accepted.
    """
    if len(message_hash) != SHA256.digest_size or not (0 < r < ORDER and 0 < s < ORDER and is_on_curve(x, y)):
        return False
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        key.verify(encode_dss_signature(r, s), message_hash, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True
