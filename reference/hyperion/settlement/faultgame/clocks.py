"""Chess clocks: what a side has used, and what a move leaves to the other. Source: the specification, "Clocks"."""

from hyperion.rules import rule
from hyperion.settlement.faultgame.parameters import Parameters, extension_at
from hyperion.settlement.faultgame.types import Game


@rule(
    "DIS-fdg-clock", "Who answers a claim inherits the clock of its side, two claims up, and has run since that claim."
)
def elapsed(inherited: int, since: int, now: int, limit: int) -> int:
    """The seconds that the answering side has used, at most the limit."""
    return min(inherited + now - since, limit)


def challenger_duration(game: Game, index: int) -> int:
    """What the side that would answer the claim has used: the clock of the claim's parent, and the time since."""
    claim = game.claims[index]
    inherited = 0 if claim.parent is None else game.claims[claim.parent].clock.duration
    return elapsed(inherited, claim.clock.timestamp, game.now, game.parameters.max_clock)


@rule(
    "DIS-fdg-clock-extended",
    "A move that leaves its side less than the extension sets its clock back to leave just that.",
)
def extended(parameters: Parameters, duration: int, depth: int) -> int:
    """The clock of a move at ``depth`` whose side has used ``duration``."""
    return min(duration, parameters.max_clock - extension_at(parameters, depth))
