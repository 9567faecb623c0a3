"""0x0a: a blob's polynomial has that value at that point. Source: EIP-4844, "Point evaluation precompile"."""

from typing import Final

from hyperion.primitives import kzg
from hyperion.rules import rule
from hyperion.vm.fork import Eip
from hyperion.vm.precompile import Precompile

GAS: Final = 50_000
INPUT_BYTES: Final = 192


@rule("VM-precompile-point-evaluation", "KZG_POINT_EVALUATION fails unless hash, commitment and proof all agree.")
def point_evaluation(data: bytes) -> bytes | None:
    """Field elements of a blob and the field's modulus, 32 bytes each, if the proof holds; else None.

    The input is versioned hash, z, y (32 bytes each), commitment and proof (48 bytes each).
    """
    if len(data) != INPUT_BYTES:
        return None
    versioned_hash, z, y, commitment, proof = data[:32], data[32:64], data[64:96], data[96:144], data[144:]
    if kzg.versioned_hash(commitment) != versioned_hash:
        return None
    try:
        holds = kzg.verify_proof(commitment, z, y, proof)
    except kzg.KzgInputError:
        return None
    return kzg.FIELD_ELEMENTS_PER_BLOB.to_bytes(32, "big") + kzg.FIELD_MODULUS.to_bytes(32, "big") if holds else None


PRECOMPILES: Final = (
    Precompile(0x0A, "KZG_POINT_EVALUATION", lambda data: GAS, point_evaluation, since=Eip.BLOBS, until=None),
)
