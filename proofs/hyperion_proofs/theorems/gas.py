"""Prices: memory, the 63/64 rule, storage and its refunds, and how the prices of gas and of blobs move."""

from collections.abc import Callable
from typing import Final

import attrs

from hyperion.execution import fees
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion.vm import gas
from hyperion_proofs.loops import Loop, loop_of
from hyperion_proofs.machines import UnknownMemory, grown
from hyperion_proofs.mutant import in_place, mutant
from hyperion_proofs.solve import ARITHMETIC, CVC5_INTEGERS
from hyperion_proofs.statement import Given, Statement, claim_equal, word
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

# --- memory ----------------------------------------------------------------------------------------------------------


def cost_is_exact(cost: Callable[[int], int]) -> Statement:
    """``cost - 3 w`` is the q with ``512 q <= w² < 512 (q + 1)``."""

    def statement(given: Given) -> None:
        words = given.integer("words", 0)
        found = cost(words)
        quadratic = found - 3 * words
        given.note("cost", found)
        given.claim("the quadratic part is not too large", 512 * quadratic <= words * words)
        given.claim("nor too small", words * words < 512 * (quadratic + 1))

    return statement


def cost_is_monotone(given: Given) -> None:
    """More words cost more: each adds 3 at least."""
    words, more = given.integer("words", 0), given.integer("more words", 0)
    lower, higher = gas.memory_cost(words), gas.memory_cost(words + more)
    given.note("costs", (lower, higher))
    given.claim("costs more", higher >= lower + 3 * more)


MEMORY_COST: Final = Theorem(
    "GAS-memory-cost",
    "Memory of w words costs exactly 3 w + ⌊w² / 512⌋, and each further word costs 3 at least, for every w.",
    ("VM-memory-cost",),
    Kind.PATHS,
    (
        Obligation("exact", cost_is_exact(gas.memory_cost), ARITHMETIC),
        Obligation("monotone", cost_is_monotone, ARITHMETIC),
    ),
    (
        Control(
            "a divisor of 511 words",
            Obligation("exact", cost_is_exact(lambda words: 3 * words + words * words // 511), ARITHMETIC),
        ),
        Control(
            "the quadratic part taken off",
            Obligation(
                "monotone", cost_is_monotone, ARITHMETIC,
                ideals=lambda: (in_place(gas.memory_cost, "MEMORY_WORD * word_count +", "MEMORY_WORD * word_count -"),),
            ),
        ),
    ),
    "w is any natural number",
    fast=True,
)  # fmt: skip


def memory_size(given: Given) -> int:
    """The size of a memory: whole words."""
    return 32 * given.integer("words of memory", 0)


def expansion_is_exact(cost: Callable[[int, int, int], int]) -> Statement:
    """The cost of growing is the difference of the costs, never negative."""

    def statement(given: Given) -> None:
        size = memory_size(given)
        offset, length = word(given, "offset"), word(given, "length")
        found = cost(size, offset, length)
        after = grown(size, offset, length)
        claim_equal(given, "cost of growing", found, gas.memory_cost(after // 32) - gas.memory_cost(size // 32))
        given.claim("not negative", found >= 0)
        given.claim("3 a word at least", 32 * found >= 3 * (after - size))

    return statement


def expansion_is_additive(given: Given) -> None:
    """Growing twice costs what growing once to the larger size costs."""
    size = memory_size(given)
    offset, length = word(given, "offset"), word(given, "length")
    then, more = word(given, "second offset"), word(given, "second length")
    middle = grown(size, offset, length)
    end = grown(middle, then, more)
    both = gas.expansion_cost(size, offset, length) + gas.expansion_cost(middle, then, more)
    claim_equal(given, "cost of both", both, gas.memory_cost(end // 32) - gas.memory_cost(size // 32))


def touching_grows(given: Given) -> None:
    """The model's ``touch`` grows a memory to the size of which the cost speaks."""
    size = memory_size(given)
    offset, length = word(given, "offset"), word(given, "length")
    claim_equal(given, "size", UnknownMemory(given, size).touch(offset, length).size, grown(size, offset, length))


def farther_counts(given: Given) -> None:
    """Two ranges cost what growing to hold both costs, in either order."""
    size = memory_size(given)
    offset, length = word(given, "offset"), word(given, "length")
    then, more = word(given, "second offset"), word(given, "second length")
    found = gas.expansion_cost_of_both(size, (offset, length), (then, more))
    one_by_one = gas.expansion_cost(size, offset, length) + gas.expansion_cost(grown(size, offset, length), then, more)
    claim_equal(given, "cost of both", found, one_by_one)


MEMORY_EXPANSION: Final = Theorem(
    "GAS-memory-expansion",
    "Growing memory costs the difference of the costs of its sizes: never negative, and additive over any two ranges.",
    ("VM-memory-expansion",),
    Kind.PATHS,
    (
        Obligation("exact", expansion_is_exact(gas.expansion_cost), ARITHMETIC),
        Obligation("additive", expansion_is_additive, ARITHMETIC),
        Obligation("touching grows to that size", touching_grows, ARITHMETIC),
        Obligation("the farther of two ranges counts", farther_counts, (CVC5_INTEGERS, *ARITHMETIC)),
    ),
    (
        Control(
            "touching no byte far away grows memory",
            Obligation(
                "exact", expansion_is_exact(mutant(gas.expansion_cost, "length == 0 or ", "")), ARITHMETIC
            ),
        ),
        Control(
            "words rounded down",
            Obligation(
                "additive", expansion_is_additive, ARITHMETIC,
                ideals=lambda: (in_place(gas.words, "(size + 31) // 32", "size // 32"),),
            ),
        ),
        Control(
            "both ranges paid",
            Obligation(
                "both", farther_counts, ARITHMETIC,
                ideals=lambda: (
                    in_place(
                        gas.expansion_cost_of_both, "max(expansion_cost(size, *first), expansion_cost(size, *second))",
                        "expansion_cost(size, *first) + expansion_cost(size, *second)",
                    ),
                ),
            ),
        ),
    ),
    "memory has any number of whole words, ranges any words as offset and length",
    fast=True,
)  # fmt: skip


# --- forwarding, exponents -------------------------------------------------------------------------------------------


def forwards(function: Callable[[int], int]) -> Statement:
    """The caller keeps the k with ``64 k <= gas < 64 (k + 1)``."""

    def statement(given: Given) -> None:
        left = given.integer("gas", 0)
        forwarded = function(left)
        kept = left - forwarded
        given.note("forwarded", forwarded)
        given.claim("nothing is made up", all_of(forwarded >= 0, forwarded <= left))
        given.claim("a 64th is kept", 64 * (kept + 1) > left)
        given.claim("no more is", 64 * kept <= left)

    return statement


FORWARDED: Final = Theorem(
    "GAS-63-64",
    "Of any gas, a caller keeps one 64th rounded down and can forward the rest.",
    ("VM-63-64",),
    Kind.PATHS,
    (Obligation("forwards", forwards(gas.max_forwarded), ARITHMETIC),),
    (Control("one 63rd", Obligation("forwards", forwards(mutant(gas.max_forwarded, "// 64", "// 63")), ARITHMETIC)),),
    "gas is any natural number",
    fast=True,
)


def exponent_is_paid_by_the_byte(cost: Callable[[int], int]) -> Statement:
    """50 for each of the n bytes with ``256**(n - 1) <= exponent < 256**n``."""

    def statement(given: Given) -> None:
        exponent = word(given, "exponent")
        found = cost(exponent)
        given.note("cost", found)
        if exponent == 0:
            given.claim("nothing for 0", found == 0)
            return
        for size in range(1, 33):
            if exponent < 256**size:
                given.claim("50 a byte", found == 50 * size)
                return

    return statement


EXPONENT: Final = Theorem(
    "GAS-exp",
    "EXP pays 50 gas for each byte of its exponent, the leading zero bytes left out, on all words.",
    ("VM-exp-cost",),
    Kind.PATHS,
    (Obligation("by the byte", exponent_is_paid_by_the_byte(gas.exponent_cost), prune=False),),
    (
        Control(
            "bytes rounded down",
            Obligation(
                "by the byte", exponent_is_paid_by_the_byte(mutant(gas.exponent_cost, "+ 7", "+ 6")), prune=False
            ),
        ),
    ),
    "the exponent is any word",
    fast=True,
)


# --- storage ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class Row:
    """A row of the table of EIP-2200 with the amounts of EIP-2929 and EIP-3529: when it applies, price and refund."""

    applies: Callable[[int, int, int], bool]
    """Of original, current and new word."""
    cost: int
    refund: int


TABLE: Final = (
    Row(lambda o, c, n: c == n, 100, 0),
    Row(lambda o, c, n: all_of(c != n, o == c, o == 0), 20_000, 0),
    Row(lambda o, c, n: all_of(c != n, o == c, o != 0, n == 0), 2_900, 4_800),
    Row(lambda o, c, n: all_of(c != n, o == c, o != 0, n != 0), 2_900, 0),
    Row(lambda o, c, n: all_of(c != n, o != c, o == 0, n == 0), 100, 19_900),
    Row(lambda o, c, n: all_of(c != n, o != c, o == 0, n != 0), 100, 0),
    Row(lambda o, c, n: all_of(c != n, o != 0, c == 0, n == o), 100, 2_800 - 4_800),
    Row(lambda o, c, n: all_of(c != n, o != 0, c == 0, n != o), 100, -4_800),
    Row(lambda o, c, n: all_of(c != n, o != c, o != 0, c != 0, n == 0), 100, 4_800),
    Row(lambda o, c, n: all_of(c != n, o != c, o != 0, c != 0, n == o), 100, 2_800),
    Row(lambda o, c, n: all_of(c != n, o != c, o != 0, c != 0, n != 0, n != o), 100, 0),
)


def follows_table(table: tuple[Row, ...]) -> Statement:
    """Exactly one row applies, and cost and refund are its."""

    def statement(given: Given) -> None:
        original, current, new = (word(given, name) for name in ("original", "current", "new"))
        cost, refund = gas.storage_cost(original, current, new), gas.storage_refund(original, current, new)
        given.note("cost and refund", (cost, refund))
        applies = [row.applies(original, current, new) for row in table]
        given.claim("a row applies", any_of(*applies))
        for index, row in enumerate(table):
            given.claim(f"row {index + 1}: cost", implies(applies[index], cost == row.cost))
            given.claim(f"row {index + 1}: refund", implies(applies[index], refund == row.refund))
            for other in range(index):
                given.claim(f"rows {other + 1} and {index + 1} exclude each other", negation(
                    all_of(applies[index], applies[other])
                ))  # fmt: skip

    return statement


STORAGE_TABLE: Final = Theorem(
    "GAS-sstore-table",
    "Price and refund of SSTORE are those of the one row of EIP-2200's table that applies; exactly one does, always.",
    ("VM-sstore-cost", "VM-sstore-refund"),
    Kind.PATHS,
    (Obligation("table", follows_table(TABLE), ARITHMETIC),),
    (
        Control("a table without its last row", Obligation("table", follows_table(TABLE[:-1]), ARITHMETIC)),
        Control(
            "a reset that costs as much as a set",
            Obligation(
                "table", follows_table(TABLE), ARITHMETIC,
                ideals=lambda: (
                    in_place(gas.storage_cost, "STORAGE_SET if original == 0 else STORAGE_RESET", "STORAGE_SET"),
                ),
            ),
        ),
        Control(
            "a refund that is not taken back",
            Obligation(
                "table", follows_table(TABLE), ARITHMETIC,
                ideals=lambda: (
                    in_place(gas.storage_refund, "refund = refund - STORAGE_CLEAR_REFUND", "refund = refund"),
                ),
            ),
        ),
    ),
    "original, current and new are any words",
    fast=True,
)  # fmt: skip


def least_refund(original: int, current: int) -> int:
    """What has been refunded for a slot at least, when its word is ``current``."""
    return 4_800 if original != 0 and current == 0 else 0


def least_paid(original: int, current: int) -> int:
    """What has been paid for writes to a slot at least, refunds taken off, when its word is ``current``."""
    if original == current:
        return 0
    if original == 0:
        return 20_000
    return -1_900 if current == 0 else 2_900


def refunds_are_bounded(refund: Callable[[int, int, int], int]) -> Statement:
    """A write keeps both bounds: refunds of a slot add up to no less than 0, payments to no less than −1,900."""

    def statement(given: Given) -> None:
        original, current, new = (word(given, name) for name in ("original", "current", "new"))
        refunded, paid = given.integer("refunded"), given.integer("paid")
        given.assume(refunded >= least_refund(original, current))
        given.assume(paid - refunded >= least_paid(original, current))
        refunded = refunded + refund(original, current, new)
        paid = paid + gas.storage_cost(original, current, new)
        given.note("refunded, paid afterwards", (refunded, paid))
        given.claim("refunds stay bounded", refunded >= least_refund(original, new))
        given.claim("payments stay bounded", paid - refunded >= least_paid(original, new))
        given.claim("refunds are not negative", refunded >= 0)
        given.claim("with the cold access, at least 200 is paid", paid - refunded + gas.COLD_STORAGE_ACCESS >= 200)

    return statement


def bounds_hold_at_first(given: Given) -> None:
    """Nothing paid, nothing refunded, the word is the original one."""
    original = word(given, "original")
    given.claim("refunds", least_refund(original, original) == 0)
    given.claim("payments", least_paid(original, original) == 0)


REFUND_BOUND: Final = Theorem(
    "GAS-sstore-refund-bound",
    "Over any sequence of writes to a slot in a transaction, refunds add up to 0 at least, and what is paid, the cold "
    "access included, exceeds them by 200 at least: no sequence of writes earns gas.",
    ("VM-sstore-cost", "VM-sstore-refund"),
    Kind.INDUCTION,
    (
        Obligation("at first", bounds_hold_at_first, ARITHMETIC),
        Obligation("a write keeps the bounds", refunds_are_bounded(gas.storage_refund), ARITHMETIC),
    ),
    (
        Control(
            "clearing refunds 15,000 as before EIP-3529",
            Obligation(
                "a write",
                refunds_are_bounded(
                    mutant(gas.storage_refund, "refund = refund + STORAGE_CLEAR_REFUND", "refund = refund + 15_000")
                ),
                ARITHMETIC,
            ),
        ),
        Control(
            "the refund for clearing is taken back twice",
            Obligation(
                "a write",
                refunds_are_bounded(
                    mutant(
                        gas.storage_refund, "refund = refund - STORAGE_CLEAR_REFUND",
                        "refund = refund - 2 * STORAGE_CLEAR_REFUND",
                    )
                ),
                ARITHMETIC,
            ),
        ),
    ),
    "the writes are to one slot, whose first access in the transaction is cold",
    argument="Induction on the number of writes, with the bounds by state of the slot as invariant.",
    fast=True,
)  # fmt: skip


# --- the price of gas ------------------------------------------------------------------------------------------------


def base_fee_moves(next_base_fee: Callable[[int, int, int], int], most_used: Callable[[int, int], int]) -> Statement:
    """The change has the sign of the distance from the target and is an eighth at most; a rise is 1 at least."""

    def statement(given: Given) -> None:
        limit, fee = given.integer("gas limit", 2), given.integer("base fee", 0)
        used = given.integer("gas used", 0)
        target = limit // 2
        given.assume(used <= most_used(limit, target))
        for label, distance in (("above", used - target), ("below", target - used)):
            possible = all_of(distance >= 0, distance <= target)
            given.lemma(f"part of a product, {label} the target", implies(possible, fee * distance <= fee * target))
            given.lemma(f"a distance {label} counts in part", implies(possible, fee * distance // target <= fee))
        found = next_base_fee(limit, used, fee)
        given.note("next base fee", found)
        given.claim("not negative", found >= 0)
        given.claim("stays at the target", implies(used == target, found == fee))
        given.claim("rises above it", implies(used > target, found >= fee + 1))
        given.claim("does not rise below it", implies(used < target, found <= fee))
        given.claim("rises by an eighth or 1", any_of(found <= fee + fee // 8, found == fee + 1))
        given.claim("falls by an eighth", found >= fee - fee // 8)

    return statement


BASE_FEE: Final = Theorem(
    "GAS-base-fee",
    "The base fee stays at the target, rises above it by 1 at least, falls or stays below it, and changes by an eighth "
    "at most, or by 1.",
    ("EXE-base-fee",),
    Kind.PATHS,
    (
        Obligation("bounds", base_fee_moves(fees.next_base_fee, lambda limit, target: 2 * target), ARITHMETIC),
    ),
    (
        Control(
            "the gas limit may be odd and used up",
            Obligation("bounds", base_fee_moves(fees.next_base_fee, lambda limit, target: limit), ARITHMETIC),
        ),
        Control(
            "a rise may be 0",
            Obligation(
                "bounds",
                base_fee_moves(
                    mutant(fees.next_base_fee, "max(rise, 1)", "rise"), lambda limit, target: 2 * target
                ),
                ARITHMETIC,
            ),
        ),
    ),
    "the gas limit is 2 at least, gas used is at most twice the target (the gas limit, if that is even)",
    fast=True,
)  # fmt: skip


# --- the price of blobs ----------------------------------------------------------------------------------------------

def states(given: Given) -> tuple[dict[str, int], dict[str, int]]:
    """Two runs of the loop in step, for a smaller and a larger excess, as the invariant relates them."""
    factor, denominator, index = given.integer("factor", 0), given.integer("denominator", 1), given.integer("index", 1)
    lower = {"factor": factor, "denominator": denominator, "index": index}
    higher = dict(lower)
    for name, low in (("numerator", 0), ("total", 0), ("term", 0)):
        lower[name] = given.integer(f"lower {name}", low)
        higher[name] = lower[name] + given.integer(f"excess of {name}", 0)
    return lower, higher


def in_order(given: Given, lower: dict[str, int], higher: dict[str, int]) -> None:
    """The invariant."""
    given.note("terms", (lower["term"], higher["term"]))
    given.note("totals", (lower["total"], higher["total"]))
    given.claim("terms are in order", all_of(lower["term"] >= 0, lower["term"] <= higher["term"]))
    given.claim("totals are in order", all_of(lower["total"] >= 0, lower["total"] <= higher["total"]))
    given.claim("the index grows", lower["index"] >= 1)


def series_starts(make: Callable[[], Loop]) -> Statement:
    """Both runs begin alike."""

    def statement(given: Given) -> None:
        loop = make()
        factor, numerator, more = given.integer("factor", 0), given.integer("numerator", 0), given.integer("more", 0)
        denominator = given.integer("denominator", 1)
        arguments = {"factor": factor, "denominator": denominator}
        lower = dict(loop.start({**arguments, "numerator": numerator}))
        higher = dict(loop.start({**arguments, "numerator": numerator + more}))
        in_order(given, lower, higher)
        given.claim("in step", lower["index"] == higher["index"])

    return statement


def series_goes_on(make: Callable[[], Loop]) -> Statement:
    """A turn of both, or of the higher one alone when the lower one has ended, keeps the order."""

    def statement(given: Given) -> None:
        loop = make()
        lower, higher = states(given)
        divisor = lower["denominator"] * lower["index"]
        first, second = lower["term"] * lower["numerator"], higher["term"] * higher["numerator"]
        given.lemma("products are in order", first <= second)
        given.lemma("quotients are in order", all_of(first // divisor >= 0, first // divisor <= second // divisor))
        if loop.test(lower):
            given.claim("the higher one has not ended", loop.test(higher))
            lower = dict(loop.body(lower))
            higher = dict(loop.body(higher))
            given.claim("in step", lower["index"] == higher["index"])
            in_order(given, lower, higher)
        elif loop.test(higher):
            given.claim("the lower term is 0", lower["term"] == 0)
            higher = dict(loop.body(higher))
            in_order(given, lower, higher)
        else:
            given.claim("results in order", loop.end(lower) <= loop.end(higher))

    return statement




def series() -> Loop:
    """The loop of the model's series."""
    return loop_of(fees.fake_exponential)


def series_with_a_loss() -> Loop:
    """The same, but each term is taken off the total."""
    loop = series()
    return attrs.evolve(loop, body=lambda state: {**loop.body(state), "total": state["total"] - state["term"]})


BLOB_FEE: Final = Theorem(
    "GAS-blob-fee-monotone",
    "The price of blob gas does not fall when the excess of blob gas rises, whatever the update fraction.",
    ("EXE-blob-base-fee",),
    Kind.INDUCTION,
    (
        Obligation("both runs begin in order", series_starts(series), ARITHMETIC),
        Obligation("a turn keeps the order", series_goes_on(series), ARITHMETIC),
    ),
    (
        Control(
            "every second term is taken off, as in the series of a falling exponential",
            Obligation(
                "a turn",
                series_goes_on(series_with_a_loss),
                ARITHMETIC,
            ),
        ),
    ),
    "the excess is any natural number, the update fraction any positive one",
    argument=(
        "Two runs of the loop, for a smaller and a larger excess, are compared turn by turn: terms and totals stay in "
        "order (induction on the turns), so when both have ended the results are in order."
    ),
    fast=True,
)  # fmt: skip

THEOREMS: Final = (
    MEMORY_COST, MEMORY_EXPANSION, FORWARDED, EXPONENT, STORAGE_TABLE, REFUND_BOUND, BASE_FEE, BLOB_FEE,
)  # fmt: skip
