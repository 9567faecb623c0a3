"""Cases of ``stm.block`` and ``stm.steps``: blocks that make every path of Block-STM happen, and deadly schedules."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final, Literal

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
from hyperion_conformance.exploration.mutants import VARIANTS
from hyperion_conformance.exploration.workloads import WORKLOADS, block_of
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.stm.compiler import contract_json
from hyperion_conformance.stm.kills import Killing, kills
from hyperion_conformance.stm.programs import block_json
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"

WHY: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "counter": (("STM-serial", "STM-validate-reads"), "Every transaction depends on the one before: a lost update."),
    "chain": (("STM-serial", "STM-abort-wave"), "Each reads what the one before wrote: an abort must reach the last."),
    "branch": (("STM-serial", "STM-validate-again"), "What is read and written depends on a value: new locations."),
    "remove": (("STM-serial", "STM-remove-stale"), "A doomed incarnation writes what its successor does not."),
    "hole": (("STM-serial", "STM-remove-stale"), "A successor writes nothing: the mark of the doomed one must go."),
    "twice": (("STM-serial", "STM-record-reads"), "A location is read twice: both reads must agree at the end."),
    "aba": (("STM-serial", "STM-record-reads"), "A location comes and goes between two reads of it."),
    "delta": (("STM-serial", "STM-read"), "Additions without reads, whose amounts depend on a value."),
    "layers": (("STM-serial", "STM-valid-read"), "An addition upon an addition: the lower one may change."),
    "stale": (("STM-serial", "STM-schedule"), "A transaction fails on what it must not have read."),
    "gas": (("STM-serial", "STM-schedule"), "All use up one quantity; it is not enough for the last."),
}


def blocks(seed: int, count: int) -> Iterator[Draft]:
    """Each workload with few and with many transactions, what expressions can do, and random blocks."""
    for workload in WORKLOADS:
        for size in (2, 3, 4, 12):
            rules, why = WHY[workload]
            yield case("workloads", f"{workload}-{size}", rules, why, block_of(workload, size))
    yield from corners()
    for index in range(min(count, MOST_RANDOM)):
        draw = Draw(seed, "stm", index)
        why = "A random block: few locations, so that transactions meet."
        yield case("random", f"block-{index:03}", ("STM-serial", "STM-schedule"), why, random_block(draw))


MOST_RANDOM: Final = 60


def case(group: str, slug: str, rules: tuple[str, ...], why: str, block: Trees) -> Draft:
    """A case of stm.block."""
    return Draft("stm.block", group, slug, rules, why, FORK, contract_json(block))


def corners() -> Iterator[Draft]:
    """What a program may do with its own writes, with reverts, and with numbers."""
    zero, one, x = Constant(0), Constant(1), Name("x")
    rules = ("STM-serial",)
    own = Write("a", one, Add("a", 2, ReadInto("a", "x", Write("b", x, Stop(x)))))
    yield case("programs", "own-write-is-read", rules, "One reads one's own write, additions included.", Trees((own,)))
    blind = Add("a", 5, ReadInto("a", "x", Write("b", x, Stop(x))))
    text = "One's own addition counts in what one reads."
    yield case("programs", "own-addition-is-read", rules, text, Trees((Write("a", one, Stop()), blind)))
    undone = Write("a", Constant(9), Add("b", 9, Revert()))
    after = ReadInto("a", "x", ReadInto("b", "y", Stop(Operation("+", x, Name("y")))))
    text = "A reverted transaction leaves nothing."
    yield case("programs", "revert-leaves-nothing", rules, text, Trees((undone, after), (("a", 1), ("b", 1))))
    for operator, name in SLUGS.items():
        for left, right in ((7, 3), (-7, 3), (7, -3), (-7, 0)):
            value = Operation(operator, Constant(left), Constant(right))
            slug = f"{name}-of-{left}-and-{right}".replace("--", "-minus-")
            text = "Signed integers; a remainder is not negative, and a modulus below 1 counts as 1."
            yield case("programs", slug, rules, text, Trees((Write("a", value, Stop(value)),)))
    same = ReadInto("a", "x", Write("a", x, Stop(x)))
    text = "To write what was there is a read in the access list."
    yield case("programs", "write-of-the-same-is-no-change", rules, text, Trees((same, same), (("a", 4),)))
    yield case("programs", "unknown-name-is-zero", rules, "A name never read is 0.", Trees((Stop(Name("q")),)))
    yield case("programs", "no-transactions", rules, "A block may be empty.", Trees((), (("a", 1),)))
    low = Branch("<", x, zero, Write("b", one, Stop()), Require("b", 1, Stop()))
    text = "Comparisons are signed."
    yield case("programs", "signed-comparison", rules, text, Trees((ReadInto("a", "x", low),), (("a", -1),)))


SLUGS: Final[Mapping[Literal["+", "-", "*", "%"], str]] = {
    "+": "sum", "-": "difference", "*": "product", "%": "remainder",
}  # fmt: skip


# --- random blocks ---------------------------------------------------------------------------------------------------

LOCATIONS: Final = ("a", "b", "c", "d")
OPERATORS: Final[tuple[Literal["+", "-", "%"], ...]] = ("+", "-", "%")
COMPARISONS: Final[tuple[Literal["==", "<", "<="], ...]] = ("==", "<", "<=")


def random_block(draw: Draw) -> Trees:
    """A block of up to ten transactions over four locations."""
    before = tuple((location, draw.below(9) - 2) for location in LOCATIONS if draw.below(2))
    return Trees(tuple(random_tree(draw, 2 + draw.below(4)) for _ in range(2 + draw.below(9))), before)


def random_expression(draw: Draw) -> Expression:
    """A number, a name, or one operation on two of them."""
    leaf: tuple[Expression, ...] = (Name("x"), Name("y"), Constant(draw.below(7) - 2))
    if draw.below(2):
        return draw.one_of(leaf)
    return Operation(draw.one_of(OPERATORS), draw.one_of(leaf), draw.one_of(leaf))


def random_tree(draw: Draw, steps: int) -> Tree:
    """A program of some steps."""
    if steps == 0:
        return Revert() if draw.below(8) == 0 else Stop(random_expression(draw))
    then, location = random_tree(draw, steps - 1), draw.one_of(LOCATIONS)
    match draw.below(8):
        case 0 | 1 | 2:
            return ReadInto(location, draw.one_of(("x", "y")), then)
        case 3 | 4:
            return Write(location, random_expression(draw), then)
        case 5:
            return Add(location, draw.below(9) - 3, then)
        case 6:
            return Require(location, draw.below(3) - 1, then)
        case _:
            left, right = random_expression(draw), random_expression(draw)
            return Branch(draw.one_of(COMPARISONS), left, right, then, random_tree(draw, steps - 1))


# --- schedules -------------------------------------------------------------------------------------------------------


def schedules(seed: int, count: int) -> Iterator[Draft]:
    """For each unsound variant the shortest schedules that show it, run by the algorithm as it should be."""
    del seed, count
    for kill in kills():
        why = f"Shows an engine in which {VARIANTS[kill.variant].what}."
        rules = ("STM-schedule", "STM-atomic")
        yield Draft("stm.steps", kill.by, kill.variant, rules, why, FORK, session_input(kill))


def session_input(kill: Killing) -> dict[str, Json]:
    """The session of a kill: its schedule, and every stretch of one worker's steps as one event."""
    events: list[Json] = [
        {"worker": str(worker), "steps": str(len([*steps]))} for worker, steps in groupby(kill.turns)
    ]
    return {"open": {**block_json(kill.block), "workers": str(kill.workers)}, "events": events}
