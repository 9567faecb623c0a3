"""The model itself: ``run`` from the machine at the start of the call."""

from importlib.metadata import PackageNotFoundError, version

from immutables import Map

from hyperion.state.world import Account, World
from hyperion.vm.call import Message, enter_call
from hyperion.vm.forks import fork_named
from hyperion.vm.machine import EMPTY_SUBSTATE, Block, Environment, Halt, Machine
from hyperion.vm.step import run, step
from tests.benchmark.workers.protocol import Json, Prepare, Run, serve


def world_of(program: Json) -> World:
    """The accounts of a program."""
    accounts = {
        int(address, 16): Account(entry["nonce"], entry["balance"], bytes.fromhex(entry["code"]), Map())
        for address, entry in program["accounts"].items()
    }
    filler = {0x1000 + i: Account(0, 1, b"", Map()) for i in range(program["filler"])}
    return World(Map({**filler, **accounts}))


def start_of(program: Json) -> Machine:
    """The machine at the start of the call; caller and callee are warm, as in a transaction."""
    fork = fork_named(program["fork"])
    assert fork is not None
    world, caller, target = world_of(program), int(program["caller"], 16), int(program["target"], 16)
    block = Block(0x5555, 1, 1000, 2 * program["gas"], 0, 0, 1)
    environment = Environment(fork, 1, block, caller, 0, initial_world=world)
    substate = EMPTY_SUBSTATE.with_accessed_address(caller).with_accessed_address(target)
    message = Message(caller, target, world.account(target).code, program["gas"], precompile=target)
    return enter_call(message, world, substate, environment)


def instructions(machine: Machine) -> int:
    """How many instructions run from ``machine`` on; boundaries between frames do not count."""
    count = 0
    while not machine.halted:
        count += machine.boundary is None
        machine = step(machine)
    return count


def load(program: Json) -> Prepare:
    """The machine is a value: each run starts from the same one."""
    start = start_of(program)
    count = instructions(start)

    def prepare() -> Run:
        def go() -> Json:
            end = run(start)
            assert isinstance(end.boundary, Halt)
            succeeds = end.boundary.status.succeeds
            return {"gas": program["gas"] - end.gas, "succeeds": succeeds, "instructions": count}

        return go

    return prepare


if __name__ == "__main__":
    try:
        ours = version("hyperion-spec")
    except PackageNotFoundError:
        ours = "source"
    serve(ours, load)
