"""Which schedule kills which variant of Block-STM: found once by the explorer, kept as data, replayed at will.

``kills.json`` is written by ``hyperion stm mutants --hunt``: for each unsound variant the smallest configuration and a
shortest schedule to a state in which an invariant fails; and, where there is one, to an end that is not the serial one,
or to a state from which no end is reached.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Final

import attrs

from hyperion.parallel.trees import Trees
from hyperion_conformance.exploration import witness
from hyperion_conformance.exploration.hunts import SIZES, first_kill
from hyperion_conformance.exploration.workloads import block_of

FILE: Final = "kills.json"


@attrs.frozen
class Killing:
    """How a variant is found: transactions, workers and workload, what is wrong, and the schedule that leads there."""

    variant: str
    by: str
    """``invariant``, or ``end``."""
    transactions: int
    workers: int
    workload: str
    what: str
    schedule: str

    @property
    def block(self) -> Trees:
        """The block."""
        return block_of(self.workload, self.transactions)

    @property
    def turns(self) -> tuple[int, ...]:
        """The worker of each step; none where the configuration to begin with is wrong already."""
        return witness.read(self.schedule) if self.schedule else ()


@lru_cache(maxsize=1)
def kills() -> tuple[Killing, ...]:
    """The kills that are kept, in the order of the variants."""
    text = resources.files("hyperion_conformance.stm").joinpath(FILE).read_text("utf-8")
    return tuple(Killing(**entry) for entry in json.loads(text))


def kill_of(variant: str, by: str) -> Killing | None:
    """The kill of a variant by an invariant or by an end."""
    return next((kill for kill in kills() if (kill.variant, kill.by) == (variant, by)), None)


def hunted(variant: str) -> tuple[Killing, ...]:
    """The kills of a variant by the explorer, the smallest configurations first."""
    found = []
    for by in ("invariant", "end"):
        kill, _, _ = first_kill(variant, SIZES, by == "invariant")
        if kill is not None:
            plan, what, schedule = kill.plan, kill.what.partition(":")[0], witness.written(kill.schedule)
            found.append(Killing(variant, by, plan.transactions, plan.workers, plan.workload, what, schedule))
    return tuple(found)


def encoded(found: Sequence[Killing]) -> str:
    """The text of the file."""
    return "[\n" + ",\n".join(json.dumps(attrs.asdict(kill)) for kill in found) + "\n]\n"
