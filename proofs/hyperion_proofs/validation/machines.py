"""The general machine at the entry of a block: code, program counter and rules are known, and nothing else is."""

from __future__ import annotations

from typing import Any, Final

from hyperion.symbolic.proxies import any_of, negation
from hyperion.vm.machine import Block, Environment, Frame, Machine, Substate
from hyperion.vm.staging.recording import Code
from hyperion_proofs.machines import MAX_ADDRESS, MAX_GAS, MAX_SIZE, MAX_WORD, UnknownStack
from hyperion_proofs.statement import Given, word
from hyperion_proofs.validation.containers import (
    ContentLogs,
    ContentMap,
    ContentMemory,
    ContentWorld,
    unknown_content,
    word_of,
)
from hyperion_proofs.validation.octets import Octets, octets_of

STORAGE: Final = "storage"
INITIAL: Final = "initial storage"
WARM: Final = "touched slot"
ADDRESSES: Final = "touched address"
TRANSIENT: Final = "transient word"
CREATED: Final = "created"
CALLDATA: Final = 1
RETURNED: Final = 2
"""Identities of byte strings that the machine brings with it."""
FAR: Final = 2**128
"""Steps and refund are below this in every machine: each step costs gas, and changes the refund by less than 2**15."""
MAX_MEMORY: Final = 2**40
"""In bytes; more than gas below 2**64 pays for."""


class Unseen:
    """An object without any operation: no instruction of a block looks at it, only that it stays the same matters."""


def map_of(given: Given, name: str, high: int = 1) -> Any:
    """A map of which nothing is known."""
    return ContentMap(unknown_content(given, name, high))


def entry_machine(given: Given, code: Code, entry: int) -> Machine:
    """Any machine of this code at ``entry`` under the code's rules."""
    stack: Any = UnknownStack(given, given.integer("stack depth", 0, 1024))
    size = 32 * given.integer("words of memory", 0, MAX_MEMORY // 32)
    memory: Any = ContentMemory(given, size, 0, word_of(given, 0))
    returned: Any = Octets(given, RETURNED, given.integer("returned size", 0, MAX_SIZE))
    world: Any = ContentWorld(given, "world", unknown_content(given, STORAGE))
    return Machine(
        entry, given.integer("gas", 0, MAX_GAS - 1), stack, memory, returned, frame_of(given, code), world,
        substate_of(given), environment_of(given, code), given.integer("steps", 0, FAR), None,
    )  # fmt: skip


def frame_of(given: Given, code: Code) -> Frame:
    """Any frame of the code. Initialisation code runs in no static frame: CREATE is refused in one."""
    static, creates = given.truth("static"), given.truth("creates")
    given.assume(any_of(negation(static), negation(creates)))
    running: Any = octets_of(given, code.code)
    calldata: Any = Octets(given, CALLDATA, given.integer("calldata size", 0, MAX_SIZE))
    return Frame(
        code.fork.instructions, code.program, code.jump_destinations, running,
        given.integer("address", 0, MAX_ADDRESS), given.integer("caller", 0, MAX_ADDRESS), word(given, "call value"),
        calldata, static, creates, given.integer("call depth", 0, 1024), None,
    )  # fmt: skip


def environment_of(given: Given, code: Code) -> Environment:
    """Any environment under the code's rules."""
    unseen: Any = Unseen()
    initial: Any = ContentWorld(given, "initial world", unknown_content(given, INITIAL))
    block = Block(
        given.integer("coinbase", 0, MAX_ADDRESS), given.integer("number", 0, 2**64),
        given.integer("timestamp", 0, 2**64), given.integer("gas limit", 0, 2**64), word(given, "prevrandao"),
        word(given, "base fee"), word(given, "blob base fee"), unseen,
    )  # fmt: skip
    return Environment(
        code.fork, given.integer("chain id", 0, 2**64), block, given.integer("origin", 0, MAX_ADDRESS),
        word(given, "gas price"), unseen, initial,
    )  # fmt: skip


def substate_of(given: Given) -> Substate:
    """Any substate."""
    unseen: Any = Unseen()
    logs: Any = ContentLogs("logs")
    return Substate(
        map_of(given, ADDRESSES), map_of(given, WARM), map_of(given, TRANSIENT, MAX_WORD), map_of(given, CREATED),
        unseen, logs, given.integer("refund", -FAR, FAR),
    )  # fmt: skip
