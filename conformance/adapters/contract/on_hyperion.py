"""The edge game's contract, run by our own machine."""

from importlib.metadata import version

from edge_game import answering
from immutables import Map

from hyperion.primitives.hashing import keccak256
from hyperion.state.world import World
from hyperion.vm.call import Message, enter_call, enter_create
from hyperion.vm.forks import fork_named
from hyperion.vm.machine import Block, Environment, Halt, Machine, Substate
from hyperion.vm.step import run

CONTRACT = 0xED6E
GAS = 30_000_000
RICH = 2**128


class OwnChain:
    """A world with one contract."""

    def __init__(self) -> None:
        fork = fork_named("OSAKA")
        assert fork is not None
        self.fork, self.world = fork, World(Map())

    def environment(self, sender: int, block: tuple[int, int]) -> Environment:
        time, height = block
        if self.world.account(sender).balance == 0:
            self.world = self.world.credit(sender, RICH)
        return Environment(self.fork, 1, Block(0, height, time, GAS, 0, 0, 1), sender, 0, (), self.world)

    def ended(self, machine: Machine) -> tuple[bool, bytes]:
        machine = run(machine)
        assert isinstance(machine.boundary, Halt)
        if machine.boundary.status.succeeds:
            self.world = machine.world
        return machine.boundary.status.succeeds, machine.boundary.output

    def deploy(self, sender: int, code: bytes, block: tuple[int, int]) -> tuple[bool, bytes]:
        environment = self.environment(sender, block)
        return self.ended(enter_create(Message(sender, CONTRACT, code, GAS), self.world, Substate(), environment))

    def call(self, sender: int, data: bytes, value: int, block: tuple[int, int]) -> tuple[bool, bytes]:
        environment = self.environment(sender, block)
        message = Message(sender, CONTRACT, self.world.account(CONTRACT).code, GAS, value, data)
        return self.ended(enter_call(message, self.world, Substate(), environment))

    def balance(self) -> int:
        return self.world.account(CONTRACT).balance

    def keccak(self, data: bytes) -> bytes:
        return keccak256(data)


if __name__ == "__main__":
    answering("edge-contract", version("hyperion-spec"), OwnChain)
