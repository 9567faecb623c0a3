"""``step``: one instruction, or one boundary between frames."""

from collections.abc import Callable
from typing import TypeAlias

from hyperion.rules import rule
from hyperion.vm.call import leave, run_precompile
from hyperion.vm.machine import Machine, PrecompileCall, Status

Executor: TypeAlias = Callable[[Machine], Machine]
"""What brings a machine to its halt: ``run``, or another function that gives the same machine."""


@rule("VM-step", "A machine has exactly one successor; that of a halted machine is itself.")
def step(machine: Machine) -> Machine:
    """The machine one step later.

    An instruction passes four stations: its row is fetched; the stack must hold its operands and have room for its
    results; its static gas is paid; its operation pays the rest, acts, and moves the program counter. A frame that
    fails a station ends exceptionally. Between frames the step crosses the boundary. Total: no bytecode makes it raise.
    """
    if machine.boundary is not None:
        return cross(machine)
    row = machine.frame.instructions[machine.frame.program[machine.pc]]
    depth = machine.stack.depth
    if depth < row.pops:
        return machine.fail(Status.STACK_UNDERFLOW)
    if depth > row.max_depth:
        return machine.fail(Status.STACK_OVERFLOW)
    gas = machine.gas - row.gas
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    return row.operation(machine, gas)


def cross(machine: Machine) -> Machine:
    """The machine on the other side of its boundary: a precompile's result, the caller, or itself if it has halted."""
    boundary, caller = machine.boundary, machine.frame.caller_frame
    if isinstance(boundary, PrecompileCall):
        return run_precompile(machine, boundary)
    if boundary is None or caller is None:
        return machine
    return leave(machine, boundary, caller)


def run(machine: Machine) -> Machine:
    """The halted machine at the end of the execution. It ends: each step pays gas, or leaves a frame."""
    while not machine.halted:
        machine = step(machine)
        while machine.boundary is None:
            machine = step(machine)
    return machine
