"""KZG commitments to blobs: the pairing equation of a proof, and the blob and cell functions of a library.

A proof at one point needs one number of the trusted setup, and so no setup file: that equation is written here. All
that works on whole blobs is c-kzg-4844's, which reads the public setup of the ceremony of 2023 from a constant file
beside this module, once, at the first use; the result depends on the arguments alone.

Source: EIP-4844 and the "Polynomial commitments" chapter of the consensus specification (Deneb); EIP-7594 (cells).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import as_file, files
from typing import Final, TypeVar

import ckzg
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from hyperion.primitives.bls12_381 import ORDER
from hyperion.rules import rule

FIELD_ELEMENTS_PER_BLOB: Final = 4_096
FIELD_MODULUS: Final = ORDER
"""Values and points of polynomials are integers modulo the order of the groups of BLS12-381."""
BLOB_BYTES: Final = 32 * FIELD_ELEMENTS_PER_BLOB
COMMITMENT_BYTES: Final = 48
CELLS: Final = 128
"""Cells of an extended blob."""
CELL_BYTES: Final = 2_048
VERSION: Final = b"\x01"
"""First byte of the versioned hash of a commitment."""

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


# --- blobs and cells ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _setup() -> ckzg.KZGSettings:
    """The ceremony's result, a constant; kept because it takes seconds to read. The cache cannot be observed."""
    with as_file(files("hyperion.primitives").joinpath("kzg_trusted_setup.txt")) as path:
        return ckzg.load_trusted_setup(str(path), 0)


def _asked(field: str, question: Callable[[], T]) -> T:
    try:
        return question()
    except (ValueError, RuntimeError, TypeError, OverflowError) as error:
        raise KzgInputError(field, "refused-by-library") from error


def commit(blob: bytes) -> bytes:
    """The commitment to a blob. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.blob_to_kzg_commitment(blob, _setup()))


def compute_proof(blob: bytes, z: bytes) -> tuple[bytes, bytes]:
    """The proof of a blob's value at ``z``, and that value. Refuses with ``KzgInputError``."""
    return _asked("blob or z", lambda: ckzg.compute_kzg_proof(blob, z, _setup()))


def compute_blob_proof(blob: bytes, commitment: bytes) -> bytes:
    """The proof that a commitment is to a blob. Refuses with ``KzgInputError``; whether it *is* is not checked."""
    return _asked("blob or commitment", lambda: ckzg.compute_blob_kzg_proof(blob, commitment, _setup()))


def verify_blob_proof(blob: bytes, commitment: bytes, proof: bytes) -> bool:
    """Whether a commitment is to a blob. Refuses malformed bytes with ``KzgInputError``."""
    return _asked("blob, commitment or proof", lambda: ckzg.verify_blob_kzg_proof(blob, commitment, proof, _setup()))


def verify_blob_proofs(blobs: Sequence[bytes], commitments: Sequence[bytes], proofs: Sequence[bytes]) -> bool:
    """Whether all commitments are to their blobs. Refuses unequal numbers and bad bytes with ``KzgInputError``."""
    return _asked(
        "blobs, commitments or proofs",
        lambda: ckzg.verify_blob_kzg_proof_batch(list(blobs), list(commitments), list(proofs), _setup()),
    )


def compute_cells(blob: bytes) -> list[bytes]:
    """The 128 cells of the extended blob, 2048 bytes each. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.compute_cells(blob, _setup()))


def compute_cells_and_proofs(blob: bytes) -> tuple[list[bytes], list[bytes]]:
    """The 128 cells and their proofs. Refuses with ``KzgInputError``."""
    return _asked("blob", lambda: ckzg.compute_cells_and_kzg_proofs(blob, _setup()))


def recover_cells_and_proofs(indices: Sequence[int], cells: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """All cells and proofs from at least half of the cells, indices ascending. Refuses with ``KzgInputError``."""
    return _asked("indices or cells", lambda: ckzg.recover_cells_and_kzg_proofs(list(indices), list(cells), _setup()))


def verify_cell_proofs(
    commitments: Sequence[bytes], indices: Sequence[int], cells: Sequence[bytes], proofs: Sequence[bytes]
) -> bool:
    """Whether all cells are those of their commitments' blobs. Refuses malformed input with ``KzgInputError``."""
    return _asked(
        "commitments, indices, cells or proofs",
        lambda: ckzg.verify_cell_kzg_proof_batch(list(commitments), list(indices), list(cells), list(proofs), _setup()),
    )
