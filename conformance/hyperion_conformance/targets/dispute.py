"""Target ``dispute.game``: the edge game, event by event."""

from collections.abc import Mapping
from typing import Final

from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.edges import EDGES
from hyperion_conformance.targets.target import PROTOCOL_FORK, SESSION_SHAPE, ForkOf, Target
from hyperion_conformance.vectors.generators import dispute
from hyperion_conformance.vectors.input import InputError


def run(given: Mapping[str, Json], fork: str, strict: bool, fork_of: ForkOf) -> dict[str, Json]:
    """The outcome of a case."""
    del fork, fork_of
    return EDGES.run(given, strict)


def read(given: Json, strict: bool) -> object:
    """A whole session, which is read by running it."""
    if not isinstance(given, Mapping):
        raise InputError("$.input", "an object is needed")
    return EDGES.run(given, strict)


DISPUTE_GAME: Final = Target(
    name="dispute.game",
    rules=(),
    forks=(PROTOCOL_FORK,),
    shape=SESSION_SHAPE,
    decode=read,
    outcome=run,
    generators=(dispute.games,),
    schema="dispute-game.schema.json",
    session=EDGES,
)
