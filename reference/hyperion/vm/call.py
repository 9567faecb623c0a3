"""Frames: entering a message call or a creation, and going back to the caller.

A frame is entered by the step that executes CALL or CREATE, and left by a step of its own, the boundary. The suspended
caller is a machine: its world and substate are what a failed callee goes back to.
"""

from __future__ import annotations

import msgspec

from hyperion.primitives.word import Address, Word
from hyperion.rules import rule
from hyperion.state.world import World
from hyperion.vm import gas as price
from hyperion.vm.fork import Fork
from hyperion.vm.machine import Environment, Frame, Halt, Machine, PrecompileCall, Status, Substate, Suspended, start
from hyperion.vm.octets import analyse


class Message(msgspec.Struct, frozen=True):
    """What a caller asks for: code to run, on whose account, with what."""

    caller: Address
    address: Address
    """The account that the code works on."""
    code: bytes
    gas: int
    value: Word = 0
    calldata: bytes = b""
    transfers: bool = True
    """Whether ``value`` moves from the caller; DELEGATECALL only shows it."""
    static: bool = False
    depth: int = 0
    precompile: Address | None = None
    """Whose precompile runs instead of code, if there is one at that address."""


def frame_of(message: Message, fork: Fork, creates: bool, caller_frame: Suspended | None) -> Frame:
    """The frame in which the code of ``message`` runs."""
    analysis = analyse(message.code)
    return Frame(
        fork.instructions, analysis.program, analysis.jump_destinations, message.code, message.address,
        message.caller, message.value, message.calldata, message.static, creates, message.depth, caller_frame,
    )  # fmt: skip


@rule("VM-enter-call", "A call moves its value first; a precompile's address runs the precompile, any other its code.")
def enter_call(
    message: Message,
    world: World,
    substate: Substate,
    environment: Environment,
    steps: int = 0,
    caller_frame: Suspended | None = None,
) -> Machine:
    """The machine at the start of a message call. The caller must hold the value."""
    frame = frame_of(message, environment.fork, False, caller_frame)
    if message.transfers:
        world = world.transfer(message.caller, message.address, message.value)
    machine = start(frame, message.gas, world, substate, environment, steps)
    precompile = None if message.precompile is None else environment.fork.precompiles.get(message.precompile)
    return machine if precompile is None else msgspec.structs.replace(machine, boundary=PrecompileCall(precompile))


@rule("VM-enter-create", "A creation makes the account new, with nonce 1 and the value, and runs initialisation code.")
def enter_create(
    message: Message,
    world: World,
    substate: Substate,
    environment: Environment,
    steps: int = 0,
    caller_frame: Suspended | None = None,
) -> Machine:
    """The machine at the start of a creation (EIP-161); a taken address ends it at once (EIP-684, EIP-7610)."""
    frame = frame_of(message, environment.fork, True, caller_frame)
    account = world.account(message.address)
    if account.is_taken():
        refused = start(frame, 0, world, substate, environment, steps)
        return msgspec.structs.replace(refused, boundary=Halt(Status.ADDRESS_COLLISION))
    world = world.with_account(message.address, account.with_nonce(1))
    world = world.transfer(message.caller, message.address, message.value)
    return start(frame, message.gas, world, substate.with_created(message.address), environment, steps)


@rule("VM-precompile-call", "A precompile's price is paid before it works; if it fails, all gas of its frame is lost.")
def run_precompile(machine: Machine, call: PrecompileCall) -> Machine:
    """The machine after the precompile of its frame gave its output or failed."""
    calldata = machine.frame.calldata
    gas = machine.gas - call.precompile.gas(calldata)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    output = call.precompile.run(calldata)
    if output is None:
        return machine.fail(Status.PRECOMPILE_FAILURE)
    return machine.end(gas, Halt(Status.RETURN, output))


@rule("VM-return-to-caller", "A caller gets gas and output back; the changes of a callee that failed are undone.")
def leave(machine: Machine, halt: Halt, suspended: Suspended) -> Machine:
    """The caller, going on after its callee ended with ``halt``.

    A call pushes 1 or 0 and copies the output to memory. A creation pushes the new address or 0; its output has become
    code, so only that of a REVERT can be read (EIP-211).
    """
    caller = suspended.machine
    success = halt.status.succeeds
    if machine.frame.creates:
        result = machine.frame.address if success else 0
        memory = caller.memory
        returned = halt.output if halt.status is Status.REVERT else b""
    else:
        result = 1 if success else 0
        memory = caller.memory.write(suspended.output_offset, halt.output[: suspended.output_size])
        returned = halt.output
    return Machine(
        caller.pc + 1,
        caller.gas + machine.gas,
        caller.stack.push(result),
        memory,
        returned,
        caller.frame,
        machine.world if success else caller.world,
        machine.substate if success else caller.substate,
        machine.environment,
        machine.steps + 1,
        None,
    )


@rule(
    "VM-code-deposit",
    "The output of initialisation code becomes code if it does not begin with 0xEF, is paid for and is not too long.",
)
def deposit_code(machine: Machine, gas: int, output: bytes) -> Machine:
    """The machine after initialisation code returned ``output`` with ``gas`` left (EIP-170, EIP-3541)."""
    if output.startswith(b"\xef"):
        return machine.fail(Status.INVALID_CODE)
    gas = gas - price.CODE_DEPOSIT_BYTE * len(output)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    if len(output) > price.MAX_CODE_SIZE:
        return machine.fail(Status.CODE_TOO_LARGE)
    address = machine.frame.address
    world = machine.world.with_account(address, machine.world.account(address).with_code(output))
    ended = machine.end(gas, Halt(Status.RETURN, output))
    return msgspec.structs.replace(ended, world=world)
