"""Cases of ``seq.schedule``: published tables, ties, periods, rounds, slots by rounding, what makes no schedule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hyperion_conformance.seq.schedule import Asked, Case, input_of
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
MOST: Final = 4_096
MOST_RANDOM: Final = 60
TOKEN: Final = 10**18

TABLES: Final[Mapping[str, tuple[tuple[int, ...], str]]] = {
    "published-three": ((300, 330, 1000), "The table of 99 proposers that CometBFT publishes."),
    "published-two": ((1, 3), "The table of priorities in CometBFT's document on proposer selection."),
    "published-counts": ((4, 5, 3), "CometBFT's test counts 40, 50 and 30 of 120."),
    "published-equal": ((100, 100, 100), "Among equals the lower address leads first."),
    "published-once": ((100, 100, 400), "Not enough stake to lead twice in a row."),
    "published-twice": ((100, 100, 401), "One unit more, and it leads twice in a row."),
    "one": ((7,), "A set of one: it always leads."),
    "dwarf": ((1, 1000), "A dwarf leads once in a period, not at its beginning."),
    "dwarf-first": ((1, 1, 1, 97), "Dwarfs with the lower addresses."),
    "ties": ((2, 2, 2, 3, 3), "Equal priorities occur often: each tie is the lower address's."),
    "powers": ((1, 2, 4, 8, 16, 32), "Weights far apart."),
    "full": (tuple(range(100, 121)), "As many validators as a set may have."),
}
ROUNDED: Final[Mapping[str, tuple[tuple[int, ...], int]]] = {
    "exact-at-the-limit": ((MOST - 1, 1), MOST),
    "one-above-the-limit": ((MOST, 1), MOST),
    "dwarf-below-one-slot": ((1, 10**9), MOST),
    "common-divisor": ((20_000 * TOKEN, 60_000 * TOKEN), MOST),
    "no-common-divisor": ((20_000 * TOKEN + 1, 60_000 * TOKEN), MOST),
    "few-slots": ((5, 7, 11, 13), 8),
    "slots-for-each": ((5, 7, 11, 13), 4),
}


def seats_of(weights: Sequence[int]) -> tuple[tuple[bytes, int], ...]:
    """Validators whose addresses grow."""
    return tuple((bytes([0x10 + index]) * 20, weight) for index, weight in enumerate(weights))


def case(group: str, slug: str, rules: tuple[str, ...], why: str, given: Case) -> Draft:
    """A draft."""
    return Draft("seq.schedule", group, slug, rules, why, FORK, input_of(given))


def along(first: int, count: int) -> tuple[Asked, ...]:
    """Round 0 of each of so many heights."""
    return tuple(Asked(first + index, 0) for index in range(count))


def schedules(seed: int, count: int) -> Iterator[Draft]:
    """All cases."""
    for name, (weights, why) in TABLES.items():
        yield case("tables", name, ("SEQ-elect", "SEQ-period"), why, Case(1, MOST, seats_of(weights), along(1, 120)))
    for name, (weights, most) in ROUNDED.items():
        why = "Stakes become slots: exactly where the period allows it, else rounded down, one at least."
        yield case("slots", name, ("SEQ-slots",), why, Case(0, most, seats_of(weights), along(0, 40)))
    yield from places()
    yield from refusals()
    for index in range(min(count, MOST_RANDOM)):
        draw = Draw(seed, "seq.schedule", index)
        why = "Random weights, heights and rounds."
        yield case("random", f"set-{index:03}", ("SEQ-leader", "SEQ-elect"), why, random_case(draw))


def places() -> Iterator[Draft]:
    """Heights and rounds."""
    seats, first = seats_of((3, 5, 6)), 1_000
    rounds = tuple(Asked(first + height, round) for height in range(4) for round in range(8))
    why = "A round is an election further; rounds of one height do not move the next height's leader."
    yield case("places", "rounds", ("SEQ-leader",), why, Case(first, MOST, seats, rounds))
    far = tuple(Asked(2**63 + step, round) for step in range(8) for round in (0, 13, 14, 2**32))
    why = "Far heights and rounds are asked at the cost of an index; whoever counts elections never ends."
    yield case("places", "far", ("SEQ-leader",), why, Case(5, MOST, seats, far))
    why = "Priorities start from zero in each epoch: the first height decides, not the height itself."
    yield case("places", "first-height", ("SEQ-leader", "SEQ-period"), why, Case(77, MOST, seats, along(77, 30)))


def refusals() -> Iterator[Draft]:
    """What makes no schedule."""
    pair = seats_of((1, 2))
    refused: Mapping[str, tuple[Sequence[tuple[bytes, int]], int, str]] = {
        "nobody": ((), MOST, "An empty set has no leader: it is refused, and crashes nobody."),
        "no-stake": (((b"\x10" * 20, 0),), MOST, "A validator without stake is in no set."),
        "unordered": (pair[::-1], MOST, "The order of a list must not decide a tie: only that of addresses is taken."),
        "twice": ((pair[0], pair[0]), MOST, "Nobody is in a set twice, beside itself or not."),
        "twice-apart": ((pair[0], pair[1], pair[0]), MOST, "Nobody is in a set twice, beside itself or not."),
        "too-few-slots": (pair, 1, "Each validator has a slot."),
    }
    for name, (seats, most, why) in refused.items():
        yield case("refused", name, ("SEQ-schedule-set",), why, Case(0, most, tuple(seats), (Asked(0, 0),)))


def random_case(draw: Draw) -> Case:
    """A set of up to 21 with weights of one of three kinds, and questions all over the epoch."""
    size, kind, first = 1 + draw.below(21), draw.below(3), draw.below(10**6)
    ends = (12, 1_000, 20_000 * TOKEN)
    weights = [1 + draw.below(ends[kind]) for _ in range(size)]
    questions = tuple(Asked(first + draw.below(10**4), draw.below(6)) for _ in range(40))
    return Case(first, MOST, seats_of(weights), questions)
