"""Parameters of the game, and the inequalities without which its claims do not hold.

Sources: the BoLD paper, theorem 1 (threshold) and §6 (stakes).
"""

from typing import Final

import attrs

from hyperion.rules import rule


@attrs.frozen
class Level:
    """One level of the game: histories of ``2**height`` steps, each refined to a history of the next level."""

    height: int
    """Binary logarithm of the steps in a history of this level."""
    stake: int
    """Deposit for an edge that opens this level, in wei."""
    reimbursement: int
    """What the maker of one useful edge of this level gets back from stakes that were lost, in wei; also the cap."""
    provable: bool
    """Whether a single step of this level may be decided by a one-step proof: so at the last level, and nowhere else.

    Where a step could be proved and refined too, a refuted step would go on earning time by a history below it, which
    nobody may deny any more: its rival is confirmed.
    """


@attrs.frozen
class Parameters:
    """A game's parameters. All times are in seconds of the L1's clock, all amounts in wei."""

    levels: tuple[Level, ...]
    threshold: int
    """T: unrivalled time that confirms an edge."""
    censorship: int
    """C_max: the most time in total for which an adversary keeps moves off the L1."""
    reaction: int
    """δ: the time from an event on the L1 to the inclusion of an honest answer, when nobody censors."""
    slot: int
    """The time between two L1 blocks: an answer counts from the block after the event at the earliest."""
    cost_of_move: int
    """The most that one move costs its maker, one-step proof and timer update included."""
    resource_ratio: int
    """ρ: what an adversary loses for each wei that honest players spend on it, in percent."""

    @property
    def moves(self) -> int:
        """The moves from a false assertion to a proof: the true assertion, L roots, every cut, the proof."""
        return sum(level.height for level in self.levels) + len(self.levels) + 2

    @property
    def updates(self) -> int:
        """The timer updates that carry what the last of these moves earned back to the root, one after another."""
        return sum(level.height for level in self.levels) + len(self.levels)

    @property
    def late(self) -> int:
        """The most time on a path for which no honest edge stands unrivalled though one should.

        Each move down and each update back comes one reaction and one slot late; what is censored comes on top.
        """
        return self.censorship + (self.reaction + self.slot) * (self.moves + self.updates)

    @property
    def longest(self) -> int:
        """The most time from the first of two contradicting claims to the confirmation of the true one."""
        return self.threshold + self.late


@attrs.frozen
class Violation:
    """An inequality that parameters violate: its name, and itself in words and numbers."""

    name: str
    text: str


def requires(name: str, holds: bool, text: str) -> tuple[Violation, ...]:
    """Nothing if the inequality holds, else the violation."""
    return () if holds else (Violation(name, text),)


@rule("DIS-parameters", "A game is only opened with parameters for which its claims are proved.")
def violations(parameters: Parameters) -> tuple[Violation, ...]:
    """The inequalities that the parameters violate; a game with any is unsafe, and is refused."""
    if not parameters.levels:
        return (Violation("levels", "a game has at least one level; 0 are given"),)
    least = min(
        *(level.height for level in parameters.levels),
        *(min(level.stake, level.reimbursement) for level in parameters.levels),
        parameters.censorship,
        parameters.reaction,
        parameters.cost_of_move,
    )
    return (
        *requires("not-negative", least >= 0, f"heights, times and amounts are not negative; the least is {least}"),
        *requires(
            "resource-ratio",
            parameters.resource_ratio >= 100,
            f"ρ ≥ 100 % is violated: {parameters.resource_ratio} %: attacking would be cheaper than defending",
        ),
        *requires("slot", parameters.slot >= 1, f"slot ≥ 1 s is violated: {parameters.slot} s"),
        *requires(
            "last-level-provable",
            [level.provable for level in parameters.levels] == [False] * (len(parameters.levels) - 1) + [True],
            "a step of the last level, and of no other, is decided by a one-step proof; provable are "
            f"{[level.provable for level in parameters.levels]}",
        ),
        *requires(
            "threshold-above-late",
            parameters.threshold > parameters.late,
            f"threshold > censorship + (reaction + slot) × (moves + updates) is violated: {parameters.threshold} s ≤ "
            f"{parameters.censorship} s + ({parameters.reaction} s + {parameters.slot} s) × "
            f"{parameters.moves + parameters.updates} = {parameters.late} s",
        ),
        *(violation for index in range(len(parameters.levels)) for violation in stake_violations(parameters, index)),
    )


@rule("DIS-stake-covers-cost", "A stake covers what honest players spend on one more false history, ρ times over.")
def stake_violations(parameters: Parameters, index: int) -> tuple[Violation, ...]:
    """Violations of level ``index``: its stake against the moves that a false history of this level can cause.

    One false history more makes honest players cut an edge at each height, open the next level and prove one step;
    both children of each cut are reimbursed. Edges below have stakes of their own.
    """
    level = parameters.levels[index]
    edges = 2 * level.height + 2
    spent = edges * max(parameters.cost_of_move, level.reimbursement)
    return requires(
        f"stake-of-level-{index}",
        100 * level.stake >= parameters.resource_ratio * spent,
        f"stake ≥ ρ × moves × cost is violated at level {index}: {level.stake} wei < {parameters.resource_ratio} % × "
        f"{edges} × {max(parameters.cost_of_move, level.reimbursement)} wei",
    )


DAY: Final = 86_400
GWEI: Final = 10**9
ETHER: Final = 10**18
MOVE: Final = 600_000 * 100 * GWEI
"""Wei for one move and its timer update at 100 gwei: 600,000 gas, a bound to be measured on each L1 contract."""

DEFAULT: Final = Parameters(
    levels=(
        Level(height=20, stake=12 * ETHER, reimbursement=MOVE, provable=False),
        Level(height=26, stake=8 * ETHER, reimbursement=MOVE, provable=False),
        Level(height=16, stake=4 * ETHER, reimbursement=MOVE, provable=True),
    ),
    threshold=7 * DAY,
    censorship=5 * DAY,
    reaction=900,
    slot=12,
    cost_of_move=MOVE,
    resource_ratio=110,
)
"""Segments of 2**26 machine steps; machine steps; micro steps, each of which has a short proof."""
