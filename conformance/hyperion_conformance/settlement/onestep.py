"""One-step proofs as a target reads them: a root and a witness, and what the verifier says."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from hyperion.execution.profile import ETHEREUM
from hyperion.execution.transition import Chain
from hyperion.primitives.hashing import HASH_BYTES
from hyperion.settlement.between.stages import Pinned
from hyperion.settlement.onestep.micro import verify_micro_step
from hyperion.settlement.onestep.nodes import Reason
from hyperion.settlement.onestep.verify import Witness, verify_step
from hyperion.settlement.points import verify_point_micro_step, verify_point_step
from hyperion.settlement.rejection import Rejected
from hyperion.vm.forks import OSAKA, fork_named
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, natural, octets, record

Check = Callable[[bytes, Witness, Pinned], bytes | Rejected[Reason]]
KINDS: Final[dict[str, Check]] = {
    "step": lambda root, nodes, pinned: verify_step(root, nodes),
    "micro-step": lambda root, nodes, pinned: verify_micro_step(root, nodes),
    "point-step": verify_point_step,
    "point-micro-step": verify_point_micro_step,
}
"""A whole step of the machine, and one micro step of it; the same of a block, between machines and inside of them."""
NOTHING: Final = Pinned(Chain(0, ETHEREUM, lambda time: OSAKA), bytes(32), 0)
"""A question that steps of a machine do not look at."""


@attrs.frozen(eq=False)
class Shown:
    """A root, the nodes that are shown of what it commits to, and, for steps of a block, what the question pins."""

    kind: str
    root: bytes
    witness: Witness
    pinned: Pinned


def shown(given: Json, strict: bool) -> Shown:
    """The input of ``osp.step``. Refused: an unknown kind, a root that is no hash, a node that is no string.

    ``pinned`` may be left out where it is not looked at.
    """
    keys = ("kind", "root", "witness")
    whole = record(given, "$.input", (*keys, "pinned"), strict, keys)
    kind = whole["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError("$.input.kind", f"none of {', '.join(KINDS)}")
    return Shown(
        kind,
        octets(whole["root"], "$.input.root", HASH_BYTES),
        items(whole["witness"], "$.input.witness", octets),
        asked(whole["pinned"], strict) if "pinned" in whole else NOTHING,
    )


def asked(given: Json, strict: bool) -> Pinned:
    """The question: chain, fork, root of the blocks and inclusion height. Refused: a fork that there is not."""
    keys = ("chain_id", "fork", "inputs", "inclusion")
    whole = record(given, "$.input.pinned", keys, strict, keys)
    fork = fork_named(whole["fork"]) if isinstance(whole["fork"], str) else None
    if fork is None:
        raise InputError("$.input.pinned.fork", "no fork of this name")
    chain = Chain(natural(whole["chain_id"], "$.input.pinned.chain_id"), ETHEREUM, lambda time: fork)
    inputs = octets(whole["inputs"], "$.input.pinned.inputs", HASH_BYTES)
    return Pinned(chain, inputs, natural(whole["inclusion"], "$.input.pinned.inclusion"))


def verified(given: Mapping[str, Json], strict: bool) -> dict[str, Json]:
    """The root after the step, or why the witness shows nothing."""
    proof = shown(given, strict)
    reached = KINDS[proof.kind](proof.root, proof.witness, proof.pinned)
    return {"rejected": reached.reason.value} if isinstance(reached, Rejected) else {"root": "0x" + reached.hex()}
