"""Cases of ``osp.step``: a step of each kind of instruction and boundary, micro steps, and witnesses that are wrong."""

from collections.abc import Iterator
from typing import Final

from hyperion.settlement.onestep import micro
from hyperion.settlement.onestep.verify import Committed, Witness, advance, after, committed, witness
from hyperion.vm.fork import Fork
from hyperion.vm.forks import CANCUN, OSAKA
from hyperion.vm.machine import Machine
from hyperion.vm.step import step
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.generators.assembly import ADDRESS, CALLER, OTHER, asm, push
from hyperion_conformance.vectors.input import vm_run
from hyperion_conformance.vectors.model import address_json, hexadecimal, machine_of
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
RULES: Final = ("DIS-step-verify", "DIS-step-exact-witness")
CALLEE: Final = asm("CALLDATASIZE", 0, 0, "CALLDATACOPY", 32, 0, "RETURN")
CALL: Final = asm(32, 0, 4, 0, 0, OTHER, 50_000)
ACROSS: Final = (asm(32, 0, 4, 0, 0, ADDRESS, 50_000, "CALL", "STOP")).ljust(62, b"\0") + b"\x7f" + b"\x5b" * 32
"""Code that calls itself, with an operand that begins in one word of it and ends in the next."""
DELEGATE: Final = asm(32, 0, 4, 0, OTHER, 50_000)

PROGRAMS: Final[tuple[tuple[str, bytes, int], ...]] = (
    ("stop", asm("STOP"), 0),
    ("implicit-stop", asm(1), 1),
    ("add", asm(7, 5, "ADD"), 2),
    ("signed-division", asm(2, push(2**256 - 7), "SDIV"), 2),
    ("modular-sum", asm(5, 7, push(2**256 - 1), "ADDMOD"), 3),
    ("power", asm(3, 2, "EXP"), 2),
    ("comparison", asm(1, push(2**255), "SLT"), 2),
    ("shift", asm(push(2**255), 3, "SAR"), 2),
    ("hash", asm(7, 0, "MSTORE", 40, 3, "KECCAK256"), 5),
    ("caller", asm("CALLER"), 0),
    ("calldata-word", asm(1, "CALLDATALOAD"), 1),
    ("calldata-word-beyond-the-end", asm(20, "CALLDATALOAD"), 1),
    ("calldata-copy", asm(40, 0, 1, "CALLDATACOPY"), 3),
    ("code-copy", asm(4, 2, 0, "CODECOPY"), 3),
    ("other-code-hash", asm(OTHER, "EXTCODEHASH"), 1),
    ("balance-of-nobody", asm(0x1234, "BALANCE"), 1),
    ("block-hash", asm(0, "BLOCKHASH"), 1),
    ("timestamp", asm("TIMESTAMP"), 0),
    ("pop", asm(1, "POP"), 1),
    ("memory-load", asm(5, "MLOAD"), 1),
    ("memory-store", asm(7, 40, "MSTORE"), 2),
    ("memory-byte", asm(7, 40, "MSTORE8"), 2),
    ("memory-byte-within-a-word", asm(push(2**256 - 1), 32, "MSTORE", 7, 40, "MSTORE8"), 5),
    ("memory-copy", asm(7, 40, "MSTORE", 9, 38, 3, "MCOPY"), 6),
    ("storage-load", asm(2, "SLOAD"), 1),
    ("storage-store", asm(9, 2, "SSTORE"), 2),
    ("storage-clear", asm(0, 2, "SSTORE"), 2),
    ("transient-store", asm(9, 2, "TSTORE"), 2),
    ("transient-load", asm(9, 2, "TSTORE", 2, "TLOAD"), 4),
    ("jump", asm(4, "JUMP", 0, "JUMPDEST"), 1),
    ("jump-into-an-operand", asm(40, "JUMP") + bytes(27) + b"\x7f" + b"\x5b" * 32, 1),
    ("jump-not-taken", asm(0, 4, "JUMPI"), 2),
    ("jump-to-nowhere", asm(3, "JUMP"), 1),
    ("program-counter", asm("PC"), 0),
    ("push", asm(push(2**200)), 0),
    ("push-beyond-the-code", asm(b"\x7f\x01"), 0),
    ("duplicate", asm(*range(1, 17), "DUP16"), 16),
    ("exchange", asm(*range(1, 18), "SWAP16"), 17),
    ("log", asm(1, 2, 9, 0, "LOG2"), 4),
    ("second-log", asm(2, 0, 0, "LOG1", 1, 0, 0, "LOG1"), 7),
    ("call", CALL + asm("CALL"), 7),
    ("call-of-code-with-an-operand-across-words", ACROSS, 7),
    ("callee-starts", CALL + asm("CALL"), 8),
    ("callee-returns", CALL + asm("CALL"), 14),
    ("caller-goes-on", CALL + asm("CALL"), 15),
    ("delegate-call", DELEGATE + asm("DELEGATECALL"), 6),
    ("static-call", DELEGATE + asm("STATICCALL"), 6),
    ("precompile-is-called", asm(32, 0, 4, 0, 0, 2, 50_000, "CALL"), 7),
    ("precompile-runs", asm(32, 0, 4, 0, 0, 2, 50_000, "CALL"), 8),
    ("create", asm(3, 0, 0, "CREATE"), 3),
    ("code-is-deposited", asm(push(0x6001600052600160_1FF3, 10), 0, "MSTORE", 10, 22, 0, "CREATE"), 13),
    ("return-data-copy", asm(0, 0, 0, "RETURNDATACOPY"), 3),
    ("return", asm(40, 3, "RETURN"), 2),
    ("revert", asm(2, 0, "REVERT"), 2),
    ("self-destruct", asm(OTHER, "SELFDESTRUCT"), 1),
    ("undefined-byte", b"\x0c", 0),
    ("stack-underflow", asm("ADD"), 0),
    ("halted-stays", asm("STOP"), 3),
)
"""Name, code, and the step to prove."""


def steps(seed: int, count: int) -> Iterator[Draft]:
    """Each program's step, the micro steps of long work, and each way to be wrong."""
    del seed, count
    for slug, code, at in PROGRAMS:
        before = committed(machine_at(code, at))
        yield draft("steps", slug, "step", before.root, witness(before))
    yield from short_of_gas()
    yield from micro_steps()
    yield from wrong()


def machine_at(code: bytes, at: int, gas: int = 200_000, fork: Fork = OSAKA) -> Machine:
    """The machine of a program after so many steps."""
    accounts: dict[str, Json] = {
        address_json(OTHER): {"nonce": "1", "balance": "5", "code": hexadecimal(CALLEE), "storage": {}}
    }
    given: dict[str, Json] = {
        "code": hexadecimal(code), "calldata": hexadecimal(bytes(range(1, 40))), "gas": str(gas), "value": "3",
        "address": address_json(ADDRESS), "caller": address_json(CALLER), "storage": {"2": "7"}, "accounts": accounts,
    }  # fmt: skip
    machine = machine_of(vm_run(given), fork)
    for _ in range(at):
        machine = step(machine)
    return machine


def draft(group: str, slug: str, kind: str, root: bytes, nodes: Witness, why: str = "") -> Draft:
    """A case."""
    given: dict[str, Json] = {"kind": kind, "root": hexadecimal(root), "witness": [hexadecimal(node) for node in nodes]}
    text = why or f"{slug.replace('-', ' ')}: another root would let a false state win, or a true one lose."
    rules = RULES if kind == "step" else (*RULES, "DIS-micro-bound")
    return Draft("osp.step", group, slug, rules, text, FORK, given)


def short_of_gas() -> Iterator[Draft]:
    """The step that just has its gas, and the one that lacks a unit; an instruction that a fork does not have."""
    before = committed(machine_at(asm(1, b"\x1e"), 1, fork=CANCUN))
    yield draft("steps", "instruction-of-a-later-fork", "step", before.root, witness(before))
    for slug, gas in (("gas-just-enough", 9), ("gas-one-short", 8)):
        before = committed(machine_at(asm(7, 5, "ADD"), 2, gas))
        yield draft("steps", slug, "step", before.root, witness(before))


LONG: Final[tuple[tuple[str, bytes, int], ...]] = (
    ("hash", asm(300, 0, "KECCAK256"), 2),
    ("power", asm(0xFFFF, 3, "EXP"), 2),
    ("copy", asm(100, 0, 0, "CALLDATACOPY"), 3),
    ("addition", asm(7, 5, "ADD"), 2),
)


def micro_steps() -> Iterator[Draft]:
    """The first micro steps of work that grows with its input, and the last one."""
    for slug, code, at in LONG:
        state, chain = micro.entered(committed(machine_at(code, at))), list[Committed]()
        end = micro.leave(advance(committed(machine_at(code, at)), after).root)
        while state.root != end:
            chain.append(state)
            state = advance(state, micro.micro_after)
        for number in sorted({0, 1, 2, len(chain) - 1} & set(range(len(chain)))):
            place = "last" if number == len(chain) - 1 else str(number)
            shown = witness(chain[number], micro.micro_after)
            yield draft("micro", f"{slug}-{place}", "micro-step", chain[number].root, shown)
    yield draft("micro", "after-the-last", "micro-step", state.root, witness(state, micro.micro_after))


def wrong() -> Iterator[Draft]:
    """Witnesses with a node flipped, cut, lengthened, left out, doubled, exchanged, or too many; and other roots."""
    why = "Whatever is shown, there is one true root or none: a witness that leads elsewhere proves a false step."
    before = committed(machine_at(asm(9, 2, "SSTORE"), 2))
    nodes = witness(before)
    for at in (0, len(nodes) // 2, len(nodes) - 1):
        node = nodes[at]
        for slug, changed in (
            ("flipped", bytes([node[0] ^ 1, *node[1:]])), ("cut", node[:-1]), ("longer", node + b"\0"), ("empty", b""),
        ):  # fmt: skip
            shown = (*nodes[:at], changed, *nodes[at + 1 :])
            yield draft("wrong", f"node-{at}-{slug}", "step", before.root, shown, why)
        yield draft("wrong", f"node-{at}-left-out", "step", before.root, (*nodes[:at], *nodes[at + 1 :]), why)
        yield draft("wrong", f"node-{at}-twice", "step", before.root, (*nodes[: at + 1], *nodes[at:]), why)
    yield draft("wrong", "one-too-many", "step", before.root, (*nodes, b"more"), why)
    yield draft("wrong", "exchanged", "step", before.root, (nodes[1], nodes[0], *nodes[2:]), why)
    yield draft("wrong", "nothing-shown", "step", before.root, (), why)
    other = committed(machine_at(asm(9, 3, "SSTORE"), 2))
    yield draft("wrong", "of-another-machine", "step", before.root, witness(other), why)
    yield draft("wrong", "another-root", "step", other.root, nodes, why)
    yield draft("wrong", "no-root", "step", bytes(32), nodes, why)
    yield draft("wrong", "step-as-micro-step", "micro-step", before.root, nodes, why)
    inner = micro.entered(before)
    yield draft("wrong", "micro-step-as-step", "step", inner.root, witness(inner, micro.micro_after), why)
