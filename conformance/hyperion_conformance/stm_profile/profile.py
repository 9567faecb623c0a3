"""A profile: how long a block takes with so many workers, against the bound, and what the speculation has cost."""

from collections import Counter
from collections.abc import Mapping

import attrs

from hyperion.execution.series import in_series
from hyperion.parallel.configuration import outcome
from hyperion.parallel.counter import Pc, Transition
from hyperion.parallel.evm.block import EvmBlock, commit
from hyperion.parallel.program import Outcome
from hyperion.parallel.worker import TRANSITIONS
from hyperion_conformance.stm_profile.bound import Bound, bound_of
from hyperion_conformance.stm_profile.costs import Costs
from hyperion_conformance.stm_profile.metered import MeteredBlock, unmetered
from hyperion_conformance.stm_profile.simulation import COMPUTES, SimulatedRun, simulate


@attrs.frozen
class Figures:
    """What a run came to. Times in nanoseconds; counts of the whole block."""

    workers: int
    makespan: int
    bound: int
    work: int
    executions: int
    aborted: int
    waited: int
    validations: int
    computing: int
    """Time of all workers together spent in executing transactions, that of aborted incarnations included."""
    scheduling: int
    """Time of all workers together spent in everything else than executing or finding nothing to do."""
    serial: bool
    """Whether the run ended as the serial execution."""

    @property
    def speedup(self) -> float:
        """Against one worker without overhead."""
        return self.work / self.makespan

    @property
    def of_ideal(self) -> float:
        """How near the makespan is to the bound: 1 is ideal."""
        return self.bound / self.makespan

    def overhead(self, transactions: int) -> float:
        """Time of the block beyond the bound, for each transaction (ns)."""
        return (self.makespan - self.bound) / transactions


@attrs.frozen
class Profile:
    """A block measured with several numbers of workers."""

    block: MeteredBlock
    costs: Costs
    bound: Bound

    def measure(
        self, workers: int, transitions: Mapping[Pc, Transition] = TRANSITIONS
    ) -> tuple[Figures, SimulatedRun]:
        """Run the block with so many workers."""
        run = simulate(self.block, workers, self.costs, transitions)
        return figures_of(self, run, workers), run


def profile_of(block: MeteredBlock, costs: Costs) -> Profile:
    """The block with its bound."""
    return Profile(block, costs, bound_of(block, costs))


def figures_of(profile: Profile, run: SimulatedRun, workers: int) -> Figures:
    """The figures of a run."""
    counts = Counter(moment.before.pc for moment in run.moments)
    aborted = sum(moment.before.pc is Pc.ABORT and moment.after is not Pc.RELEASE for moment in run.moments)
    computing = sum(moment.ends - moment.begins for moment in run.moments if moment.before.pc in COMPUTES)
    busy = sum(moment.ends - moment.begins for moment in run.moments)
    restarted = sum(moment.before.pc is Pc.WAIT and moment.after is not Pc.SUSPEND for moment in run.moments)
    return Figures(
        workers, run.makespan, profile.bound.of(workers), profile.bound.work, counts[Pc.TASK_EXECUTE] + restarted,
        aborted, counts[Pc.SUSPEND] + restarted, counts[Pc.LOAD_READS], computing, busy - computing,
        run.finished and outcome(profile.block, run.configuration) == profile.bound.outcome,
    )  # fmt: skip


def commits_as_serially(block: EvmBlock, left: Outcome) -> bool:
    """Whether a block of EVM transactions, committed with these results, is what it is in series."""
    serially = in_series(block.encoded, block.world, block.context)
    return commit(block, unmetered(left).results) == serially
