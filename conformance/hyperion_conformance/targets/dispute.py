"""Target ``dispute.game``: the edge game, event by event."""

from typing import Final

from hyperion_conformance.settlement.edges import EDGES
from hyperion_conformance.targets.sessions import session_target
from hyperion_conformance.vectors.generators import dispute

DISPUTE_GAME: Final = session_target("dispute.game", EDGES, dispute.games, "dispute-game.schema.json")
