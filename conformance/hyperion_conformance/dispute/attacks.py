"""The attack gallery: named adversaries, each for any heights of levels, from one number that varies it."""

from collections.abc import Callable
from typing import Final, TypeAlias

from hyperion_conformance.dispute.arena import START, Adversary
from hyperion_conformance.dispute.hostile import (
    ForksEverywhere,
    Freeloader,
    FrontRunner,
    Griefer,
    Latecomer,
    Malformer,
    Silent,
    Staller,
    Thief,
    ThiefOfTime,
)
from hyperion_conformance.dispute.players import Defender
from hyperion_conformance.dispute.worlds import Trace, parameters, wrong_from

Heights: TypeAlias = tuple[int, ...]
EVE: Final = 66
MALLORY: Final = 77


def length(heights: Heights) -> int:
    """Steps of the machine in the contested span."""
    return int(2 ** sum(heights))


def step_of(heights: Heights, seed: int) -> int:
    """A step of the machine, from 1 on."""
    return seed % length(heights) + 1


def wrong_root(heights: Heights, seed: int) -> Adversary:
    """Only the last state is false."""
    trace = wrong_from(length(heights))
    return Adversary((Defender(EVE, trace),), (trace,))


def wrong_from_step(heights: Heights, seed: int) -> Adversary:
    """All states from some step on are false."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Defender(EVE, trace),), (trace,))


def forks_everywhere(heights: Heights, seed: int) -> Adversary:
    """A false trace for each of up to eight steps, all of one player, all at once."""
    steps = sorted({step_of(heights, seed + length(heights) * part // 8) for part in range(8)})
    traces = tuple(wrong_from(at, label) for label, at in enumerate(steps, 1))
    return Adversary((ForksEverywhere(EVE, traces),), traces)


def stalls(heights: Heights, seed: int) -> Adversary:
    """Waits before each move for a time that is up to the threshold."""
    trace, rules = wrong_from(step_of(heights, seed)), parameters(heights)
    return Adversary((Staller(EVE, trace, patience=seed * 7 % rules.threshold),), (trace,))


def stalls_to_the_last_second(heights: Heights, seed: int) -> Adversary:
    """Keeps still until the other side has all but won, then moves at once."""
    trace, rules = wrong_from(step_of(heights, seed)), parameters(heights)
    return Adversary((Latecomer(EVE, trace, wakes=START + rules.threshold - 1 - seed % 13),), (trace,))


def freeloads(heights: Heights, seed: int) -> Adversary:
    """Beside a false player, somebody makes the honest moves that cost no stake, to be paid for them."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Freeloader(MALLORY), Defender(EVE, trace)), (trace,))


def front_runs(heights: Heights, seed: int) -> Adversary:
    """Makes all honest moves before the honest player does, and false ones too."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((FrontRunner(EVE, lie=trace),), (trace,))


def colludes(heights: Heights, seed: int) -> Adversary:
    """Two players with the same lie, who deny each other from a later step on, so that one of them seems right."""
    first = step_of(heights, seed)
    later = min(first + 1 + seed % 3, length(heights))
    one, two = Trace(((first, 1),)), Trace(((first, 1), (later, 2)))
    return Adversary((Defender(EVE, one), Defender(MALLORY, two)), (one, two))


def malforms(heights: Heights, seed: int) -> Adversary:
    """Junk for proofs, and true witnesses for false steps."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Malformer(EVE, trace), Defender(MALLORY, trace)), (trace,))


def griefs(heights: Heights, seed: int) -> Adversary:
    """Every update and confirmation that can be asked for, on every edge, in every block."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Griefer(EVE, trace),), (trace,))


def steals(heights: Heights, seed: int) -> Adversary:
    """Asks for all refunds and reimbursements, of everybody, at all times."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Thief(EVE, trace),), (trace,))


def steals_time(heights: Heights, seed: int) -> Adversary:
    """Tries to have false steps credited the refinements of their true rivals."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((ThiefOfTime(EVE, trace),), (trace,))


def is_silent(heights: Heights, seed: int) -> Adversary:
    """A false assertion that nobody defends."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Silent(EVE, trace),), (trace,), honest_first=bool(seed % 2))


def is_a_wolf(heights: Heights, seed: int) -> Adversary:
    """A false history inside a step whose ends are right: it stands for the honest player's own edge."""
    width = length(heights[1:])
    base = (seed % 2 ** heights[0]) * width
    inside = Trace(((base + 1, 1), (base + width, 0))) if width > 1 else wrong_from(base + 1)
    lie = wrong_from(base + width, 2)
    return Adversary((Defender(EVE, lie), Defender(MALLORY, inside)), (lie,))


def leans_on_the_first(heights: Heights, seed: int) -> Adversary:
    """Denies the true assertion when it has all but won, and stands for it with a false history that ends alike.

    If the time of the assertion were credited to its roots, the false root would win before the true one is there.
    """
    wolf, lie = Trace(((1, 3), (length(heights), 0))), wrong_from(step_of(heights, seed), 2)
    late = (parameters(heights).threshold - 1) // parameters(heights).slot
    return Adversary((Defender(MALLORY, wolf), Defender(EVE, lie)), (lie,), asserts_at=late, honest_first=True)


def denies_the_first(heights: Heights, seed: int) -> Adversary:
    """The true assertion was first, the false one is made in the same block."""
    trace = wrong_from(step_of(heights, seed))
    return Adversary((Defender(EVE, trace),), (trace,), honest_first=True)


Attack: TypeAlias = Callable[[Heights, int], Adversary]

ATTACKS: Final[dict[str, Attack]] = {
    attack.__name__: attack
    for attack in (
        wrong_root,
        wrong_from_step,
        forks_everywhere,
        stalls,
        stalls_to_the_last_second,
        freeloads,
        front_runs,
        colludes,
        malforms,
        griefs,
        steals,
        steals_time,
        is_silent,
        is_a_wolf,
        leans_on_the_first,
        denies_the_first,
    )
}
"""Who attacks in the game. Sybils, censors and reorganisations are combined with these by the tests."""


def sybils(heights: Heights, count: int) -> Adversary:
    """As many players as asked for, each with an assertion, a stake and a lie of its own."""
    spread = max(1, length(heights) // (count + 1))
    traces = [wrong_from(1 + (spread * number) % length(heights), label=number + 1) for number in range(count)]
    return Adversary(
        tuple(Defender(1_000 + n, trace, counts_every=16) for n, trace in enumerate(traces)), tuple(traces)
    )
