"""Which precompiles a fork has, the corners of their inputs, the reasons of refusals, and faults that must be seen."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

import ckzg
import pytest
from py_arkworks_bls12381 import G1Point, G2Point

from hyperion.primitives import bls12_381 as bls
from hyperion.primitives import bn254, kzg
from hyperion.primitives.curve import PointError
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.forks import CANCUN, OSAKA, PARIS, PRAGUE
from hyperion.vm.precompile import read, read_int
from hyperion.vm.precompiles import PRECOMPILES, active
from hyperion.vm.precompiles.bls12_381 import G1_DISCOUNTS, G2_DISCOUNTS
from hyperion.vm.precompiles.modexp import gas_2565, gas_7883

INFINITY: Final = b"\xc0" + bytes(47)
"""The point at infinity of G1 in its one canonical encoding."""
ORDER: Final = bn254.ORDER
P: Final = bn254.MODULUS


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def run(fork: Fork, address: int, data: bytes) -> bytes | None:
    return fork.precompiles[address].run(data)


# --- forks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fork", "addresses"),
    [
        (PARIS, range(0x01, 0x0A)),
        (CANCUN, range(0x01, 0x0B)),
        (PRAGUE, range(0x01, 0x12)),
        (OSAKA, [*range(0x01, 0x12), 0x100]),
    ],
    ids=lambda value: value.name if isinstance(value, Fork) else "",
)
def test_a_fork_has_exactly_these_addresses(fork: Fork, addresses: range | list[int]) -> None:
    assert sorted(fork.precompiles) == list(addresses)


@pytest.mark.parametrize("fork", [PARIS, CANCUN, PRAGUE, OSAKA], ids=lambda fork: fork.name)
def test_no_two_precompiles_are_in_force_at_one_address(fork: Fork) -> None:
    addresses = [p.address for p in PRECOMPILES if p.is_active(fork.eips)]
    assert len(addresses) == len(set(addresses))


def test_osaka_replaces_modexp_and_nothing_else() -> None:
    changed = [a for a in PRAGUE.precompiles if PRAGUE.precompiles[a] is not OSAKA.precompiles[a]]
    assert changed == [0x05]
    assert active({Eip.MODEXP_GAS})[0x05].gas is gas_7883
    assert active(frozenset())[0x05].gas is gas_2565


def test_input_beyond_its_end_is_zero() -> None:
    assert read(b"\x01\x02", 1, 3) == b"\x02\0\0"
    assert read(b"\x01", 2**256, 2) == b"\0\0"
    assert read_int(b"\x01\x02", 1, 3) == 0x020000
    assert read_int(b"\x01", 2**256, 2**256) == 0


# --- empty input ----------------------------------------------------------------------------------------------------

E3B0: Final = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
RIPEMD_OF_NOTHING: Final = bytes(12) + bytes.fromhex("9c1185a5c5e9fc54612808977ee8f548b2258d31")

ON_EMPTY_INPUT: Final[dict[int, tuple[int, bytes | None]]] = {
    0x01: (3_000, b""),
    0x02: (60, E3B0),
    0x03: (600, RIPEMD_OF_NOTHING),
    0x04: (15, b""),
    0x05: (500, b""),
    0x06: (150, bytes(64)),
    0x07: (6_000, bytes(64)),
    0x08: (45_000, words(1)),
    0x09: (0, None),
    0x0A: (50_000, None),
    0x0B: (375, None),
    0x0C: (0, None),
    0x0D: (600, None),
    0x0E: (0, None),
    0x0F: (37_700, None),
    0x10: (5_500, None),
    0x11: (23_800, None),
    0x100: (6_900, b""),
}


@pytest.mark.parametrize("address", sorted(ON_EMPTY_INPUT))
def test_empty_input(address: int) -> None:
    precompile = OSAKA.precompiles[address]
    assert (precompile.gas(b""), precompile.run(b"")) == ON_EMPTY_INPUT[address]


# --- the older contracts --------------------------------------------------------------------------------------------


@pytest.mark.rule("VM-precompile-ecrecover")
@pytest.mark.parametrize("v", [0, 1, 26, 29, 27 + 2**255, 2**256 - 1])
def test_ecrecover_takes_only_27_and_28(v: int) -> None:
    assert run(OSAKA, 0x01, words(1, v, 1, 1)) == b""


@pytest.mark.rule("VM-precompile-gas-by-words")
@pytest.mark.parametrize(("size", "begun"), [(0, 0), (1, 1), (31, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_a_begun_word_is_paid_whole(size: int, begun: int) -> None:
    assert [OSAKA.precompiles[a].gas(bytes(size)) for a in (2, 3, 4)] == [
        60 + 12 * begun,
        600 + 120 * begun,
        15 + 3 * begun,
    ]


HUGE: Final = 2**256 - 1


@pytest.mark.rule("VM-precompile-modexp-gas-2565", "VM-precompile-modexp-gas-7883", "VM-precompile-modexp-bounds")
def test_modexp_prices_lengths_that_no_memory_holds() -> None:
    """A price is integer arithmetic on the header: it must come back at once for any declared length."""
    assert gas_2565(words(HUGE, HUGE, HUGE)) > 2**700
    assert gas_7883(words(HUGE, HUGE, HUGE)) > 2**700
    # Empty base and modulus make the exponent free under EIP-2565, which is why nothing of it may be read then.
    assert gas_2565(words(0, HUGE, 0)) == 200
    assert run(PRAGUE, 0x05, words(0, HUGE, 0)) == b""
    assert run(OSAKA, 0x05, words(0, HUGE, 0)) is None


@pytest.mark.rule("VM-precompile-modexp")
@pytest.mark.parametrize(
    ("data", "output"),
    [
        (words(1, 1, 1) + b"\x03\x02\x05", b"\x04"),
        (words(1, 1, 2) + b"\x03\x02\x05", b"\0\x09"),
        (words(1, 1, 1) + b"\x03\x02", b"\0"),
        (words(1, 0, 1) + b"\0\x05", b"\x01"),
        (words(0, 1, 1) + b"\0\x01", b"\0"),
        (words(1, 1, 0) + b"\x03\x02", b""),
        (words(0, 0, 3), b"\0\0\0"),
    ],
    ids=["plain", "input ends in the modulus", "modulus missing", "0**0", "modulus 1", "no modulus", "only a modulus"],
)
def test_modexp_corners(data: bytes, output: bytes) -> None:
    assert run(PRAGUE, 0x05, data) == run(OSAKA, 0x05, data) == output


# --- BN254 ----------------------------------------------------------------------------------------------------------

G2_GENERATOR: Final = words(
    0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
    0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
)
"""The generator of EIP-197, imaginary parts first."""


@pytest.mark.rule("VM-precompile-bn254-add", "VM-precompile-bn254-mul")
def test_bn254_reads_short_input_as_zero_and_cuts_long_input() -> None:
    assert run(OSAKA, 0x06, words(1, 2)) == words(1, 2)
    assert run(OSAKA, 0x06, words(1, 2, 1, P - 2) + b"\xff" * 9) == bytes(64)
    assert run(OSAKA, 0x06, words(1, 2)[:-1]) is None
    assert run(OSAKA, 0x07, words(1, 2) + b"\x80") == run(OSAKA, 0x07, words(1, 2, 2**255))
    assert run(OSAKA, 0x07, words(1, 2, ORDER)) == bytes(64)
    assert run(OSAKA, 0x07, words(1, 2, ORDER + 1) + b"\xff") == words(1, 2)


@pytest.mark.rule("VM-precompile-bn254-pairing", "PRIM-bn254-pairing-check")
def test_bn254_pairing_corners() -> None:
    pair = words(1, 2) + G2_GENERATOR
    inverse = words(1, P - 2) + G2_GENERATOR
    assert run(OSAKA, 0x08, pair) == words(0)
    assert run(OSAKA, 0x08, pair + inverse) == words(1)
    assert run(OSAKA, 0x08, pair[:-1]) is None
    assert run(OSAKA, 0x08, pair + inverse + b"\0") is None
    assert run(OSAKA, 0x08, bytes(64) + G2_GENERATOR) == run(OSAKA, 0x08, words(1, 2) + bytes(128)) == words(1)
    # Infinity of one side does not excuse a bad point on the other.
    assert run(OSAKA, 0x08, bytes(64) + words(1, 1, 1, 1)) is None
    assert run(OSAKA, 0x08, words(1, 1) + bytes(128)) is None


def _swapped(data: bytes) -> bytes:
    """The parts of each coordinate in the other order."""
    return data[32:64] + data[:32] + data[96:128] + data[64:96]


def test_bn254_g2_has_the_imaginary_part_first() -> None:
    assert run(OSAKA, 0x08, bytes(64) + _swapped(G2_GENERATOR)) is None


OUTSIDE_G2: Final = (
    (2, 1),
    (
        7292567877523311580221095596750716176434782432868683424513645834767876293070,
        19659275751359636165940301690575149581329631496732780143538578556285923319774,
    ),
)
"""A point of the twist of BN254 whose order is not the group's (its membership of the twist is checked below)."""


def _times(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """A product in Fp2, where the square of the imaginary unit is -1."""
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def _refusal(decode: Callable[[], object]) -> str:
    with pytest.raises(PointError) as refused:
        decode()
    return f"{refused.value.field}: {refused.value.reason}"


def test_the_point_outside_g2_is_on_the_twist() -> None:
    """By the equation of EIP-197, y² = x³ + 3 / (9 + i), without its division."""
    x, y = OUTSIDE_G2
    real, imaginary = _times((9, 1), _times(x, _times(x, x)))
    assert _times((9, 1), _times(y, y)) == ((real + 3) % P, imaginary)


@pytest.mark.rule("PRIM-bn254-g1", "PRIM-bn254-g2")
def test_bn254_refusals_say_why() -> None:
    assert _refusal(lambda: bn254.g1(P, 0)) == "G1: not-reduced"
    assert _refusal(lambda: bn254.g1(-1, 0)) == "G1: not-reduced"
    assert _refusal(lambda: bn254.g1(1, 1)) == "G1: not-on-curve"
    assert _refusal(lambda: bn254.g2((P, 0), (0, 0))) == "G2: not-reduced"
    assert _refusal(lambda: bn254.g2((1, 2), (3, 4))) == "G2: not-on-curve"
    assert _refusal(lambda: bn254.g2(*OUTSIDE_G2)) == "G2: not-in-subgroup"


def test_control_a_decoder_without_subgroup_check_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the check taken out, the case above must come out otherwise, or it tests nothing."""
    (x0, x1), (y0, y1) = OUTSIDE_G2
    data = bytes(64) + words(x1, x0, y1, y0)
    assert run(OSAKA, 0x08, data) is None
    monkeypatch.setattr(bn254, "in_subgroup", lambda point: True)
    assert run(OSAKA, 0x08, data) == words(1)


# --- BLS12-381 ------------------------------------------------------------------------------------------------------


def padded(coordinates: bytes) -> bytes:
    return b"".join(bytes(16) + coordinates[k : k + 48] for k in range(0, len(coordinates), 48))


G1: Final = padded(G1Point().to_xy_bytes_be())
G2: Final = padded(G2Point().to_xy_bytes_be())


@pytest.mark.rule("VM-precompile-bls12-msm-gas")
def test_discounts_are_the_128_of_the_eip() -> None:
    for discounts, first, last in ((G1_DISCOUNTS, (1000, 949, 848), 519), (G2_DISCOUNTS, (1000, 1000, 923), 524)):
        assert len(discounts) == 128
        assert discounts[:3] == first and discounts[-1] == last
        assert all(a >= b for a, b in pairwise(discounts))
    for terms, price in ((1, 12_000), (2, 22_776), (128, 797_184), (129, 803_412), (1_000, 6_228_000)):
        assert OSAKA.precompiles[0x0C].gas(bytes(160 * terms)) == price
    for terms, price in ((1, 22_500), (2, 45_000), (128, 1_509_120), (129, 1_520_910)):
        assert OSAKA.precompiles[0x0E].gas(bytes(288 * terms)) == price


@pytest.mark.rule("VM-precompile-bls12-padding", "VM-precompile-bls12-g1-add")
@pytest.mark.parametrize("position", [0, 15, 64, 79, 128, 192])
def test_padding_must_be_zero(position: int) -> None:
    good = G1 + bytes(128)
    assert run(OSAKA, 0x0B, good) == G1
    assert run(OSAKA, 0x0B, good[:position] + b"\x01" + good[position + 1 :]) is None


@pytest.mark.parametrize(
    ("address", "good"),
    [
        (0x0B, G1 + G1),
        (0x0C, G1 + words(2)),
        (0x0D, G2 + G2),
        (0x0E, G2 + words(2)),
        (0x0F, G1 + G2),
        (0x10, bytes(64)),
        (0x11, bytes(128)),
    ],
)
def test_bls_contracts_want_their_exact_length(address: int, good: bytes) -> None:
    assert run(OSAKA, address, good) is not None
    assert run(OSAKA, address, good[:-1]) is None
    assert run(OSAKA, address, good + b"\0") is None


@pytest.mark.rule("PRIM-bls12-g1-coordinates", "PRIM-bls12-subgroup")
def test_bls_refusals_say_why() -> None:
    modulus = bls.MODULUS.to_bytes(48, "big")
    outside = bytes(47) + b"\0" + (2).to_bytes(48, "big")
    assert _refusal(lambda: bls.g1(bytes(95))) == "G1: bad-length"
    assert _refusal(lambda: bls.g1(modulus + bytes(48))) == "G1: not-reduced"
    assert _refusal(lambda: bls.g1(b"\0" * 95 + b"\x01")) == "G1: not-on-curve"
    assert _refusal(lambda: bls.g1_member(outside)) == "G1: not-in-subgroup"
    assert _refusal(lambda: bls.g2(b"\0" * 191 + b"\x01")) == "G2: not-on-curve"
    assert _refusal(lambda: bls.map_fp_to_g1(modulus)) == "Fp: not-reduced"
    assert _refusal(lambda: bls.map_fp2_to_g2(bytes(48) + modulus)) == "Fp2: not-reduced"


# --- KZG ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def setup() -> kzg.TrustedSetup:
    return ckzg.load_trusted_setup(str(Path(kzg.__file__).with_name("kzg_trusted_setup.txt")), 0)


def test_the_one_number_of_the_setup_is_that_of_the_file() -> None:
    """And the file hangs together: its G2 has the secret that its G1 has, and its Lagrange points add up to one."""
    lines = Path(kzg.__file__).with_name("kzg_trusted_setup.txt").read_text(encoding="ascii").split()
    assert lines[:2] == ["4096", "65"] and len(lines) == 2 + 4096 + 65 + 4096
    lagrange, in_g2, monomial = lines[2:4098], lines[4098:4163], lines[4163:]
    assert bytes.fromhex(in_g2[1]) == kzg.TAU_G2
    tau_g1, tau_g2 = (
        G1Point.from_compressed_bytes(bytes.fromhex(monomial[1])),
        G2Point.from_compressed_bytes(kzg.TAU_G2),
    )
    assert bls.pairing_check([(tau_g1, -G2Point()), (G1Point(), tau_g2)])
    points = [G1Point.from_compressed_bytes_unchecked(bytes.fromhex(text)) for text in lagrange]
    assert bls.g1_msm(points, [1] * len(points)) == G1Point()
    roots = [pow(int(kzg.ROOT_OF_UNITY), k, kzg.FIELD_MODULUS) for k in range(len(points))]
    assert sorted(roots) == sorted(int(root) for root in kzg.DOMAIN)
    assert bls.g1_msm(points, roots) == tau_g1


STRAY_BITS: Final = [b"\xff" * 48, b"\xc0" + bytes(46) + b"\x01", b"\xe0" + bytes(47), b"\x40" + bytes(47)]
"""Infinity with bits beside its two flags, or with one flag: not canonical, though there are decoders that take it."""


@pytest.mark.rule("PRIM-kzg-g1-encoding")
@pytest.mark.parametrize("proof", STRAY_BITS, ids=lambda proof: proof[:1].hex())
def test_infinity_has_one_encoding(proof: bytes, setup: kzg.TrustedSetup) -> None:
    """The official vectors have no such case; c-kzg-4844 decides."""
    zero = bytes(32)
    assert kzg.verify_proof(INFINITY, zero, zero, INFINITY)
    for commitment, other in ((INFINITY, proof), (proof, INFINITY)):
        with pytest.raises((ValueError, RuntimeError)):
            ckzg.verify_kzg_proof(commitment, zero, zero, other, setup)
        with pytest.raises(kzg.KzgInputError) as refused:
            kzg.verify_proof(commitment, zero, zero, other)
        assert refused.value.reason == "not-a-g1-point"


def test_control_the_library_alone_takes_stray_bits() -> None:
    """If this fails, the library has become strict and the check in ``g1_of`` can go."""
    assert G1Point.from_compressed_bytes(STRAY_BITS[0]) == G1Point.identity()


@pytest.mark.rule("PRIM-kzg-verify-blob")
def test_proofs_of_the_library_hold_by_our_equations(setup: kzg.TrustedSetup) -> None:
    blob = b"".join((k * k + 1).to_bytes(32, "big") for k in range(kzg.FIELD_ELEMENTS_PER_BLOB))
    commitment = kzg.commit(blob, setup)
    assert kzg.verify_blob_proof(blob, commitment, kzg.compute_blob_proof(blob, commitment, setup))
    z = (12_345).to_bytes(32, "big")
    proof, y = kzg.compute_proof(blob, z, setup)
    assert kzg.verify_proof(commitment, z, y, proof)
    assert int.from_bytes(y, "big") == kzg.evaluate(kzg.elements_of(blob), 12_345)
    call = kzg.versioned_hash(commitment) + z + y + commitment + proof
    assert run(CANCUN, 0x0A, call) == words(4_096, kzg.FIELD_MODULUS)
    for position in range(0, len(call), 7):
        changed = bytearray(call)
        changed[position] ^= 1
        assert run(CANCUN, 0x0A, bytes(changed)) is None


@pytest.mark.parametrize(
    "blob", [b"", bytes(kzg.BLOB_BYTES - 1), b"\xff" * kzg.BLOB_BYTES], ids=["empty", "short", "big"]
)
def test_functions_with_a_setup_refuse_with_a_type(blob: bytes, setup: kzg.TrustedSetup) -> None:
    for function in (
        lambda: kzg.commit(blob, setup),
        lambda: kzg.compute_proof(blob, bytes(32), setup),
        lambda: kzg.compute_blob_proof(blob, INFINITY, setup),
        lambda: kzg.compute_cells(blob, setup),
        lambda: kzg.compute_cells_and_proofs(blob, setup),
        lambda: kzg.recover_cells_and_proofs([-1], [blob], setup),
        lambda: kzg.verify_cell_proofs([INFINITY], [2**70], [blob], [INFINITY], setup),
        lambda: kzg.verify_blob_proof(blob, INFINITY, INFINITY),
        lambda: kzg.verify_blob_proofs([blob], [INFINITY], []),
    ):
        with pytest.raises(kzg.KzgInputError):
            function()
