"""What no schedule can beat: the work shared out evenly, and the longest chain of values that wait for one another.

A transaction hands its values on when it ends. So the machine to compare with knows beforehand who reads from whom,
runs every transaction once, lets it wait at each read until the writers of the value have ended, and costs nothing.
"""

from collections.abc import Iterator

import attrs
from immutables import Map

from hyperion.parallel.program import Done, Location, Outcome, Value
from hyperion_conformance.stm_profile.costs import Costs
from hyperion_conformance.stm_profile.metered import MeteredBlock, gas_of

Origins = tuple[int, ...]
"""The transactions that made a value: the last that wrote it, and those that added to it since."""


@attrs.frozen
class Bound:
    """The serial execution in time (ns), what depends on what, and the block's outcome."""

    work: int
    """One worker without any overhead."""
    chain: int
    """The critical path: arbitrarily many workers without any overhead."""
    longest: int
    """The longest transaction."""
    edges: tuple[tuple[int, int], ...]
    """Pairs of a writer and a reader of its value, each once."""
    outcome: Outcome

    def of(self, workers: int) -> int:
        """No schedule of so many workers is faster than this."""
        return max(self.chain, -(-self.work // workers))

    @property
    def is_independent(self) -> bool:
        """Whether no transaction reads what another wrote."""
        return not self.edges


@attrs.define
class Flow:
    """A serial execution under way: values with their origins, and when each transaction ends on the ideal machine."""

    block: MeteredBlock
    costs: Costs
    values: dict[Location, tuple[Value, Origins]] = attrs.Factory(dict)
    ends: list[int] = attrs.Factory(list)
    edges: set[tuple[int, int]] = attrs.Factory(set)

    def value(self, location: Location) -> tuple[Value, Origins]:
        """A value, and who made it."""
        return self.values[location] if location in self.values else (self.block.base(location), ())

    def run(self, transaction: int) -> Done:
        """Execute the next transaction."""
        program, now, gas = self.block.start(transaction), 0, 0
        while not isinstance(program, Done):
            now, gas = now + self.costs.of_gas(program.gas - gas), program.gas
            value, origins = self.value(program.location)
            now = max([now, *(self.ends[origin] for origin in origins)])
            self.edges |= {(origin, transaction) for origin in origins}
            program = program.resume(value)
        self.ends.append(now + self.costs.of_gas(gas_of(program) - gas))
        return program

    def apply(self, transaction: int, done: Done) -> None:
        """Take over what it wrote and added."""
        for location, value in done.writes:
            self.values[location] = value, (transaction,)
        for location, amount in done.additions:
            value, origins = self.value(location)
            self.values[location] = value + amount, (*origins, transaction)


def executed(flow: Flow) -> Iterator[Done]:
    """All transactions, one after another."""
    for transaction in range(flow.block.size):
        done = flow.run(transaction)
        flow.apply(transaction, done)
        yield done


def bound_of(block: MeteredBlock, costs: Costs) -> Bound:
    """The bound of a block."""
    flow = Flow(block, costs)
    ended = list(executed(flow))
    times = [costs.of_gas(gas_of(done)) for done in ended]
    state = Map({location: value for location, (value, _) in flow.values.items()})
    outcome = Outcome(state, tuple(done.result for done in ended))
    edges = tuple(sorted(flow.edges))
    return Bound(sum(times), max(flow.ends, default=0), max(times, default=0), edges, outcome)
