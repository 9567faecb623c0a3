"""Group arithmetic: what the functions on words give at the edges of their domains."""

from collections.abc import Iterator, Mapping
from typing import Final

from hyperion_conformance.vectors.generators.assembly import (
    MAX_WORD,
    RETURN_TOP,
    ROWS,
    asm,
    push,
    rule_of,
    store_results,
    vm_draft,
)
from hyperion_conformance.vectors.record import Draft

GROUP: Final = "arithmetic"
MIN: Final = 2**255
"""As a signed word the least one; as its bits, the sign alone."""
MINUS_ONE: Final = MAX_WORD

EDGES: Final[Mapping[str, int]] = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "byte-max": 0xFF,
    "word-of-shift": 256,
    "half": 2**128,
    "max-signed": MIN - 1,
    "min-signed": MIN,
    "minus-two": MAX_WORD - 1,
    "minus-one": MAX_WORD,
    "alternating": int("a5" * 32, 16),
}

FIRST: Final = ("zero", "one", "word-of-shift", "max-signed", "min-signed", "minus-one")
"""Of these, each first operand meets all edge words as second."""

BINARY: Final = (
    "ADD", "MUL", "SUB", "DIV", "SDIV", "MOD", "SMOD", "EXP", "SIGNEXTEND", "LT", "GT", "SLT", "SGT", "EQ", "AND",
    "OR", "XOR", "BYTE", "SHL", "SHR", "SAR",
)  # fmt: skip
UNARY: Final = ("ISZERO", "NOT", "CLZ")
TERNARY: Final = ("ADDMOD", "MULMOD")

PATTERN: Final = int.from_bytes(bytes(range(0x80, 0xA0)), "big")
"""Each byte of the word is another one, and each has its top bit set."""

NAMED: Final = (
    ("add-wraps", "ADD", (MAX_WORD, 1), "a sum beyond the word must wrap to 0; saturating gives another balance"),
    ("mul-wraps", "MUL", (2**128, 2**128), "a product's high half is dropped; keeping it overflows the word"),
    ("sub-wraps-below-zero", "SUB", (0, 1), "0 - 1 is the greatest word; clamping to 0 hides underflow"),
    ("sub-operand-order", "SUB", (5, 3), "the topmost word is the minuend; the other order gives 2**256 - 2"),
    ("div-by-zero-is-zero", "DIV", (7, 0), "division by zero gives 0; raising or all-ones splits the chain"),
    ("div-operand-order", "DIV", (7, 2), "the topmost word is divided by the next"),
    ("sdiv-by-zero-is-zero", "SDIV", (MINUS_ONE, 0), "signed division by zero gives 0"),
    ("sdiv-min-by-minus-one", "SDIV", (MIN, MINUS_ONE), "the quotient 2**255 does not fit; it stays the least word"),
    ("sdiv-truncates-towards-zero", "SDIV", (MAX_WORD - 6, 2), "-7 / 2 is -3; floor division gives -4"),
    ("sdiv-by-negative", "SDIV", (7, MAX_WORD - 1), "7 / -2 is -3; floor division gives -4"),
    ("mod-by-zero-is-zero", "MOD", (7, 0), "remainder by zero gives 0"),
    ("smod-by-zero-is-zero", "SMOD", (MINUS_ONE, 0), "signed remainder by zero gives 0"),
    ("smod-sign-of-dividend", "SMOD", (MAX_WORD - 7, 3), "-8 mod 3 is -2: the sign is the dividend's"),
    ("smod-negative-divisor", "SMOD", (8, MAX_WORD - 2), "8 mod -3 is 2: the divisor's sign does not count"),
    ("smod-min-by-minus-one", "SMOD", (MIN, MINUS_ONE), "the remainder is 0; a native instruction traps here"),
    ("addmod-beyond-word", "ADDMOD", (MAX_WORD, MAX_WORD, 7), "the sum must not wrap before the remainder is taken"),
    ("addmod-by-zero-is-zero", "ADDMOD", (4, 5, 0), "remainder by zero gives 0"),
    ("addmod-by-one-is-zero", "ADDMOD", (4, 5, 1), "every number is 0 modulo 1"),
    ("mulmod-beyond-word", "MULMOD", (MAX_WORD, MAX_WORD, 12), "the product must not wrap first"),
    ("mulmod-by-zero-is-zero", "MULMOD", (4, 5, 0), "remainder by zero gives 0"),
    ("mulmod-by-max", "MULMOD", (MAX_WORD - 1, MAX_WORD - 1, MAX_WORD), "a 512-bit product by the largest modulus"),
    ("exp-zero-to-zero", "EXP", (0, 0), "0 to the power 0 is 1"),
    ("exp-wraps", "EXP", (2, 256), "the power is taken modulo the word: 2**256 is 0"),
    ("exp-greatest-exponent", "EXP", (3, MAX_WORD), "32 bytes of exponent are paid; reducing it is wrong"),
    ("signextend-from-byte-0-negative", "SIGNEXTEND", (0, 0xFF), "bit 7 is the sign; the rest must become ones"),
    ("signextend-from-byte-0-positive", "SIGNEXTEND", (0, 0x17F), "bits above the byte are cleared when its sign is 0"),
    ("signextend-from-byte-30", "SIGNEXTEND", (30, MIN >> 8), "the last byte below the top extends into it"),
    ("signextend-from-byte-31", "SIGNEXTEND", (31, MIN), "the word is whole already and stays as it is"),
    ("signextend-beyond-word", "SIGNEXTEND", (32, 0xFF), "a position beyond the word changes nothing"),
    ("signextend-huge-position", "SIGNEXTEND", (MAX_WORD, 0x80), "a position beyond 64 bits changes nothing"),
    ("slt-across-sign", "SLT", (MINUS_ONE, 0), "-1 < 0: an unsigned comparison says the contrary"),
    ("sgt-across-sign", "SGT", (0, MIN), "0 > the least word: an unsigned comparison says the contrary"),
    ("lt-is-unsigned", "LT", (0, MINUS_ONE), "the greatest word is not -1 here"),
    ("gt-is-unsigned", "GT", (MINUS_ONE, 0), "the greatest word is not -1 here"),
    ("byte-0-is-most-significant", "BYTE", (0, PATTERN), "bytes are counted from the top"),
    ("byte-31-is-least-significant", "BYTE", (31, PATTERN), "bytes are counted from the top"),
    ("byte-32-is-zero", "BYTE", (32, PATTERN), "beyond the word there is no byte"),
    ("byte-huge-position", "BYTE", (2**64, PATTERN), "a position truncated to 64 bits would read byte 0"),
    ("shl-by-255", "SHL", (255, 3), "only the lowest bit stays"),
    ("shl-by-256-is-zero", "SHL", (256, MAX_WORD), "a native shift by 256 takes the amount modulo the width"),
    ("shl-by-huge-is-zero", "SHL", (2**64, 1), "an amount truncated to 64 bits would shift by 0"),
    ("shr-by-255", "SHR", (255, MAX_WORD), "only the top bit stays"),
    ("shr-by-256-is-zero", "SHR", (256, MAX_WORD), "a native shift by 256 takes the amount modulo the width"),
    ("shr-by-huge-is-zero", "SHR", (2**255, MAX_WORD), "an amount truncated to 64 bits would shift by 0"),
    ("sar-negative-by-1", "SAR", (1, MIN), "the sign comes in from the left"),
    ("sar-negative-by-256", "SAR", (256, MIN), "nothing but the sign is left: -1"),
    ("sar-negative-by-huge", "SAR", (MAX_WORD, MIN), "nothing but the sign is left: -1"),
    ("sar-positive-by-256", "SAR", (256, MIN - 1), "nothing is left of a positive word: 0"),
    ("sar-rounds-down", "SAR", (1, MINUS_ONE), "-1 stays -1, unlike division by 2"),
    ("clz-of-zero", "CLZ", (0,), "zero has 256 leading zeros; counting 255 or looping for ever is the usual fault"),
    ("clz-of-one", "CLZ", (1,), "one has 255 leading zeros"),
    ("clz-of-top-bit", "CLZ", (MIN,), "no leading zero"),
    ("clz-across-limb", "CLZ", (2**191,), "64 leading zeros: a count by 64-bit limbs goes wrong at their borders"),
    ("iszero-of-top-bit", "ISZERO", (MIN,), "a test of the low 64 bits only says zero"),
    ("not-of-zero", "NOT", (0,), "all 256 bits are set"),
    ("eq-differs-in-top-bit", "EQ", (MIN, 0), "a comparison of the low bits only says equal"),
)  # fmt: skip


def apply(name: str, operands: tuple[int, ...]) -> bytes:
    """Code that applies an instruction to ``operands``, the first of them topmost."""
    return asm(*reversed(operands), name)


def named() -> Iterator[Draft]:
    """Operands at which implementations have gone wrong, each for a reason."""
    for slug, name, operands, why in NAMED:
        yield vm_draft(GROUP, slug, f"{name}: {why}.", (rule_of(name),), apply(name, operands) + RETURN_TOP)


def grids() -> Iterator[Draft]:
    """Each instruction on each edge word, against all edge words: results as one output."""
    values = tuple(EDGES.values())
    for name in BINARY:
        for edge in FIRST:
            a = EDGES[edge]
            code = b"".join(apply(name, (a, b)) for b in values) + store_results(len(values))
            why = f"{name} with first operand {edge} against all edge words: a wrong word changes whatever is computed."
            yield vm_draft(GROUP, f"{name.lower()}-{edge}-by-edges", why, (rule_of(name),), code)
    for name in UNARY:
        code = b"".join(apply(name, (a,)) for a in values) + store_results(len(values))
        why = f"{name} of all edge words: a wrong word changes whatever is computed from it."
        yield vm_draft(GROUP, f"{name.lower()}-of-edges", why, (rule_of(name),), code)
    for name in TERNARY:
        for edge in FIRST:
            modulus = EDGES[edge]
            pairs = [(a, b) for a in (1, MIN, MAX_WORD - 1, MAX_WORD) for b in (1, MIN - 1, MAX_WORD)]
            code = b"".join(apply(name, (a, b, modulus)) for a, b in pairs) + store_results(len(pairs))
            why = f"{name} modulo {edge}: operands near the top of the word overflow narrower intermediates."
            yield vm_draft(GROUP, f"{name.lower()}-modulo-{edge}", why, (rule_of(name),), code)


def exponent_prices() -> Iterator[Draft]:
    """EXP is paid by the bytes of its exponent."""
    for size in (0, 1, 2, 8, 31, 32):
        for label, exponent in (("least", 256 ** (size - 1) if size else 0), ("most", 256**size - 1)):
            if size == 0 and label == "most":
                continue
            code = push(exponent) + asm(2, "EXP", "GAS") + RETURN_TOP
            why = f"The {label} exponent of {size} bytes: counting bits, words or one byte too many charges other gas."
            yield vm_draft(
                GROUP, f"exp-price-{size}-bytes-{label}", why, (rule_of("EXP"), "VM-exp-cost"), code
            )


def drafts(seed: int, count: int) -> Iterator[Draft]:
    """All cases of the group."""
    del seed, count
    yield from named()
    yield from grids()
    yield from exponent_prices()
    for name in ("EQ", "AND", "OR", "XOR"):
        code = asm(PATTERN, ROWS["DUP1"].name, name) + RETURN_TOP
        yield vm_draft(
            GROUP, f"{name.lower()}-with-itself", f"{name} of a word with itself.", (rule_of(name),), code
        )
