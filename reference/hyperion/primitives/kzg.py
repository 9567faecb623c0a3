"""KZG commitments to blobs: the equations of proofs, and the functions of a library that work on whole setups.

To verify a proof takes one number of the trusted setup, and so no setup file: the equations are written here. To
commit, to prove, and all that is about cells is c-kzg-4844's, under a setup that the caller has loaded, as the model
reads no files. The setup of the ceremony is beside this module, in ``kzg_trusted_setup.txt``.

Source: EIP-4844 and the chapter "Polynomial commitments" of the consensus specification (Deneb); EIP-7594 (cells).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

import ckzg
from gmpy2 import invert, mpz, powmod
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from hyperion.primitives.bls12_381 import ORDER
from hyperion.rules import rule

FIELD_ELEMENTS_PER_BLOB: Final = 4_096
FIELD_MODULUS: Final = ORDER
"""Values and points of polynomials are integers modulo the order of the groups of BLS12-381."""
BLOB_BYTES: Final = 32 * FIELD_ELEMENTS_PER_BLOB
COMMITMENT_BYTES: Final = 48
VERSION: Final = b"\x01"
"""First byte of the versioned hash of a commitment."""

TrustedSetup: TypeAlias = "ckzg.KZGSettings"
"""The result of the ceremony of 2023, as the library keeps it."""

T = TypeVar("T")


class KzgInputError(ValueError):
    """Bytes that are no commitment, proof, blob, cell or field element: the argument in ``field``, why in ``reason``.

    Reasons: ``bad-length``, ``not-reduced``, ``not-a-g1-point``, ``refused-by-library``.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@rule("PRIM-kzg-versioned-hash", "A commitment's versioned hash is its SHA2-256 with the first byte replaced by 1.")
def versioned_hash(commitment: bytes) -> bytes:
    """The 32 bytes that a blob transaction names a commitment by."""
    return VERSION + sha256(commitment).digest()[1:]


# --- one point ------------------------------------------------------------------------------------------------------

TAU_G2: Final = bytes.fromhex(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72"
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
)
"""The ceremony's secret times the generator of G2, compressed."""


@rule("PRIM-kzg-g1-encoding", "Commitments and proofs are points of G1 in the one canonical compressed encoding.")
def g1_of(field: str, data: bytes) -> G1Point:
    """The point of G1 in 48 bytes; infinity is admitted.

    Refuses with ``KzgInputError``: ``bad-length``, ``not-a-g1-point`` (not on the curve, outside G1, or not canonical:
    the library alone would let stray bits of infinity pass).
    """
    if len(data) != COMMITMENT_BYTES:
        raise KzgInputError(field, "bad-length")
    try:
        point = G1Point.from_compressed_bytes(data)
    except ValueError as error:
        raise KzgInputError(field, "not-a-g1-point") from error
    if point.to_compressed_bytes() != data:
        raise KzgInputError(field, "not-a-g1-point")
    return point


def field_element(field: str, data: bytes) -> Scalar:
    """The field element in 32 bytes, big-endian. Refuses with ``KzgInputError``: ``bad-length``, ``not-reduced``."""
    if len(data) != 32:
        raise KzgInputError(field, "bad-length")
    if int.from_bytes(data, "big") >= FIELD_MODULUS:
        raise KzgInputError(field, "not-reduced")
    return Scalar.from_be_bytes(data)


@rule("PRIM-kzg-verify-proof", "A proof holds if e(C - y*G1, G2) = e(proof, tau*G2 - z*G2).")
def verify_proof(commitment: bytes, z: bytes, y: bytes, proof: bytes) -> bool:
    """Whether the committed polynomial has value ``y`` at ``z``. Refuses malformed bytes with ``KzgInputError``."""
    point, value = field_element("z", z), field_element("y", y)
    c, quotient = g1_of("commitment", commitment), g1_of("proof", proof)
    tau = G2Point.from_compressed_bytes(TAU_G2)
    return GT.pairing_check([c - G1Point() * value, quotient], [-G2Point(), tau - G2Point() * point])


# --- a blob ---------------------------------------------------------------------------------------------------------


def _bit_reversed(values: Sequence[mpz]) -> tuple[mpz, ...]:
    bits = len(values).bit_length() - 1
    return tuple(values[int(f"{k:0{bits}b}"[::-1], base=2)] for k in range(len(values)))


PRIMITIVE_ROOT: Final = 7
"""A generator of the multiplicative group of the scalar field."""
ROOT_OF_UNITY: Final = powmod(PRIMITIVE_ROOT, (FIELD_MODULUS - 1) // FIELD_ELEMENTS_PER_BLOB, FIELD_MODULUS)
DOMAIN: Final = _bit_reversed([powmod(ROOT_OF_UNITY, k, FIELD_MODULUS) for k in range(FIELD_ELEMENTS_PER_BLOB)])
"""The points at which a blob's polynomial has the blob's field elements as its values, in their order."""
CHALLENGE_TAG: Final = b"FSBLOBVERIFY_V1_"


@rule("PRIM-kzg-blob-elements", "A blob is 4096 field elements, each 32 bytes, big-endian, and below the modulus.")
def elements_of(blob: bytes) -> tuple[int, ...]:
    """The 4096 values of the blob's polynomial. Refuses with ``KzgInputError``: ``bad-length``, ``not-reduced``."""
    if len(blob) != BLOB_BYTES:
        raise KzgInputError("blob", "bad-length")
    elements = tuple(int.from_bytes(blob[start : start + 32], "big") for start in range(0, BLOB_BYTES, 32))
    if any(element >= FIELD_MODULUS for element in elements):
        raise KzgInputError("blob", "not-reduced")
    return elements


@rule("PRIM-kzg-challenge", "The point that a blob is proved at is the hash of the blob and its commitment.")
def challenge(blob: bytes, commitment: bytes) -> int:
    """The field element at which the polynomial of a blob of the right length is evaluated."""
    degree = FIELD_ELEMENTS_PER_BLOB.to_bytes(16, "big")
    return int.from_bytes(sha256(CHALLENGE_TAG + degree + blob + commitment).digest(), "big") % FIELD_MODULUS


def evaluate(elements: Sequence[int], z: int) -> int:
    """The value at ``z`` of the polynomial with these 4096 values over ``DOMAIN``, by the barycentric formula."""
    if z in DOMAIN:
        return elements[DOMAIN.index(mpz(z))]
    total = mpz(0)
    for element, root in zip(elements, DOMAIN, strict=True):
        total += element * root % FIELD_MODULUS * invert(z - root, FIELD_MODULUS)
    scale = (powmod(z, FIELD_ELEMENTS_PER_BLOB, FIELD_MODULUS) - 1) * invert(FIELD_ELEMENTS_PER_BLOB, FIELD_MODULUS)
    return int(total * scale % FIELD_MODULUS)


@rule("PRIM-kzg-verify-blob", "A commitment is to a blob if its proof holds at the challenge with the blob's value.")
def verify_blob_proof(blob: bytes, commitment: bytes, proof: bytes) -> bool:
    """Whether a commitment is to a blob. Refuses malformed bytes with ``KzgInputError``."""
    elements = elements_of(blob)
    g1_of("commitment", commitment)
    z = challenge(blob, commitment)
    return verify_proof(commitment, z.to_bytes(32, "big"), evaluate(elements, z).to_bytes(32, "big"), proof)


def verify_blob_proofs(blobs: Sequence[bytes], commitments: Sequence[bytes], proofs: Sequence[bytes]) -> bool:
    """Whether all commitments are to their blobs, each checked by itself: no random combination, so no error.

    Refuses unequal numbers (``bad-length``) and malformed bytes, also behind a proof that fails, with
    ``KzgInputError``.
    """
    if not len(blobs) == len(commitments) == len(proofs):
        raise KzgInputError("proofs", "bad-length")
    verdicts = tuple(verify_blob_proof(*case) for case in zip(blobs, commitments, proofs, strict=True))
    return all(verdicts)


# --- with a setup ---------------------------------------------------------------------------------------------------


def _asked(field: str, question: Callable[[], T]) -> T:
    try:
        return question()
    except (ValueError, RuntimeError, TypeError, OverflowError) as error:
        raise KzgInputError(field, "refused-by-library") from error


def commit(blob: bytes, setup: TrustedSetup) -> bytes:
    """The commitment to a blob. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.blob_to_kzg_commitment(blob, setup))


def compute_proof(blob: bytes, z: bytes, setup: TrustedSetup) -> tuple[bytes, bytes]:
    """The proof of a blob's value at ``z``, and that value. Refuses with ``KzgInputError``."""
    return _asked("blob or z", lambda: ckzg.compute_kzg_proof(blob, z, setup))


def compute_blob_proof(blob: bytes, commitment: bytes, setup: TrustedSetup) -> bytes:
    """The proof that a commitment is to a blob. Refuses with ``KzgInputError``; whether it *is* is not checked."""
    return _asked("blob or commitment", lambda: ckzg.compute_blob_kzg_proof(blob, commitment, setup))


def compute_cells(blob: bytes, setup: TrustedSetup) -> list[bytes]:
    """The 128 cells of the extended blob, 2048 bytes each. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.compute_cells(blob, setup))


def compute_cells_and_proofs(blob: bytes, setup: TrustedSetup) -> tuple[list[bytes], list[bytes]]:
    """The 128 cells and their proofs. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.compute_cells_and_kzg_proofs(blob, setup))


def recover_cells_and_proofs(
    indices: Sequence[int], cells: Sequence[bytes], setup: TrustedSetup
) -> tuple[list[bytes], list[bytes]]:
    """All cells and proofs from at least half of the cells, indices ascending. Refuses with ``KzgInputError``."""
    return _asked("indices or cells", lambda: ckzg.recover_cells_and_kzg_proofs(list(indices), list(cells), setup))


def verify_cell_proofs(
    commitments: Sequence[bytes],
    indices: Sequence[int],
    cells: Sequence[bytes],
    proofs: Sequence[bytes],
    setup: TrustedSetup,
) -> bool:
    """Whether all cells are those of their commitments' blobs. Refuses malformed input with ``KzgInputError``."""
    return _asked(
        "commitments, indices, cells or proofs",
        lambda: ckzg.verify_cell_kzg_proof_batch(list(commitments), list(indices), list(cells), list(proofs), setup),
    )
