"""One-step proofs as a target reads them: a root and a witness, and what the verifier says."""

from collections.abc import Mapping
from typing import Final

import attrs

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.settlement.onestep.micro import verify_micro_step
from hyperion.settlement.onestep.verify import Witness, verify_step
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, octets, record

KINDS: Final = {"step": verify_step, "micro-step": verify_micro_step}
"""A whole step of the machine, and one micro step of it."""


@attrs.frozen
class Shown:
    """A root, and the nodes that are shown of what it commits to."""

    kind: str
    root: bytes
    witness: Witness


def shown(given: Json, strict: bool) -> Shown:
    """The input of ``osp.step``. Refused: an unknown kind, a root that is no hash, a node that is no string."""
    keys = ("kind", "root", "witness")
    whole = record(given, "$.input", keys, strict, keys)
    kind = whole["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError("$.input.kind", f"none of {', '.join(KINDS)}")
    return Shown(
        kind, octets(whole["root"], "$.input.root", HASH_BYTES), items(whole["witness"], "$.input.witness", octets)
    )


def verified(given: Mapping[str, Json], strict: bool) -> dict[str, Json]:
    """The root after the step, or why the witness shows nothing."""
    proof = shown(given, strict)
    reached = KINDS[proof.kind](proof.root, proof.witness)
    return {"rejected": reached.reason.value} if isinstance(reached, Rejected) else {"root": "0x" + reached.hex()}
