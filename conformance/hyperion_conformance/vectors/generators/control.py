"""Group control: jumps and what may be jumped to, pushes at the end of code, exchanges on the stack."""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.vectors.generators.assembly import (
    FORKS,
    MAX_WORD,
    RETURN_TOP,
    asm,
    push,
    rule_of,
    store_results,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "control"
JUMP: Final = (rule_of("JUMP"), "VM-jump-destinations")
JUMPI: Final = (rule_of("JUMPI"), "VM-jump-destinations")
DESTINATION: Final = b"\x5b"


def jumps() -> Iterator[Draft]:
    """Destinations that hold and destinations that do not."""
    good = asm(42) + RETURN_TOP
    inside = asm(3, "JUMP") + b"\x60\x5b" + good  # offset 4 is the operand of a PUSH1
    for slug, code, why in (
        ("to-destination", push(4) + asm("JUMP", "INVALID", "JUMPDEST") + good, "a JUMPDEST may be jumped to"),
        ("to-other-instruction", push(4) + asm("JUMP", "INVALID", "CALLER") + good, "only a JUMPDEST is a destination"),
        ("into-push-data", push(4) + inside[2:], "0x5b inside the operand of a PUSH is no destination"),
        ("to-end-of-code", push(3) + asm("JUMP"), "the end of the code is no destination"),
        ("beyond-code", push(99) + asm("JUMP"), "beyond the code there is no destination"),
        ("to-zero", asm("JUMPDEST", 0, "JUMP"), "offset 0 may be a destination: this loops until gas runs out"),
        ("truncated-to-64-bits", push(2**64 + 12) + asm("JUMP", "INVALID", "JUMPDEST") + good, "the offset is a word"),
        ("truncated-to-32-bits", push(2**32 + 8) + asm("JUMP", "INVALID", "JUMPDEST") + good, "the offset is a word"),
        ("to-greatest", push(MAX_WORD) + asm("JUMP"), "the offset is a word"),
    ):
        yield vm_draft(GROUP, f"jump-{slug}", f"JUMP: {why}.", JUMP, code, gas=5_000)
    for slug, size in (("push1", 1), ("push2", 2), ("push31", 31), ("push32", 32)):
        operand = DESTINATION * size
        for where, offset in (("first", 0), ("last", size - 1), ("after", size)):
            code = push(4 + offset) + asm("JUMP") + bytes((0x5F + size,)) + operand + DESTINATION + good
            why = f"JUMP to the byte {where} of the operand of {slug.upper()}: data is data, what follows it is code."
            yield vm_draft(GROUP, f"jump-{where}-of-{slug}-data", why, JUMP, code)
    truncated = push(4) + asm("JUMP") + b"\x7f\x5b\x5b"
    yield vm_draft(
        GROUP, "jump-into-truncated-push", "The operand of a PUSH that the code cuts short is data as well.",
        JUMP, truncated,
    )  # fmt: skip
    lookalike = push(4) + asm("JUMP", "JUMPDEST") + good
    yield vm_draft(GROUP, "jump-straight-on", "A jump to the next byte is a jump.", JUMP, lookalike)


def branches() -> Iterator[Draft]:
    """Conditions."""
    tail = asm("INVALID", "JUMPDEST", 42) + RETURN_TOP
    for slug, condition in (("one", 1), ("top-bit", 2**255), ("greatest", MAX_WORD), ("beyond-64-bits", 2**64)):
        head = push(condition, 32)
        yield vm_draft(
            GROUP, f"jumpi-condition-{slug}", "Any word but zero is true; a test of the low bits only is not enough.",
            JUMPI, head + push(len(head) + 4) + asm("JUMPI") + tail,
        )  # fmt: skip
    yield vm_draft(
        GROUP, "jumpi-not-taken-to-nowhere", "A jump that is not taken may name any offset.",
        JUMPI, asm(0, MAX_WORD, "JUMPI", 42) + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "jumpi-taken-to-nowhere", "A jump that is taken must have a destination.", JUMPI, asm(1, 99, "JUMPI")
    )
    yield vm_draft(
        GROUP, "jumpi-operand-order", "The destination is topmost, the condition below it.",
        JUMPI, asm(1, 7, "JUMPI", "INVALID", "INVALID", "JUMPDEST", 42) + RETURN_TOP,
    )  # fmt: skip
    loop = asm(5, "JUMPDEST", 1, "SWAP1", "SUB", "DUP1", 2, "JUMPI", "GAS") + RETURN_TOP
    yield vm_draft(GROUP, "jumpi-loop", "A loop of five rounds and the gas it took.", (*JUMPI, rule_of("GAS")), loop)


def positions() -> Iterator[Draft]:
    """PC, GAS and the end of the code."""
    yield vm_draft(
        GROUP, "pc-counts-operands", "PC counts the bytes of operands.",
        (rule_of("PC"),), asm("PC", 1, "POP", "PC", 2**200, "POP", "PC") + store_results(3),
    )  # fmt: skip
    yield vm_draft(
        GROUP, "gas-after-its-own-price", "GAS shows what is left after GAS is paid.",
        (rule_of("GAS"),), asm("GAS") + RETURN_TOP,
    )  # fmt: skip
    for fork in FORKS:
        yield vm_draft(
            GROUP, f"empty-code-{fork.lower()}", "Code of no bytes succeeds at once and costs nothing.",
            ("VM-step",), b"", fork,
        )  # fmt: skip
    yield vm_draft(
        GROUP, "runs-off-the-end", "Beyond its last byte code stops in good order, without output.",
        (rule_of("STOP"),), asm(1, 1, "ADD"),
    )  # fmt: skip
    yield vm_draft(
        GROUP, "stop-keeps-gas", "STOP costs nothing and gives no output, though memory is full.",
        (rule_of("STOP"),), asm(1, 0, "MSTORE", "STOP"),
    )  # fmt: skip
    yield vm_draft(
        GROUP, "invalid-takes-all-gas", "INVALID loses all gas.", (rule_of("INVALID"),), asm(1, "INVALID")
    )


def pushes() -> Iterator[Draft]:
    """Constants of all sizes, and those that the code cuts short."""
    for size in range(33):
        operand = bytes(range(0xE0, 0xE0 + size)) if size else b""
        rules = (rule_of(f"PUSH{size}"),)
        yield vm_draft(
            GROUP, f"push{size}-value", f"PUSH{size} pushes exactly {size} bytes, big-endian.",
            rules, bytes((0x5F + size,)) + operand + RETURN_TOP,
        )  # fmt: skip
        if size > 1:
            code = bytes((0x5F + size,)) + operand[: size - 1]
            yield vm_draft(
                GROUP, f"push{size}-cut-short", f"PUSH{size} with a byte missing pushes zeros for it, and stops.",
                rules, code,
            )  # fmt: skip
    yield vm_draft(
        GROUP, "push32-without-operand", "PUSH32 as the last byte pushes zero.", (rule_of("PUSH32"),), b"\x7f"
    )


def exchanges() -> Iterator[Draft]:
    """DUP and SWAP of every depth, on a stack of distinct words."""
    words = asm(*range(1, 18))
    for number in range(1, 17):
        yield vm_draft(
            GROUP, f"dup{number}-position", f"DUP{number} copies word {number}, counted from 1 at the top.",
            (rule_of(f"DUP{number}"),), words + asm(f"DUP{number}") + RETURN_TOP,
        )  # fmt: skip
        yield vm_draft(
            GROUP, f"swap{number}-position",
            f"SWAP{number} exchanges the topmost word and word {number + 1}, no other.",
            (rule_of(f"SWAP{number}"),), words + asm(f"SWAP{number}") + store_results(17),
        )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from jumps()
    yield from branches()
    yield from positions()
    yield from pushes()
    yield from exchanges()
