"""0x0b to 0x11: sums, multi-scalar products, pairing check and maps on BLS12-381. Source: EIP-2537.

A field element is 64 bytes, the first 16 zero; an element of Fp2 is two, a point of G1 two, a point of G2 four; a
scalar is 32 bytes, of any value. Sums take any points of the curves; products and the pairing check only points of
G1 and G2.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from py_arkworks_bls12381 import G1Point, G2Point

from hyperion.primitives import bls12_381 as curve
from hyperion.primitives.curve import PointError
from hyperion.rules import rule
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile

ELEMENT_BYTES: Final = 64
PADDING: Final = bytes(ELEMENT_BYTES - curve.FIELD_BYTES)
G1_BYTES: Final = 2 * ELEMENT_BYTES
G2_BYTES: Final = 4 * ELEMENT_BYTES
SCALAR_BYTES: Final = 32
G1_TERM_BYTES: Final = G1_BYTES + SCALAR_BYTES
G2_TERM_BYTES: Final = G2_BYTES + SCALAR_BYTES
PAIR_BYTES: Final = G1_BYTES + G2_BYTES

# --- prices ---------------------------------------------------------------------------------------------------------

G1_ADD_GAS: Final = 375
G2_ADD_GAS: Final = 600
G1_MUL_GAS: Final = 12_000
G2_MUL_GAS: Final = 22_500
PAIRING_BASE_GAS: Final = 37_700
PAIRING_GAS: Final = 32_600
"""Gas of each pair, beside the base."""
MAP_G1_GAS: Final = 5_500
MAP_G2_GAS: Final = 23_800

# fmt: off
# In thousandths of the price of one product, for 1, 2, ... 128 terms; the last holds for more.
G1_DISCOUNTS: Final[tuple[int, ...]] = (
    1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677,
    673, 669, 665, 661, 658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627,
    625, 623, 621, 619, 617, 615, 613, 611, 609, 608, 606, 604, 603, 601, 599, 598,
    596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581, 580, 579, 577, 576,
    575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563, 562, 561, 560, 559,
    558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545, 544,
    543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531,
    530, 529, 528, 528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519,
)
G2_DISCOUNTS: Final[tuple[int, ...]] = (
    1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717,
    711, 704, 699, 693, 688, 683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646,
    643, 640, 637, 634, 632, 629, 627, 624, 622, 620, 618, 615, 613, 611, 609, 607,
    606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587, 586, 584, 583, 582,
    580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567, 566, 565, 563, 562,
    561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548, 547,
    546, 545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535,
    534, 533, 532, 532, 531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524,
)
# fmt: on

Run: TypeAlias = Callable[[bytes], bytes | None]


@rule("VM-precompile-bls12-msm-gas", "A multi-scalar product costs its terms' price, less a discount by their number.")
def msm_gas(data: bytes, term_bytes: int, price: int, discounts: tuple[int, ...]) -> int:
    """The price in gas for the whole terms of the input; 0 if there is none, and then it fails."""
    terms = len(data) // term_bytes
    return 0 if terms == 0 else terms * price * discounts[min(terms, len(discounts)) - 1] // 1_000


@rule("VM-precompile-bls12-pairing-gas", "BLS12_PAIRING_CHECK costs 37700 gas and 32600 for each whole pair.")
def pairing_gas(data: bytes) -> int:
    """The price in gas."""
    return PAIRING_BASE_GAS + PAIRING_GAS * (len(data) // PAIR_BYTES)


# --- encoding -------------------------------------------------------------------------------------------------------


@rule("VM-precompile-bls12-padding", "The first 16 of the 64 bytes of a field element are zero.")
def unpadded(data: bytes) -> bytes:
    """The 48-byte field elements without their padding; refused with ``PointError``, ``bad-padding``."""
    elements = [data[start : start + ELEMENT_BYTES] for start in range(0, len(data), ELEMENT_BYTES)]
    if any(not element.startswith(PADDING) for element in elements):
        raise PointError("field element", "bad-padding")
    return b"".join(element[len(PADDING) :] for element in elements)


def padded(point: G1Point | G2Point) -> bytes:
    """The coordinates of a point, 64 bytes for each field element; infinity is all zero."""
    data = point.to_xy_bytes_be()
    size = curve.FIELD_BYTES
    return b"".join(PADDING + data[start : start + size] for start in range(0, len(data), size))


def _g1(data: bytes) -> G1Point:
    return curve.g1(unpadded(data))


def _g2(data: bytes) -> G2Point:
    return curve.g2(unpadded(data))


def _member1(data: bytes) -> G1Point:
    return curve.g1_member(unpadded(data))


def _member2(data: bytes) -> G2Point:
    return curve.g2_member(unpadded(data))


def _parts(data: bytes, size: int) -> list[bytes]:
    """The input in parts of one size; refused with ``PointError``, ``bad-length``, if there is none or a rest."""
    if len(data) == 0 or len(data) % size != 0:
        raise PointError("input", "bad-length")
    return [data[start : start + size] for start in range(0, len(data), size)]


def _sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise PointError("input", "bad-length")
    return data


def _scalar(term: bytes) -> int:
    return int.from_bytes(term[-SCALAR_BYTES:], "big")


# --- the contracts --------------------------------------------------------------------------------------------------


@rule("VM-precompile-bls12-g1-add", "BLS12_G1ADD gives the sum of two points of the curve over Fp, or fails.")
def g1_add(data: bytes) -> bytes | None:
    """The sum of two points, which need not be in G1. Fails for a wrong length or a point not on the curve."""
    try:
        _sized(data, 2 * G1_BYTES)
        return padded(curve.g1_sum(_g1(data[:G1_BYTES]), _g1(data[G1_BYTES:])))
    except PointError:
        return None


@rule("VM-precompile-bls12-g2-add", "BLS12_G2ADD gives the sum of two points of the curve over Fp2, or fails.")
def g2_add(data: bytes) -> bytes | None:
    """The sum of two points, which need not be in G2. Fails for a wrong length or a point not on the curve."""
    try:
        _sized(data, 2 * G2_BYTES)
        return padded(curve.g2_sum(_g2(data[:G2_BYTES]), _g2(data[G2_BYTES:])))
    except PointError:
        return None


@rule("VM-precompile-bls12-g1-msm", "BLS12_G1MSM gives the sum of points of G1 times scalars, or fails.")
def g1_msm(data: bytes) -> bytes | None:
    """The product of terms, a point and a scalar each. Fails for a wrong length, no terms, or a point outside G1."""
    try:
        terms = _parts(data, G1_TERM_BYTES)
        points = [_member1(term[:G1_BYTES]) for term in terms]
    except PointError:
        return None
    return padded(curve.g1_msm(points, [_scalar(term) for term in terms]))


@rule("VM-precompile-bls12-g2-msm", "BLS12_G2MSM gives the sum of points of G2 times scalars, or fails.")
def g2_msm(data: bytes) -> bytes | None:
    """The product of terms, a point and a scalar each. Fails for a wrong length, no terms, or a point outside G2."""
    try:
        terms = _parts(data, G2_TERM_BYTES)
        points = [_member2(term[:G2_BYTES]) for term in terms]
    except PointError:
        return None
    return padded(curve.g2_msm(points, [_scalar(term) for term in terms]))


@rule("VM-precompile-bls12-pairing", "BLS12_PAIRING_CHECK says whether the product of pairings is one, or fails.")
def pairing(data: bytes) -> bytes | None:
    """The word 1 or 0. Fails for a wrong length, no pairs, or a point outside G1 or G2."""
    try:
        pairs = [(_member1(part[:G1_BYTES]), _member2(part[G1_BYTES:])) for part in _parts(data, PAIR_BYTES)]
    except PointError:
        return None
    return curve.pairing_check(pairs).to_bytes(32, "big")


@rule("VM-precompile-bls12-map-g1", "BLS12_MAP_FP_TO_G1 gives the point of G1 that a field element maps to, or fails.")
def map_fp_to_g1(data: bytes) -> bytes | None:
    """The mapped point. Fails for a wrong length or an element that is padded wrongly or not below the modulus."""
    try:
        return padded(curve.map_fp_to_g1(unpadded(_sized(data, ELEMENT_BYTES))))
    except PointError:
        return None


@rule("VM-precompile-bls12-map-g2", "BLS12_MAP_FP2_TO_G2 gives the point of G2 that an element maps to, or fails.")
def map_fp2_to_g2(data: bytes) -> bytes | None:
    """The mapped point. Fails for a wrong length or an element that is padded wrongly or not below the modulus."""
    try:
        return padded(curve.map_fp2_to_g2(unpadded(_sized(data, 2 * ELEMENT_BYTES))))
    except PointError:
        return None


def _contract(address: int, name: str, gas: Callable[[bytes], int], run: Run) -> Precompile:
    return Precompile(address, name, gas, run, since=Eip.BLS12_381, until=None)


def _g1_msm_gas(data: bytes) -> int:
    return msm_gas(data, G1_TERM_BYTES, G1_MUL_GAS, G1_DISCOUNTS)


def _g2_msm_gas(data: bytes) -> int:
    return msm_gas(data, G2_TERM_BYTES, G2_MUL_GAS, G2_DISCOUNTS)


PRECOMPILES: Final = (
    _contract(0x0B, "BLS12_G1ADD", lambda data: G1_ADD_GAS, g1_add),
    _contract(0x0C, "BLS12_G1MSM", _g1_msm_gas, g1_msm),
    _contract(0x0D, "BLS12_G2ADD", lambda data: G2_ADD_GAS, g2_add),
    _contract(0x0E, "BLS12_G2MSM", _g2_msm_gas, g2_msm),
    _contract(0x0F, "BLS12_PAIRING_CHECK", pairing_gas, pairing),
    _contract(0x10, "BLS12_MAP_FP_TO_G1", lambda data: MAP_G1_GAS, map_fp_to_g1),
    _contract(0x11, "BLS12_MAP_FP2_TO_G2", lambda data: MAP_G2_GAS, map_fp2_to_g2),
)
