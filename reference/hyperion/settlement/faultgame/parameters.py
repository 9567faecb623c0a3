"""Parameters of the fault dispute game, the bond of each depth, and what the parameters have to satisfy.

Source: the fault dispute game specification, "Configuration", "Bonds"; figures of ``MAINNET`` are those deployed.
"""

from typing import Final

import attrs

from hyperion.rules import rule

MAX_POSITION_BITS: Final = 126
"""A position's generalized index has at most this many bits."""


@attrs.frozen
class Parameters:
    """All times in seconds, all amounts in wei."""

    max_depth: int
    """Depth of the leaves: single steps of the machine."""
    split_depth: int
    """Depth down to which claims are about outputs; below they are about the machine that makes one from another."""
    max_clock: int
    """The time that each side has."""
    extension: int
    """What a side has at least after the other has moved."""
    preimage_period: int
    """How long a large preimage can be challenged: whoever has to step may need it first."""
    air_gap: int
    """From the resolution to the distribution of bonds."""
    withdrawal_delay: int
    """From asking for one's credit to taking it."""
    base_fee: int = 200 * 10**9
    """Price of gas that the bonds assume."""
    base_gas: int = 400_000
    """Gas that the bond of the root pays for."""
    high_gas: int = 300_000_000
    """Gas that the bond of a leaf pays for."""

    @property
    def longest(self) -> int:
        """The most time from the creation of a game until it can be resolved: both clocks and every extension."""
        return 2 * self.max_clock + sum(extension_at(self, depth) for depth in range(1, self.max_depth))


@attrs.frozen
class Violation:
    """An inequality that parameters violate, in words and numbers."""

    name: str
    text: str


@rule(
    "DIS-fdg-extension", "A move leaves its answer at least the extension: twice before the split, more before a step."
)
def extension_at(parameters: Parameters, depth: int) -> int:
    """The time that is guaranteed to who answers a claim at ``depth``.

    Above the split the answer needs the first state of a whole run of the machine; above a leaf, a preimage.
    """
    if depth == parameters.max_depth - 1:
        return parameters.extension + parameters.preimage_period
    if depth == parameters.split_depth - 1:
        return 2 * parameters.extension
    return parameters.extension


@rule("DIS-fdg-parameters", "Depths nest with room for a step on each side, and no extension exceeds a clock.")
def violations(parameters: Parameters) -> tuple[Violation, ...]:
    """The inequalities that the parameters violate; a game with any is refused."""
    split, deep, clock = parameters.split_depth, parameters.max_depth, parameters.max_clock
    most = max(2 * parameters.extension, parameters.extension + parameters.preimage_period)
    least = min(parameters.extension, parameters.preimage_period, parameters.air_gap, parameters.withdrawal_delay)
    checks = (
        ("split-depth", split >= 2, f"split depth ≥ 2 is violated: {split}"),
        ("max-depth", split + 1 < deep, f"split depth + 1 < max depth is violated: {split} + 1 ≥ {deep}"),
        ("position-bits", deep < MAX_POSITION_BITS, f"max depth < {MAX_POSITION_BITS} is violated: {deep}"),
        (
            "clock",
            most <= clock,
            f"2 × extension, extension + preimage period ≤ clock is violated: {most} s > {clock} s",
        ),
        ("clock-positive", clock > 0, f"clock > 0 s is violated: {clock} s"),
        ("not-negative", least >= 0, f"times are not negative; the least is {least} s"),
    )
    return tuple(Violation(name, text) for name, holds, text in checks if not holds)


@rule("DIS-fdg-data-outlive", "The data that a game is about are available for longer than the game can last.")
def outlived(parameters: Parameters, proposal_lag: int, retention: int) -> tuple[Violation, ...]:
    """Violations of the inequality between the longest game and the availability of data, all in seconds.

    Kept apart from ``violations`` because deployed parameters rely on archives beyond the retention of blobs.
    """
    total = parameters.longest + parameters.air_gap + proposal_lag
    text = (
        f"longest game + air gap + proposal lag < data retention is violated: {parameters.longest} s + "
        f"{parameters.air_gap} s + {proposal_lag} s ≥ {retention} s"
    )
    return () if total < retention else (Violation("data-outlive", text),)


@rule(
    "DIS-fdg-bond", "A bond grows by the same factor with each depth, from the cost of a move to that of the last step."
)
def bond_at(parameters: Parameters, depth: int) -> int:
    """The exact bond of a claim at ``depth``: the price of ``base * (high / base) ** (depth / max_depth)`` gas.

    The whole part of the real number, found in integers. The contracts round a fixed-point logarithm instead, which
    differs by some units of gas in the last places.
    """
    ratio = parameters.high_gas // parameters.base_gas
    return parameters.base_fee * root(parameters.base_gas**parameters.max_depth * ratio**depth, parameters.max_depth)


def root(number: int, degree: int) -> int:
    """The largest integer whose power of this degree is at most ``number``: by halving, so in integers only."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return low


DAY: Final = 86_400

MAINNET: Final = Parameters(
    max_depth=73,
    split_depth=30,
    max_clock=302_400,
    extension=10_800,
    preimage_period=DAY,
    air_gap=302_400,
    withdrawal_delay=7 * DAY,
)
"""The parameters of the permissionless game on Ethereum."""
