"""Real machines from a solver's values: a counterexample counts only if the model's own containers show it too.

A stand-in says less than the container that it stands for, so a solver may propose what no machine is. The statement is
run on the proposal with the stand-ins once more, which tells what it asks about; then a machine of real stack, memory,
code, world and substate is built with just that, ``step`` runs on it, and the same claims are made of what comes out.
Whatever the machine was built from, a claim that fails of it is false: sizes that nothing depends on are cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from immutables import Map

from hyperion.state.world import Account, World
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import any_of
from hyperion.vm import step as stepping
from hyperion.vm.code import analyse
from hyperion.vm.fork import Eip, Fork
from hyperion.vm.forks import FORKS
from hyperion.vm.machine import Block, Environment, Frame, Halt, Instruction, Machine, Substate
from hyperion.vm.memory import EMPTY_MEMORY, Memory
from hyperion.vm.precompile import Precompile
from hyperion.vm.stack import Stack, stack_of
from hyperion_proofs.statement import Counterexample, Known, NotMet, Statement
from hyperion_proofs.translate import Model

View = Callable[[Any, Instruction, Machine, Machine], None]
"""What is claimed of any machine at an instruction, and of the one a step later."""

MOST_BYTES: Final = 2**16
"""Of code, call data and return data of a machine that is built."""
MOST_WORDS: Final = 2**42
"""Of its memory, which is sparse."""
SHOWN_WORDS: Final = 8
PATTERN_BYTES: Final = 4096


class NotBuilt(Exception):
    """There is no such machine, and why."""


def replay_on_machine(statement: Statement, view: View, row: Instruction) -> Callable[[Model], Counterexample | None]:
    """The replay of the claims on a real machine; None where the proposal violates a hypothesis or is no machine."""

    def replay(model: Model) -> Counterexample | None:
        asked = Known(model)
        try:
            statement(asked)
        except NotMet:
            return None
        except Exception as error:
            asked.note("the stand-ins raise", repr(error))
        try:
            return shown_on(built(asked, row), view, row, model)
        except NotBuilt:
            return None

    return replay


def shown_on(before: Machine, view: View, row: Instruction, model: Model) -> Counterexample:
    """What the claims are worth on the machine: the trace of its step, and those that fail."""
    known = Known(model)
    known.inputs.update(inputs_of(before))
    try:
        with Idealized(watched_memory(known)):
            after = stepping.step(before)
        known.note("instruction", f"{row.opcode:#04x} {row.name}")
        known.note("afterwards", described(after))
        view(known, row, before, after)
    except NotMet:
        return Counterexample(known.inputs, tuple(known.notes), ())
    except Exception as error:
        known.failed.append(f"raises {type(error).__name__}: {error}")
    notes = (("rules", before.environment.fork.name), ("real machine", described(before)), *known.notes)
    return Counterexample(known.inputs, notes, tuple(dict.fromkeys(known.failed)))


def inputs_of(machine: Machine) -> dict[str, int | bool]:
    """The numbers of a machine that explain most."""
    words = list(machine.stack.words())
    return {
        "pc": machine.pc, "gas": machine.gas, "stack depth": len(words), "static": machine.frame.static,
        **{f"stack {index}": word for index, word in enumerate(words[:SHOWN_WORDS])},
    }  # fmt: skip


def described(machine: Machine) -> str:
    """A machine in a line."""
    boundary = machine.boundary
    state = boundary.status.value if isinstance(boundary, Halt) else "goes on" if boundary is None else "precompile"
    words = ", ".join(f"{word:#x}" for word, _ in zip(machine.stack.words(), range(SHOWN_WORDS), strict=False))
    code = machine.frame.program[machine.pc : machine.pc + 4].hex()
    return (
        f"{state}; pc {machine.pc} at {code}.., gas {machine.gas}, {machine.stack.depth} words [{words}], "
        f"{machine.memory.size} bytes of memory, depth {machine.frame.depth}"
    )


def watched_memory(known: Known) -> tuple[Ideal, ...]:
    """The real memory, whose reads and writes claim what the stand-in claims: that the bytes are there."""
    real_read, real_write = Memory.read, Memory.write

    def read(memory: Memory, offset: int, length: int) -> bytes:
        known.claim("bytes of memory are there", any_of(length == 0, offset + length <= memory.size))
        return real_read(memory, offset, length)

    def write(memory: Memory, offset: int, data: bytes) -> Memory:
        known.claim("bytes of memory are there", any_of(not data, offset + len(data) <= memory.size))
        return real_write(memory, offset, data)

    return (Ideal(Memory, "read", read, "watched"), Ideal(Memory, "write", write, "watched"))


# --- building ---------------------------------------------------------------------------------------------------------


def built(asked: Known, row: Instruction) -> Machine:
    """The machine with the inputs that were asked for. Raises NotBuilt if no fork has such rules."""
    value = {name: int(found) for name, found in asked.inputs.items()}
    fork = fork_of(asked, row)
    pc = min(value["pc"], MOST_BYTES - 1)
    code = code_of(asked, row, pc, min(value["code size"], MOST_BYTES))
    analysis = analyse(code)
    frame = Frame(
        fork.instructions, analysis.program, analysis.jump_destinations, code, value["address"], value["caller"],
        value["value"], bytes(min(value["calldata size"], MOST_BYTES)), bool(value["static"]), bool(value["creates"]),
        value["depth"], None,
    )  # fmt: skip
    return Machine(
        pc, value["gas"], stack_from(value), memory_of(asked),
        bytes(min(value["returned size"], MOST_BYTES)), frame, world_of(asked, "world"), substate_of(asked),
        environment_of(asked, fork), value["steps"], None,
    )  # fmt: skip


def fork_of(asked: Known, row: Instruction) -> Fork:
    """The newest fork with the row and the EIPs that were answered for, its precompiles where they were said to be."""
    told = {eip: asked.inputs.get(f"{eip.name} is in force") for eip in Eip}
    answers = {eip: bool(answer) for eip, answer in told.items() if answer is not None}
    for fork in reversed(FORKS):
        known = row.since is None or row.since in fork.eips
        if known and all((eip in fork.eips) == answer for eip, answer in answers.items()):
            rows = (*fork.instructions[: row.opcode], row, *fork.instructions[row.opcode + 1 :])
            nothing = Precompile(0, "some", lambda data: 0, lambda data: None, None, None)
            there = {key[0]: nothing for key, found in results_of(asked, "precompile").items() if found == 1}
            return attrs.evolve(fork, instructions=rows, precompiles=Map(there))
    raise NotBuilt("no fork has these EIPs")


def code_of(asked: Known, row: Instruction, pc: int, size: int) -> bytes:
    """Code with the instruction at the program counter, and a JUMPDEST where one was said to be."""
    code = bytearray(size)
    for (offset,), found in results_of(asked, "is a destination").items():
        if found == 1 and offset < size:
            code[offset] = 0x5B
    if pc < size:
        code[pc] = row.opcode
    return bytes(code)


def stack_from(value: dict[str, int]) -> Stack:
    """A stack of the depth, with the words that were looked at; others are 0."""
    return stack_of(value.get(f"stack {index}", 0) for index in reversed(range(value["stack depth"])))


def memory_of(asked: Known) -> Memory:
    """A memory of the size, with the words that were looked at; other bytes at its start tell their places."""
    size = 32 * min(int(asked.inputs["words of memory"]), MOST_WORDS)
    memory = EMPTY_MEMORY.expand(size)
    memory = memory.write(0, bytes(1 + place % 251 for place in range(min(size, PATTERN_BYTES))))
    for (offset,), found in results_of(asked, "word of memory").items():
        memory = memory.store(offset, found) if offset + 32 <= size else memory
    return memory


def results_of(asked: Known, name: str) -> dict[tuple[int, ...], int]:
    """What the unknown function gave."""
    return {arguments: found for (function, arguments), found in asked.results.items() if function == name}


def world_of(asked: Known, name: str) -> World:
    """The accounts that were asked for and exist, with the words that were asked for and are not 0."""
    slots = results_of(asked, f"{name} storage")
    accounts: dict[int, Account] = {}
    for (address,), exists in results_of(asked, f"{name} exists").items():
        if exists == 1:
            nonce, balance, size = (
                results_of(asked, f"{name} {field}").get((address,), 0) for field in ("nonce", "balance", "code size")
            )
            storage = Map({key: word for (owner, key), word in slots.items() if owner == address and word != 0})
            accounts[address] = Account(nonce, balance, bytes(min(size, MOST_BYTES)), storage)
    return World(Map(accounts))


def substate_of(asked: Known) -> Substate:
    """What was asked for and is there."""

    def of_addresses(name: str) -> Map[int, bool]:
        return Map({key[0]: True for key, found in results_of(asked, name).items() if found != 0})

    def of_slots(name: str) -> dict[tuple[int, int], int]:
        return {(key[0], key[1]): found for key, found in results_of(asked, name).items() if found != 0}

    return Substate(
        of_addresses("accessed_addresses"), Map(dict.fromkeys(of_slots("accessed_slots"), True)),
        Map(of_slots("transient")), of_addresses("created"), of_addresses("destroyed"),
        refund=int(asked.inputs["refund"]),
    )  # fmt: skip


def environment_of(asked: Known, fork: Fork) -> Environment:
    """The environment, with a hash for each block that was said to have one."""
    value = {name: int(found) for name, found in asked.inputs.items()}
    hashes = Map({key[0]: bytes(32) for key, found in results_of(asked, "known block").items() if found == 1})
    block = Block(
        value["coinbase"], value["number"], value["timestamp"], value["gas limit"], value["prevrandao"],
        value["base fee"], value["blob base fee"], hashes,
    )  # fmt: skip
    return Environment(
        fork, value["chain id"], block, value["origin"], value["gas price"], (0,) * min(value["blobs"], MOST_BYTES),
        world_of(asked, "initial"),
    )  # fmt: skip
