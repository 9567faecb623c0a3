"""Group rows: every row of the instruction table at its borders, in every fork.

The table is the contract: how many words an instruction needs, how many it adds, what it costs. Each row gets the least
gas with which it works, one gas less, one operand less, and one word too many on the stack.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hyperion.vm.forks import fork_named
from hyperion.vm.machine import Instruction
from hyperion.vm.stack import STACK_LIMIT
from hyperion_conformance.vectors.generators.assembly import (
    FORKS,
    NEWEST,
    OTHER,
    asm,
    contract,
    fill_stack,
    push,
    rule_of,
    vm_draft,
    vm_input,
)
from hyperion_conformance.vectors.input import vm_run
from hyperion_conformance.vectors.model import known_fork, vm_run_outcome
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "rows"
AMPLE: Final = 200_000

OPERANDS: Final = {
    # From the top down. Everything not named here gets small numbers.
    "JUMP": (),
    "CALL": (0, OTHER, 0, 0, 32, 32, 32),
    "CALLCODE": (0, OTHER, 0, 0, 32, 32, 32),
    "DELEGATECALL": (0, OTHER, 0, 32, 32, 32),
    "STATICCALL": (0, OTHER, 0, 32, 32, 32),
    "CREATE": (0, 0, 0),
    "CREATE2": (0, 0, 0, 0),
    "RETURNDATACOPY": (0, 0, 0),
    "BALANCE": (OTHER,),
    "EXTCODESIZE": (OTHER,),
    "EXTCODEHASH": (OTHER,),
    "EXTCODECOPY": (OTHER, 0, 0, 33),
    "SELFDESTRUCT": (OTHER,),
    "SSTORE": (1, 1),
    "EXP": (2, 256),
}
ACCOUNTS: Final = {OTHER: contract(b"\x00", 1)}


def rows_of(fork: str) -> tuple[Instruction, ...]:
    """The rows of the instructions that ``fork`` has, by opcode."""
    rules = fork_named(fork)
    return () if rules is None else tuple(
        row for opcode, row in enumerate(rules.instructions) if row.opcode == opcode
    )


def example(row: Instruction) -> tuple[int, ...]:
    """Operands with which the instruction works, from the top down."""
    return OPERANDS.get(row.name, tuple(range(1, row.pops + 1)))


def applied(row: Instruction) -> bytes:
    """Code that ends with the instruction on operands with which it works."""
    operand = bytes(range(1, row.immediate + 1))
    if row.name in ("JUMP", "JUMPI"):
        condition = b"" if row.name == "JUMP" else asm(1)
        head = condition + push(len(condition) + 3)
        return head + asm(row.name, "JUMPDEST")
    return asm(*reversed(example(row)), row.name) + operand


@lru_cache(maxsize=1024)
def least_gas(code: bytes, fork: str) -> int:
    """The least gas with which ``code`` does not run out, by bisection: SSTORE and calls ask for more than they use."""

    def suffices(gas: int) -> bool:
        given = vm_input(code, gas, accounts=ACCOUNTS)
        return vm_run_outcome(vm_run(given), known_fork(fork)).get("reason") != "out-of-gas"

    low, high = 0, AMPLE
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle + 1, high)
    return low


def borders(row: Instruction, fork: str) -> Iterator[Draft]:
    """The cases of one row in one fork."""
    rules, name, place = (rule_of(row.name), "VM-step"), row.name, f"{row.name.lower()}-{fork.lower()}"
    code = applied(row)
    gas = least_gas(code, fork)
    yield vm_draft(
        GROUP, f"{place}-least-gas", f"{name} works with exactly {gas} gas; a client that charges more halts here.",
        rules, code, fork, gas, accounts=ACCOUNTS,
    )  # fmt: skip
    if gas > 0:
        yield vm_draft(
            GROUP, f"{place}-one-gas-short", f"{name} runs out with one gas less; a client that charges less goes on.",
            rules, code, fork, gas - 1, accounts=ACCOUNTS,
        )  # fmt: skip
    if row.pops > 0:
        short = asm("PUSH0") * (row.pops - 1) + asm(name)
        yield vm_draft(
            GROUP, f"{place}-underflow", f"{name} needs {row.pops} words; with one less the frame fails, reading none.",
            rules, short, fork, accounts=ACCOUNTS,
        )  # fmt: skip
    if row.pushes > row.pops:
        full = (("full", STACK_LIMIT - 1),) if fork == NEWEST else ()
        for slug, words in (*full, ("overflow", STACK_LIMIT)):
            why = f"{name} on {words} words: the stack holds {STACK_LIMIT}, and one more is a failure of the frame."
            code = fill_stack(words) + asm(name) + bytes(row.immediate)
            yield vm_draft(GROUP, f"{place}-{slug}", why, rules, code, fork, accounts=ACCOUNTS)


def undefined(fork: str) -> Iterator[Draft]:
    """Opcodes that mean nothing in ``fork``."""
    known = {row.opcode for row in rows_of(fork)}
    for opcode in range(256):
        if opcode not in known:
            code = asm(0) * 8 + bytes((opcode,)) + asm(0, 0, "RETURN")
            why = f"Opcode 0x{opcode:02x} has no meaning in {fork}; a client that has one for it goes on."
            yield vm_draft(
                GROUP, f"undefined-{opcode:02x}-{fork.lower()}", why, (rule_of("INVALID"), "VM-step"), code, fork
            )


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All rows of all forks."""
    del seed, count
    for fork in FORKS:
        for row in rows_of(fork):
            yield from borders(row, fork)
        yield from undefined(fork)
