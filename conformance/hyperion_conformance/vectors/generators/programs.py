"""Group programs: random code that mostly runs, and that meets edge words, jumps, memory, storage and calls.

Each program comes from seed and index alone. The stack is tracked while the code is made, so that instructions find
their operands; now and then they don't, on purpose.
"""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.arithmetic import EDGES
from hyperion_conformance.vectors.generators.assembly import (
    ABSENT,
    ADDRESS,
    CALLER,
    FORKS,
    MAX_WORD,
    OTHER,
    Draw,
    account,
    asm,
    contract,
    push,
    vm_draft,
)
from hyperion_conformance.vectors.generators.calls import designator
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "programs"
WORDS: Final = (
    "ADD", "MUL", "SUB", "DIV", "SDIV", "MOD", "SMOD", "ADDMOD", "MULMOD", "EXP", "SIGNEXTEND", "LT", "GT", "SLT",
    "SGT", "EQ", "ISZERO", "AND", "OR", "XOR", "NOT", "BYTE", "SHL", "SHR", "SAR",
)  # fmt: skip
FACTS: Final = (
    "ADDRESS", "CALLER", "CALLVALUE", "CALLDATASIZE", "CODESIZE", "RETURNDATASIZE", "MSIZE", "GAS", "PC",
    "SELFBALANCE", "TIMESTAMP", "NUMBER", "CHAINID", "BASEFEE", "PUSH0",
)  # fmt: skip
PLACES: Final = (OTHER, ABSENT, ADDRESS, CALLER, 1, 2, 4, 0x9999)
EDGE_WORDS: Final = tuple(EDGES.values())


class Program:
    """Code that grows, with the height of the stack that it leaves."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.code = b""
        self.height = 0

    def add(self, *items: str | int | bytes, height: int = 0) -> None:
        """Append code that changes the height by ``height``."""
        self.code += asm(*items)
        self.height += height

    def word(self) -> None:
        """A constant: an edge, a small number, or any."""
        kind = self.draw.below(4)
        if kind == 0:
            self.add(self.draw.one_of(EDGE_WORDS), height=1)
        elif kind < 3:
            self.add(self.draw.below(40), height=1)
        else:
            self.add(self.draw.bits(1 + self.draw.below(256)), height=1)

    def need(self, words: int) -> None:
        """Make sure that so many words are there, except once in a while."""
        if self.draw.below(400) == 0:
            return
        while self.height < words:
            self.word()

    def small(self) -> int:
        """An offset or length that memory pays for easily."""
        return self.draw.below(80)

    def piece(self) -> None:
        """One random piece of code."""
        kinds = (
            self.arithmetic, self.arithmetic, self.arithmetic, self.stack, self.stack, self.fact, self.memory,
            self.memory, self.storage, self.storage, self.copy, self.account, self.call, self.log, self.branch,
            self.word,
        )  # fmt: skip
        self.draw.one_of(kinds)()

    def arithmetic(self) -> None:
        """A word function on what is there."""
        name = self.draw.one_of(WORDS)
        pops = 3 if name in ("ADDMOD", "MULMOD") else 1 if name in ("ISZERO", "NOT") else 2
        self.need(pops)
        self.add(name, height=1 - pops)

    def stack(self) -> None:
        """DUP, SWAP or POP."""
        number = 1 + self.draw.below(6)
        kind = self.draw.one_of(("DUP", "DUP", "SWAP", "POP"))
        self.need(number + (kind == "SWAP"))
        if kind == "POP":
            self.add("POP", height=-1)
        else:
            self.add(f"{kind}{number}", height=1 if kind == "DUP" else 0)

    def fact(self) -> None:
        """A fact about the environment."""
        self.add(self.draw.one_of(FACTS), height=1)

    def memory(self) -> None:
        """MSTORE, MSTORE8, MLOAD, KECCAK256, MCOPY."""
        kind = self.draw.below(5)
        if kind < 2:
            self.need(1)
            self.add(self.small(), "MSTORE" if kind == 0 else "MSTORE8", height=-1)
        elif kind == 2:
            self.add(self.small(), "MLOAD", height=1)
        elif kind == 3:
            self.add(self.small(), self.small(), "KECCAK256", height=1)
        else:
            self.add(self.small(), self.small(), self.small(), "MCOPY")

    def storage(self) -> None:
        """SLOAD, SSTORE, TLOAD, TSTORE on few keys, so that they meet."""
        name, key = self.draw.one_of(("SLOAD", "SSTORE", "SSTORE", "TLOAD", "TSTORE")), self.draw.below(4)
        if name in ("SLOAD", "TLOAD"):
            self.add(key, name, height=1)
        elif self.draw.below(3) == 0:
            self.add(0, key, name)
        else:
            self.need(1)
            self.add(key, name, height=-1)

    def copy(self) -> None:
        """Call data, code and return data to memory."""
        name = self.draw.one_of(("CALLDATACOPY", "CODECOPY", "RETURNDATACOPY", "CALLDATALOAD"))
        if name == "CALLDATALOAD":
            self.add(self.small(), name, height=1)
        elif name == "RETURNDATACOPY":
            self.add("RETURNDATASIZE", 0, self.small(), name)
        else:
            self.add(self.small(), self.small(), self.small(), name)

    def account(self) -> None:
        """A look at another account."""
        name = self.draw.one_of(("BALANCE", "EXTCODESIZE", "EXTCODEHASH", "EXTCODECOPY"))
        place = self.draw.one_of(PLACES)
        if name == "EXTCODECOPY":
            self.add(self.small(), self.small(), self.small(), place, name)
        else:
            self.add(place, name, height=1)

    def call(self) -> None:
        """A call, or a creation of what is in memory."""
        name = self.draw.one_of(("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "CREATE", "CREATE2"))
        value = self.draw.one_of((0, 0, 1, 7, 10**18))
        if name == "CREATE":
            self.add(self.draw.below(40), self.small(), value, name, height=1)
        elif name == "CREATE2":
            self.add(self.draw.below(2), self.draw.below(40), self.small(), value, name, height=1)
        else:
            amount = (value,) if name in ("CALL", "CALLCODE") else ()
            gas = self.draw.one_of((0, 700, 3_000, 30_000, MAX_WORD))
            windows = [self.small() for _ in range(4)]
            self.add(*windows, *amount, self.draw.one_of(PLACES), gas, name, height=1)

    def log(self) -> None:
        """A log with what is there as topics."""
        topics = self.draw.below(5)
        self.need(topics)
        self.add(self.small(), self.small(), f"LOG{topics}", height=-topics)

    def branch(self) -> None:
        """A jump over a few bytes that may hold anything, taken or not."""
        skipped = self.draw.octets(self.draw.below(5))
        if self.draw.below(3) == 0:
            self.add(push(len(self.code) + 4 + len(skipped), 2), "JUMP", skipped, "JUMPDEST")
            return
        self.need(1)
        inner = asm("CALLER", "POP")
        self.add(push(len(self.code) + 4 + len(inner), 2), "JUMPI", inner, "JUMPDEST", height=-1)

    def end(self) -> None:
        """Words to memory, then a halt of some kind with memory as output."""
        while self.height > 0 and self.draw.below(3):
            self.add(32 * self.draw.below(4), "MSTORE", height=-1)
        kind = self.draw.below(12)
        if kind < 8:
            self.add(128, 0, "RETURN")
        elif kind == 8:
            self.add(64, 0, "REVERT")
        elif kind == 9:
            self.add(self.draw.one_of(PLACES), "SELFDESTRUCT")
        elif kind == 10:
            self.add(self.draw.octets(1))


def looped(draw: Draw) -> bytes:
    """A loop of a few rounds over word functions, at the start of the code; its counter is the bottom of the stack."""
    body = Program(draw)
    for _ in range(3 + draw.below(5)):
        body.need(3)
        body.arithmetic()
    body.add(*(("POP",) * body.height))
    head = asm(2 + draw.below(4), "JUMPDEST")
    return head + body.code + asm(1, "SWAP1", "SUB", "DUP1", len(head) - 1, "JUMPI", "POP")


def program(draw: Draw, pieces: int, prefix: bytes = b"") -> bytes:
    """Random code of about so many pieces behind ``prefix``, which leaves the stack empty."""
    made = Program(draw)
    made.code = prefix
    for _ in range(pieces):
        made.piece()
    made.end()
    return made.code


def world_of(draw: Draw) -> dict[int, Json]:
    """The accounts that a program may meet."""
    others: dict[int, Json] = {0x9999: account(balance=1)}
    kind = draw.below(4)
    if kind < 3:
        storage = {draw.below(4): 1 + draw.below(9)}
        others[OTHER] = contract(program(draw, 4 + draw.below(8)), draw.below(20), storage)
    else:
        others[OTHER] = contract(designator(0x9998))
        others[0x9998] = contract(program(draw, 4 + draw.below(8)))
    return others


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """``count`` programs. Each is named by the hash that its index draws, which more programs do not change."""
    for index in range(count):
        draw = Draw("hyperion", seed, GROUP, index)
        name = f"{draw.bits(48):012x}"
        fork = draw.one_of(FORKS)
        prefix = looped(draw) if draw.below(4) == 0 else b""
        code = program(draw, 8 + draw.below(30), prefix)
        storage = {draw.below(4): 1 + draw.below(9) for _ in range(draw.below(3))}
        gas = draw.one_of((30_000, 100_000, 100_000, 300_000, 1_000_000))
        yield vm_draft(
            GROUP, f"random-{name}", "A random program: whatever goes wrong in it shows in gas, state or trace.",
            ("VM-step",), code, fork, gas, draw.octets(draw.below(70)), draw.below(30), storage, world_of(draw),
        )  # fmt: skip
