"""A block of decision trees as one EVM contract, so that an engine that knows only the EVM runs the same block.

The first word of the call data selects the program; a location is a storage slot; a number is a word in two's
complement; a result is the word returned. What an EVM does with it equals what the trees mean as long as no value
leaves −2²⁵⁴ … 2²⁵⁴. A name is a word of memory, where 0 is what a name that was never read stands for.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from hyperion.parallel.trees import (
    Add,
    Branch,
    Constant,
    Expression,
    Name,
    Operation,
    ReadInto,
    Require,
    Revert,
    Stop,
    Tree,
    Trees,
    Write,
)
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.programs import block_json
from hyperion_conformance.vectors.generators.assembly import asm, push

WORD: Final = 32


@attrs.frozen
class Label:
    """A place to jump to."""

    number: int


@attrs.frozen
class To:
    """The address of a label, pushed."""

    number: int


Piece: TypeAlias = bytes | Label | To


@attrs.frozen
class Contract:
    """The code, and the slot of each location."""

    code: bytes
    slots: tuple[tuple[str, int], ...]


def locations_of(tree: Tree) -> Iterator[str]:
    """The locations that a program names."""
    match tree:
        case Stop() | Revert():
            return
        case Branch():
            yield from locations_of(tree.then)
            yield from locations_of(tree.otherwise)
        case _:
            yield tree.location
            yield from locations_of(tree.then)


def slots_of(block: Trees) -> dict[str, int]:
    """The slot of each location: by alphabet, from 0 on."""
    named = {location for tree in block.programs for location in locations_of(tree)}
    return {location: slot for slot, location in enumerate(sorted(named | {location for location, _ in block.before}))}


def compiled(block: Trees) -> Contract:
    """The contract of a block."""
    slots = slots_of(block)
    compiler = Compiler(slots)
    pieces: list[Piece] = []
    bodies: list[Piece] = []
    for index, tree in enumerate(block.programs):
        label = compiler.label()
        pieces += [asm(0, "CALLDATALOAD", index, "EQ"), To(label), asm("JUMPI")]
        bodies += [Label(label), *compiler.program(tree)]
    return Contract(assembled([*pieces, *compiler.failure(), *bodies]), tuple(slots.items()))


def slots_json(slots: tuple[tuple[str, int], ...]) -> dict[str, str]:
    """The slot of each location."""
    return {location: str(slot) for location, slot in slots}


def contract_json(block: Trees) -> dict[str, Json]:
    """A block as JSON, with the contract that does the same."""
    contract = compiled(block)
    return {**block_json(block), "evm": {"code": "0x" + contract.code.hex(), "slots": slots_json(contract.slots)}}


def assembled(pieces: list[Piece]) -> bytes:
    """The code, each label at its place. A label takes one byte, and its address three."""
    places, at = {}, 0
    for piece in pieces:
        if isinstance(piece, Label):
            places[piece.number] = at
        at += len(piece) if isinstance(piece, bytes) else 1 if isinstance(piece, Label) else 3
    return b"".join(
        piece if isinstance(piece, bytes) else asm("JUMPDEST") if isinstance(piece, Label)
        else push(places[piece.number], 2)
        for piece in pieces
    )  # fmt: skip


@attrs.define
class Compiler:
    """Slots of the locations, and the labels and names met so far in the block."""

    slots: dict[str, int]
    labels: int = 1
    names: dict[str, int] = attrs.Factory(dict)
    FAILURE = 0

    def label(self) -> int:
        """A new label."""
        self.labels += 1
        return self.labels - 1

    def failure(self) -> list[Piece]:
        """Where every revert goes; also where the call data select no program."""
        return [Label(self.FAILURE), asm(0, 0, "REVERT")]

    def name(self, name: str) -> int:
        """Where in memory a name is kept."""
        return WORD * self.names.setdefault(name, len(self.names))

    def load(self, location: str) -> bytes:
        """The value of a location on the stack."""
        return asm(self.slots[location], "SLOAD")

    def program(self, tree: Tree) -> list[Piece]:
        """The code of a program."""
        match tree:
            case Stop():
                return [self.value(tree.result), asm(0, "MSTORE", WORD, 0, "RETURN")]
            case Revert():
                return [To(self.FAILURE), asm("JUMP")]
            case Branch():
                label = self.label()
                otherwise = self.program(tree.otherwise)
                condition = self.condition(tree.comparison, tree.left, tree.right)
                return [condition, To(label), asm("JUMPI"), *otherwise, Label(label), *self.program(tree.then)]
            case ReadInto():
                return [self.load(tree.location), asm(self.name(tree.name), "MSTORE"), *self.program(tree.then)]
            case Write():
                return [self.value(tree.value), asm(self.slots[tree.location], "SSTORE"), *self.program(tree.then)]
            case Add():
                amount = self.value(Constant(tree.amount)) + self.load(tree.location)
                return [amount, asm("ADD", self.slots[tree.location], "SSTORE"), *self.program(tree.then)]
            case Require():
                lacks = self.value(Constant(tree.least)) + self.load(tree.location) + asm("SLT")
                return [lacks, To(self.FAILURE), asm("JUMPI"), *self.program(tree.then)]

    def condition(self, comparison: str, left: Expression, right: Expression) -> bytes:
        """1 on the stack where a comparison holds. ``a <= b`` is that ``b < a`` does not hold."""
        first, second = (left, right) if comparison == "<=" else (right, left)
        both = self.value(first) + self.value(second)
        return both + {"==": asm("EQ"), "<": asm("SLT"), "<=": asm("SLT", "ISZERO")}[comparison]

    def value(self, expression: Expression) -> bytes:
        """The value of an expression on the stack."""
        match expression:
            case Constant():
                least = expression.value
                return asm(least) if least >= 0 else asm(-least, 0, "SUB")
            case Name():
                return asm(self.name(expression.name), "MLOAD")
            case Operation():
                right, left = self.value(expression.right), self.value(expression.left)
                if expression.operator == "%":
                    return right + AT_LEAST_ONE + left + FLOOR_MODULO
                return right + left + asm({"+": "ADD", "-": "SUB", "*": "MUL"}[expression.operator])


AT_LEAST_ONE: Final = asm(1, "DUP2", "SLT", "DUP1", "ISZERO", "DUP3", "MUL", "ADD", "SWAP1", "POP")
"""The larger of the topmost word and 1: ``c + (1 − c) · word``, where ``c`` is whether it is less."""
FLOOR_MODULO: Final = asm("DUP2", "SWAP1", "SMOD", "DUP2", "ADD", "SMOD")
"""Of a modulus of at least 1 and a number on top of it, the remainder that is not negative. SMOD keeps the sign."""
