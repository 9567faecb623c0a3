"""The game over the real machine: states are its roots, and histories and steps are checked as in the model."""

import attrs
import msgspec

from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.dispute.types import Proof, Verifier
from hyperion.settlement.dispute.verifying import machine_step, verifier_of
from hyperion.settlement.onestep.verify import Committed, committed, witness
from hyperion.vm.machine import Machine
from hyperion.vm.step import step
from hyperion_conformance.dispute.worlds import HashedWorld, Trace
from tests.support.machines import assemble, machine_for

PROGRAM = assemble("7 35 ADD 0 MSTORE 32 0 KECCAK256 1 SSTORE 1 SLOAD 2 SSTORE 0 0 0 0 0 4 30000 CALL POP 32 0 RETURN")
"""Arithmetic, memory, a hash, storage, a call of a precompile, and a return: 28 steps, then it stands still."""


@attrs.define
class MachineWorld(HashedWorld):
    """Runs of a program: the true one, and for each false step a run in which a little gas is lost there.

    After its false step a faulty run goes on as the machine does, so just one of its steps is false.
    """

    runs: dict[int, list[Machine]] = attrs.field(factory=dict)
    nodes: dict[Hash, Committed] = attrs.field(factory=dict)

    def run(self, fault: int) -> list[Machine]:
        """The states of the run whose step to ``fault`` is false; 0 for the true run."""
        if fault not in self.runs:
            states = [machine_for(PROGRAM)]
            for index in range(1, self.length + 1):
                after = step(states[-1])
                states.append(msgspec.structs.replace(after, gas=after.gas - 1) if index == fault else after)
            self.runs[fault] = states
        return self.runs[fault]

    def state_at(self, trace: Trace, index: int) -> Hash:
        fault = next((at for at, _ in trace.changes if at <= index), 0)
        found = committed(self.run(fault)[index])
        self.nodes[found.root] = found
        return found.root

    def witness(self, level: int, state: Hash) -> Proof:
        return witness(self.nodes[state])

    @property
    def verifier(self) -> Verifier:
        return verifier_of(machine_step(len(self.heights) - 1))
