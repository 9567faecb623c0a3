"""Block-STM as a transition system: canonical configurations of the model, as integers.

The transitions are the model's own. What a worker does depends on what is shared and on its own hands alone, so each
pair of a shared value and a worker's record is run once and remembered; a configuration is the numbers of its parts.

Three things do not tell configurations apart, and none of them hides a behaviour:

* **Which worker is which.** All run the same program and nothing shared names a worker, so any permutation of workers
  carries transitions to transitions, invariants and ends to themselves: of the permutations, the sorted one is kept.
* **How often indices were lowered.** The counter is read in one place, to be compared for equality with an earlier
  reading, and it never falls. So of a reading only matters whether it is the present value: the present value is kept
  as 0, a reading of it as 0, and any earlier reading as −1. Such a configuration is itself one of the model's.
* **Nothing of the indices.** They need no clamp: an index is moved on only by who has seen it within the block, so it
  stays below the number of transactions plus that of workers.

``tests/unit/test_stm_exploration.py`` compares verdicts and counts with a search that takes none of this for granted.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

import attrs
import msgspec

from hyperion.parallel.configuration import Configuration, initial, is_final, outcome
from hyperion.parallel.counter import Checking, Idle, Pc, Shared, Worker
from hyperion.parallel.invariants import INVARIANTS, Invariant, of_concern
from hyperion.parallel.mvmemory import Blocked
from hyperion.parallel.program import Outcome, execute_serially
from hyperion.parallel.trees import Trees
from hyperion.parallel.worker import Grain, step
from hyperion_conformance.exploration.mutants import VARIANTS
from hyperion_conformance.exploration.workloads import block_of

BITS: Final = 20
"""Bits of a worker's number within a state."""
MASK: Final = (1 << BITS) - 1

T = TypeVar("T", bound=Hashable)

Packed: TypeAlias = tuple[tuple[Shared, ...], tuple[Worker, ...], tuple[tuple[int, ...], ...]]
"""States for another process: the distinct parts once, and of each state the places of its parts."""


@attrs.frozen
class StmPlan:
    """What to explore: a workload of so many transactions by so many workers, at a grain, of a variant."""

    transactions: int = 3
    workers: int = 2
    workload: str = "counter"
    grain: str = Grain.FINE.value
    variant: str = "corrected"
    symmetric: bool = True
    invariants: bool = True
    """Whether each state is checked, or the ends alone."""

    def build(self) -> "StmSystem":
        """The system."""
        return StmSystem(self)

    def fields(self) -> dict[str, Any]:
        """What makes it this plan."""
        return attrs.asdict(self)

    @property
    def block(self) -> Trees:
        """The transactions."""
        return block_of(self.workload, self.transactions)


@attrs.define
class Numbering(Generic[T]):
    """Numbers for values, in the order of their coming."""

    values: list[T] = attrs.Factory(list)
    numbers: dict[T, int] = attrs.Factory(dict)

    def of(self, value: T) -> int:
        """The number of a value."""
        number = self.numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class StmSystem:
    """The transition system of a plan. What it remembers is about the plan, and no search can tell."""

    def __init__(self, plan: StmPlan) -> None:
        self.plan = plan
        self.block = plan.block
        variant = VARIANTS[plan.variant]
        self.first = variant.prepare(initial(self.block, plan.workers))
        self.transitions = variant.transitions
        self.grain = Grain(plan.grain)
        self.serial = execute_serially(self.block)
        self.shared: Numbering[Shared] = Numbering()
        self.workers: Numbering[Worker] = Numbering()
        self.exit = self.workers.of(Idle(Pc.EXIT))
        self.moves: dict[int, tuple[int, int, bool] | None] = {}
        self.concerns: dict[int, tuple[Invariant, ...]] = {}
        self.outdated: dict[int, int] = {}
        self.ranks: dict[int, bytes] = {}

    # --- states as integers ---

    def joined(self, shared: int, workers: Sequence[int]) -> int:
        """The state of these parts."""
        for worker in workers:
            shared = shared << BITS | worker
        return shared

    def parts(self, state: int) -> tuple[int, list[int]]:
        """The parts of a state."""
        workers = []
        for _ in range(self.plan.workers):
            workers.append(state & MASK)
            state >>= BITS
        workers.reverse()
        return state, workers

    def configuration(self, state: int) -> Configuration:
        """The configuration that a state stands for."""
        shared, workers = self.parts(state)
        return Configuration(self.shared.values[shared], tuple([self.workers.values[worker] for worker in workers]))

    def initial(self) -> int:
        """The state to begin with."""
        return self.canonical(self.state_of(self.first))

    def state_of(self, at: Configuration) -> int:
        """The state of a configuration in which no lowering is counted; its workers stay in their places."""
        return self.joined(self.shared.of(at.shared), [self.workers.of(worker) for worker in at.workers])

    def canonical(self, state: int) -> int:
        """The state with its workers in order."""
        if not self.plan.symmetric:
            return state
        shared, workers = self.parts(state)
        return self.joined(shared, sorted(workers, key=self.rank))

    def rank(self, worker: int) -> bytes:
        """By what workers are sorted: their contents, so that every process sorts alike."""
        if worker not in self.ranks:
            self.ranks[worker] = msgspec.msgpack.encode(self.workers.values[worker])
        return self.ranks[worker]

    # --- transitions ---

    def successors(self, state: int) -> list[tuple[int, int]]:
        """The states after a step of one worker; of equal workers only the first takes one."""
        shared, workers = self.parts(state)
        found = []
        for actor, worker in enumerate(workers):
            if actor and self.plan.symmetric and worker == workers[actor - 1]:
                continue
            move = self.move(shared, worker)
            if move is not None:
                after = self.after(workers, actor, move)
                if self.plan.symmetric:
                    after.sort(key=self.rank)
                found.append((actor, self.joined(move[0], after)))
        return found

    def after(self, workers: Sequence[int], actor: int, move: tuple[int, int, bool]) -> list[int]:
        """The workers after a step of one of them, in their places."""
        after = [self.outdate(other) for other in workers] if move[2] else [*workers]
        after[actor] = move[1]
        return after

    def move(self, shared: int, worker: int) -> tuple[int, int, bool] | None:
        """What is shared and the worker after its step, and whether the step counted a lowering."""
        key = shared << BITS | worker
        if key not in self.moves:
            self.moves[key] = self.moved(self.shared.values[shared], self.workers.values[worker])
        return self.moves[key]

    def moved(self, shared: Shared, worker: Worker) -> tuple[int, int, bool] | None:
        """The step of the model, with the counter of lowerings taken back to 0."""
        move = step(self.block, shared, worker, self.transitions, self.grain)
        if move is None:
            return None
        after, lowered = move[0], move[0].scheduler.lowered > 0
        if lowered:
            after = Shared(msgspec.structs.replace(after.scheduler, lowered=0), after.memory)
        return self.shared.of(after), self.workers.of(move[1]), lowered

    def outdate(self, worker: int) -> int:
        """The worker after somebody counted a lowering: what it has read of the counter is the past."""
        if worker not in self.outdated:
            record = self.workers.values[worker]
            past = msgspec.structs.replace(record, lowered=-1) if isinstance(record, Checking) else record
            self.outdated[worker] = self.workers.of(past)
        return self.outdated[worker]

    # --- verdicts ---

    def fault(self, state: int) -> str | None:
        """The first invariant that does not hold, or an end that is not the serial one."""
        broken = self.violated(state) if self.plan.invariants else None
        if broken is not None:
            return failing(broken)
        return self.wrong_end(self.configuration(state)) if self.is_final(state) else None

    def fault_of(self, at: Configuration) -> str | None:
        """The same of any configuration, canonical or not."""
        broken = next((invariant for invariant in INVARIANTS if not invariant.holds(self.block, at)), None)
        if broken is not None:
            return failing(broken)
        return self.wrong_end(at) if is_final(at) else None

    def violated(self, state: int) -> Invariant | None:
        """The first invariant that does not hold."""
        at = self.configuration(state)
        shared = state >> BITS * self.plan.workers
        if shared not in self.concerns:
            self.concerns[shared] = of_concern(self.block, at.shared)
        for invariant in self.concerns[shared]:
            if not invariant.holds(self.block, at):
                return invariant
        return None

    def wrong_end(self, at: Configuration) -> str | None:
        """What is wrong with an end."""
        left = outcome(self.block, at)
        return None if left == self.serial else f"ends with {shown(left)}; serially with {shown(self.serial)}"

    def is_final(self, state: int) -> bool:
        """Whether all workers have left."""
        return all(state >> BITS * place & MASK == self.exit for place in range(self.plan.workers))

    # --- other processes ---

    def pack(self, states: Sequence[int]) -> Packed:
        """The distinct parts, and the places of each state's parts among them."""
        shared: Numbering[int] = Numbering()
        workers: Numbering[int] = Numbering()
        rows = []
        for state in states:
            number, hands = self.parts(state)
            rows.append((shared.of(number), *(workers.of(hand) for hand in hands)))
        return (
            tuple(self.shared.values[number] for number in shared.values),
            tuple(self.workers.values[number] for number in workers.values),
            tuple(rows),
        )

    def unpack(self, packed: Packed) -> list[int]:
        """The states, their workers in the order in which they come."""
        shared = [self.shared.of(value) for value in packed[0]]
        workers = [self.workers.of(value) for value in packed[1]]
        return [self.joined(shared[row[0]], [workers[place] for place in row[1:]]) for row in packed[2]]

    # --- for a reader ---

    def schedule(self, actors: Sequence[int]) -> tuple[int, ...]:
        """The workers by name along a path of canonical states: a schedule that the model itself can run.

        An actor is a place among the sorted workers, so who is who is carried along. Refused with ``ValueError``: an
        actor that has no step.
        """
        names = list(range(self.plan.workers))
        shared, workers = self.parts(self.initial())
        schedule = []
        for actor in actors:
            move = self.move(shared, workers[actor])
            if move is None:
                raise ValueError(f"worker {names[actor]} has no step")
            schedule.append(names[actor])
            after = self.after(workers, actor, move)
            order = list(range(len(after)))
            if self.plan.symmetric:
                order.sort(key=lambda place: self.rank(after[place]))
            shared, workers, names = move[0], [after[place] for place in order], [names[place] for place in order]
        return tuple(schedule)


def failing(invariant: Invariant) -> str:
    """An invariant that does not hold, in one line."""
    return f"{invariant.name} does not hold: {invariant.statement}"


def shown(left: Outcome | Blocked) -> str:
    """An outcome in one line."""
    if isinstance(left, Blocked):
        return f"an ESTIMATE of transaction {left.transaction}"
    state = ", ".join(f"{location}={value}" for location, value in sorted(left.state.items(), key=str))
    return f"{state}; results {', '.join(map(str, left.results))}"
