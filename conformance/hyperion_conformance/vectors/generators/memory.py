"""Group memory: words, bytes, copies, and what growing costs."""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.vectors.generators.assembly import (
    MAX_WORD,
    OTHER,
    RETURN_TOP,
    asm,
    contract,
    rule_of,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "memory"
GROWTH: Final = ("VM-memory-cost", "VM-memory-expansion")
ALL: Final = asm("MSIZE", 0, "RETURN")
"""End with the whole memory as output."""
BYTES: Final = int.from_bytes(bytes(range(1, 33)), "big")
SPENT: Final = asm("GAS", "SWAP1", "SUB") + RETURN_TOP
FAR: Final = {
    "beyond-32-bits": 2**32, "at-64-bits": 2**64 - 1, "beyond-64-bits": 2**64, "greatest": MAX_WORD,
    "wraps-with-32": MAX_WORD - 30,
}  # fmt: skip


def words_and_bytes() -> Iterator[Draft]:
    """MSTORE, MSTORE8, MLOAD, MSIZE."""
    for offset in (0, 1, 31, 32, 33):
        yield vm_draft(
            GROUP, f"mstore-at-{offset}", "A word goes to the 32 bytes at any offset; memory grows by whole words.",
            (rule_of("MSTORE"), *GROWTH), asm(BYTES, offset, "MSTORE") + ALL,
        )  # fmt: skip
        yield vm_draft(
            GROUP, f"mload-at-{offset}", "A word is read from any offset, and reading grows memory as well.",
            (rule_of("MLOAD"), *GROWTH), asm(BYTES, 0, "MSTORE", offset, "MLOAD", "MSIZE", "MSTORE") + ALL,
        )  # fmt: skip
        yield vm_draft(
            GROUP, f"mstore8-at-{offset}", "Only the lowest byte of the word is written, and only one byte of memory.",
            (rule_of("MSTORE8"), *GROWTH), asm(BYTES, 0, "MSTORE", 0xABCD, offset, "MSTORE8") + ALL,
        )  # fmt: skip
    yield vm_draft(
        GROUP, "msize-counts-whole-words", "The size of memory is a multiple of 32.",
        (rule_of("MSIZE"),), asm(0, 32, "MSTORE8", "MSIZE") + RETURN_TOP,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "msize-is-zero-at-start", "Memory is empty at the start.", (rule_of("MSIZE"),), asm("MSIZE") + RETURN_TOP
    )


def prices() -> Iterator[Draft]:
    """The price of growing, linear and quadratic."""
    for words in (1, 2, 22, 23, 31, 32, 33, 723, 724, 725, 1024):
        code = asm("GAS", 0, 32 * (words - 1), "MSTORE") + SPENT
        why = f"{words} words: the quadratic part is rounded down, and only the difference is paid."
        yield vm_draft(GROUP, f"growth-to-{words}-words", why, (rule_of("MSTORE"), *GROWTH), code)
    yield vm_draft(
        GROUP, "growth-in-two-steps-costs-as-one", "Growing twice costs in all what growing once does.",
        (rule_of("MSTORE"), *GROWTH), asm("GAS", 0, 32 * 400, "MSTORE", 0, 32 * 800, "MSTORE") + SPENT,
    )  # fmt: skip
    yield vm_draft(
        GROUP, "no-growth-within-size", "What memory holds already costs nothing more.",
        (rule_of("MLOAD"), *GROWTH), asm(0, 64, "MSTORE", "GAS", 64, "MLOAD", "POP", 0, "MLOAD", "POP") + SPENT,
    )  # fmt: skip
    for slug, offset in FAR.items():
        for name, operands in (
            ("MLOAD", (offset,)), ("MSTORE", (1, offset)), ("MSTORE8", (1, offset)), ("RETURN", (1, offset)),
            ("REVERT", (1, offset)), ("KECCAK256", (1, offset)), ("LOG0", (1, offset)), ("MCOPY", (1, 0, offset)),
            ("CALLDATACOPY", (1, 0, offset)), ("CODECOPY", (1, 0, offset)), ("EXTCODECOPY", (1, 0, offset, OTHER)),
        ):  # fmt: skip
            why = f"{name} far beyond what gas can pay runs out of gas; arithmetic that wraps makes it cheap."
            yield vm_draft(
                GROUP, f"{name.lower()}-{slug}", why, (rule_of(name), *GROWTH), asm(*operands, name), gas=1_000_000
            )


def lengths() -> Iterator[Draft]:
    """A length of zero touches nothing, wherever; a huge one can't be paid."""
    for name, operands in (
        ("RETURN", (0, MAX_WORD)), ("REVERT", (0, MAX_WORD)), ("KECCAK256", (0, MAX_WORD)), ("LOG0", (0, MAX_WORD)),
        ("MCOPY", (0, MAX_WORD, MAX_WORD)), ("CALLDATACOPY", (0, MAX_WORD, MAX_WORD)),
        ("CODECOPY", (0, MAX_WORD, MAX_WORD)), ("EXTCODECOPY", (0, MAX_WORD, MAX_WORD, OTHER)),
        ("RETURNDATACOPY", (0, 0, MAX_WORD)),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"{name.lower()}-of-nothing-at-greatest-offset", f"{name} of no bytes grows no memory anywhere.",
            (rule_of(name), "VM-memory-expansion"), asm(*operands, name),
        )  # fmt: skip
    for name, operands in (
        ("RETURN", (MAX_WORD, 0)), ("KECCAK256", (MAX_WORD, 0)), ("LOG0", (MAX_WORD, 0)), ("MCOPY", (MAX_WORD, 0, 0)),
        ("CALLDATACOPY", (MAX_WORD, 0, 0)), ("CODECOPY", (2**64, 0, 0)), ("EXTCODECOPY", (MAX_WORD, 0, 0, OTHER)),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"{name.lower()}-of-greatest-length", f"{name} of a length beyond memory runs out of gas.",
            (rule_of(name), "VM-memory-expansion"), asm(*operands, name),
        )  # fmt: skip


def copies() -> Iterator[Draft]:
    """Copies: overlap, sources that end early, prices by begun word."""
    fill = asm(BYTES, 0, "MSTORE", BYTES ^ MAX_WORD, 32, "MSTORE")
    for slug, target, source, length in (
        ("forward-overlap", 8, 0, 40), ("backward-overlap", 0, 8, 40), ("onto-itself", 5, 5, 20), ("by-one", 1, 0, 63),
        ("beyond-size", 60, 30, 40), ("from-beyond-size", 0, 90, 10), ("whole-word", 32, 0, 32),
    ):  # fmt: skip
        yield vm_draft(
            GROUP, f"mcopy-{slug}", "MCOPY acts as if through a buffer; a plain loop smears overlapping bytes.",
            (rule_of("MCOPY"),), fill + asm(length, source, target, "MCOPY") + ALL,
        )  # fmt: skip
    data = bytes(range(1, 41))
    for name in ("CALLDATACOPY", "CODECOPY"):
        for slug, target, source, length in (
            ("whole", 0, 0, 40), ("over-the-end", 3, 30, 30), ("beyond-the-end", 0, 500, 8),
            ("from-beyond-64-bits", 0, 2**64, 8), ("from-greatest", 0, MAX_WORD, 33), ("clears-memory", 0, 38, 32),
        ):  # fmt: skip
            why = f"{name}: bytes beyond the end of the source are zeros, and they overwrite what memory had."
            code = asm(MAX_WORD, 0, "MSTORE", length, source, target, name) + ALL
            yield vm_draft(GROUP, f"{name.lower()}-{slug}", why, (rule_of(name),), code, calldata=data)
    ends = {0: "0", 1: "1", 9: "9", 39: "39", 40: "40", 2**64: "beyond-64-bits", MAX_WORD: "greatest"}
    for offset, place in ends.items():
        yield vm_draft(
            GROUP, f"calldataload-at-{place}",
            "CALLDATALOAD reads zeros beyond the end of the data, from whatever offset.",
            (rule_of("CALLDATALOAD"),), asm(offset, "CALLDATALOAD") + RETURN_TOP, calldata=data,
        )  # fmt: skip
    for name in ("CALLDATACOPY", "CODECOPY", "MCOPY", "EXTCODECOPY"):
        for length in (1, 31, 32, 33, 64, 65):
            whose = (OTHER,) if name == "EXTCODECOPY" else ()
            code = asm(0, 96, "MSTORE", "GAS", length, 0, 0, *whose, name) + SPENT
            yield vm_draft(
                GROUP, f"{name.lower()}-price-of-{length}-bytes", f"{name} is paid by the begun word of 32 bytes.",
                (rule_of(name),), code, accounts={OTHER: contract(data)},
            )  # fmt: skip
    for length in (0, 1, 32, 33, 136, 137):
        yield vm_draft(
            GROUP, f"keccak256-of-{length}-bytes", "The hash of a piece of memory, across the block of 136 bytes.",
            (rule_of("KECCAK256"), "PRIM-keccak256"), fill + asm(length, 3, "KECCAK256") + RETURN_TOP,
        )  # fmt: skip


def outputs() -> Iterator[Draft]:
    """RETURN and REVERT of more than memory holds."""
    for name in ("RETURN", "REVERT"):
        for slug, offset, length in (("nothing", 0, 0), ("grows-memory", 16, 64), ("part", 7, 11)):
            yield vm_draft(
                GROUP, f"{name.lower()}-{slug}", f"{name} gives a piece of memory, zeros where it had to grow.",
                (rule_of(name),), asm(BYTES, 0, "MSTORE", length, offset, name),
            )  # fmt: skip


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from words_and_bytes()
    yield from prices()
    yield from lengths()
    yield from copies()
    yield from outputs()
