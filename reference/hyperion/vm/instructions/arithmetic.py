"""Arithmetic, comparison, bits and hashing: rows made from functions on words."""

from collections.abc import Callable
from typing import Final

from hyperion.primitives import word
from hyperion.primitives.word import Word
from hyperion.vm import gas as price
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Instruction, Machine, Status, instruction
from hyperion.vm.octets import keccak256


def unary(opcode: int, name: str, gas: int, meaning: Callable[[Word], Word], since: Eip | None = None) -> Instruction:
    """The row of an instruction that replaces the topmost word ``a`` by ``meaning(a)``."""

    def operation(machine: Machine, gas: int) -> Machine:
        a = machine.stack
        return machine.next(gas, a.rest.push(meaning(a.top)))

    operation.__doc__ = meaning.__doc__
    return instruction(opcode, name, 1, 1, gas, since)(operation)


def binary(opcode: int, name: str, gas: int, meaning: Callable[[Word, Word], Word]) -> Instruction:
    """The row of an instruction that replaces the two topmost words by ``meaning(a, b)``, ``a`` being the topmost."""

    def operation(machine: Machine, gas: int) -> Machine:
        a = machine.stack
        b = a.rest
        return machine.next(gas, b.rest.push(meaning(a.top, b.top)))

    operation.__doc__ = meaning.__doc__
    return instruction(opcode, name, 2, 1, gas)(operation)


def ternary(opcode: int, name: str, gas: int, meaning: Callable[[Word, Word, Word], Word]) -> Instruction:
    """The row of an instruction that replaces the three topmost words by ``meaning(a, b, c)``."""

    def operation(machine: Machine, gas: int) -> Machine:
        a = machine.stack
        b = a.rest
        c = b.rest
        return machine.next(gas, c.rest.push(meaning(a.top, b.top, c.top)))

    operation.__doc__ = meaning.__doc__
    return instruction(opcode, name, 3, 1, gas)(operation)


ADD: Final = binary(0x01, "ADD", price.VERY_LOW, word.add)
MUL: Final = binary(0x02, "MUL", price.LOW, word.mul)
SUB: Final = binary(0x03, "SUB", price.VERY_LOW, word.sub)
DIV: Final = binary(0x04, "DIV", price.LOW, word.div)
SDIV: Final = binary(0x05, "SDIV", price.LOW, word.sdiv)
MOD: Final = binary(0x06, "MOD", price.LOW, word.mod)
SMOD: Final = binary(0x07, "SMOD", price.LOW, word.smod)
ADDMOD: Final = ternary(0x08, "ADDMOD", price.MID, word.addmod)
MULMOD: Final = ternary(0x09, "MULMOD", price.MID, word.mulmod)
SIGNEXTEND: Final = binary(0x0B, "SIGNEXTEND", price.LOW, word.signextend)
LT: Final = binary(0x10, "LT", price.VERY_LOW, word.lt)
GT: Final = binary(0x11, "GT", price.VERY_LOW, word.gt)
SLT: Final = binary(0x12, "SLT", price.VERY_LOW, word.slt)
SGT: Final = binary(0x13, "SGT", price.VERY_LOW, word.sgt)
EQ: Final = binary(0x14, "EQ", price.VERY_LOW, word.eq)
ISZERO: Final = unary(0x15, "ISZERO", price.VERY_LOW, word.iszero)
AND: Final = binary(0x16, "AND", price.VERY_LOW, word.and_)
OR: Final = binary(0x17, "OR", price.VERY_LOW, word.or_)
XOR: Final = binary(0x18, "XOR", price.VERY_LOW, word.xor)
NOT: Final = unary(0x19, "NOT", price.VERY_LOW, word.not_)
BYTE: Final = binary(0x1A, "BYTE", price.VERY_LOW, word.byte)
SHL: Final = binary(0x1B, "SHL", price.VERY_LOW, word.shl)
SHR: Final = binary(0x1C, "SHR", price.VERY_LOW, word.shr)
SAR: Final = binary(0x1D, "SAR", price.VERY_LOW, word.sar)
CLZ: Final = unary(0x1E, "CLZ", price.LOW, word.clz, Eip.CLZ)


def power(base: Word, exponent: Word) -> Word:
    """The power as ``word`` has it when it is asked for: the prover puts an unknown word in its place."""
    return word.exp(base, exponent)


def raising(meaning: Callable[[Word, Word], Word]) -> Instruction:
    """The row of EXP, whose power is ``meaning(base, exponent)``."""

    def operation(machine: Machine, gas: int) -> Machine:
        (base, exponent), stack = machine.stack.take(2)
        gas = gas - price.exponent_cost(exponent)
        if gas < 0:
            return machine.fail(Status.OUT_OF_GAS)
        return machine.next(gas, stack.push(meaning(base, exponent)))

    operation.__doc__ = "The first word to the power of the second modulo 2**256; the exponent is paid by the byte."
    return instruction(0x0A, "EXP", 2, 1, price.EXP)(operation)


EXP: Final = raising(power)


@instruction(0x20, "KECCAK256", 2, 1, price.KECCAK256)
def keccak(machine: Machine, gas: int) -> Machine:
    """The Keccak-256 hash of a piece of memory: offset, length."""
    (offset, length), stack = machine.stack.take(2)
    gas = gas - price.keccak_cost(length) - price.expansion_cost(machine.memory.size, offset, length)
    if gas < 0:
        return machine.fail(Status.OUT_OF_GAS)
    memory = machine.memory.touch(offset, length)
    digest = int.from_bytes(keccak256(memory.read(offset, length)), "big")
    return machine.next_with_memory(gas, stack.push(digest), memory)
