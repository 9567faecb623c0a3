"""Target ``osp.step``: a one-step proof, checked from a root and a witness alone."""

from collections.abc import Mapping
from typing import Final

from hyperion_conformance.protocol.decode import plain
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.onestep import shown, verified
from hyperion_conformance.targets.target import PROTOCOL_FORK, ForkOf, Target
from hyperion_conformance.vectors.generators import osp, osp_between


def run(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case: the fork is part of what the root commits to."""
    del fork, fork_of
    return verified(given, strict)


OSP_STEP: Final = Target(
    name="osp.step",
    rules=(),
    forks=(PROTOCOL_FORK,),
    shape={"root": (False, plain), "rejected": (False, plain)},
    decode=shown,
    outcome=run,
    generators=(osp.steps, osp_between.between),
    schema="osp-step.schema.json",
)
