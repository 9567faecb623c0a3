"""Parameters of settlement, and the inequalities that tie its windows to those of the game and of the data."""

from typing import Final

import attrs

from hyperion.rules import rule
from hyperion.settlement.dispute import parameters as dispute
from hyperion.settlement.dispute.parameters import DAY, ETHER, Violation, requires


@attrs.frozen
class Parameters:
    """Times are in seconds, amounts in wei; what is counted in L1 blocks says so."""

    game: dispute.Parameters
    bond: int
    """Deposit for an assertion."""
    air_gap: int
    """From the decision of a contest to its consequences: the time in which the guardian may still void it."""
    maturity: int
    """From the proof of a withdrawal to its payment."""
    max_span: int
    """The most L2 blocks of one assertion."""
    challenge_window_blocks: int
    """L1 blocks from the inclusion of a batch in which its data may be asked for."""
    resolve_window_blocks: int
    """L1 blocks from such a challenge in which the data may be given."""
    pause_budget: int
    """The time in total for which the guardian may hold up payments."""
    proposal_lag: int
    """The most time from the inclusion of data on the L1 to the assertion about them."""
    data_retention: int
    """The time for which data on the L1 can be had from it."""

    @property
    def settling_blocks(self) -> int:
        """L1 blocks after which it is decided whether a batch is available."""
        return self.challenge_window_blocks + self.resolve_window_blocks


@rule(
    "DIS-settlement-parameters",
    "Windows fit together: data outlive the longest contest, and lies cost what they lock up.",
)
def violations(parameters: Parameters) -> tuple[Violation, ...]:
    """The inequalities that the parameters violate, those of the game among them; with any, no chain is opened."""
    found = dispute.violations(parameters.game)
    if not parameters.game.levels:
        return found
    longest, stake = parameters.game.longest, parameters.game.levels[0].stake
    total = longest + parameters.air_gap + parameters.proposal_lag
    windows = (
        parameters.air_gap,
        parameters.maturity,
        parameters.challenge_window_blocks,
        parameters.resolve_window_blocks,
        parameters.pause_budget,
        parameters.proposal_lag,
    )
    return (
        *found,
        *requires("not-negative", min(windows) >= 0, f"windows are not negative; the least is {min(windows)}"),
        *requires("span", parameters.max_span >= 1, f"max span ≥ 1 block is violated: {parameters.max_span}"),
        *requires(
            "bond-covers-stake",
            parameters.bond >= stake,
            f"bond ≥ stake of level 0 is violated: {parameters.bond} wei < {stake} wei, so that a lie would lock up "
            "more of honest money than it puts at risk",
        ),
        *requires(
            "data-outlive",
            total < parameters.data_retention,
            f"longest contest + air gap + proposal lag < data retention is violated: {longest} s + "
            f"{parameters.air_gap} s + {parameters.proposal_lag} s ≥ {parameters.data_retention} s",
        ),
    )


DEFAULT: Final = Parameters(
    game=dispute.DEFAULT,
    bond=12 * ETHER,
    air_gap=7 * DAY // 2,
    maturity=7 * DAY,
    max_span=500_000,
    challenge_window_blocks=3_600,
    resolve_window_blocks=3_600,
    pause_budget=90 * DAY,
    proposal_lag=DAY,
    data_retention=4_096 * 32 * 12,
)
"""Half a week of air gap; half a day for each of the windows of data availability; blobs as Ethereum keeps them."""
