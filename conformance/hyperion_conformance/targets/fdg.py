"""Target ``fdg.game``: the fault dispute game of the OP stack, event by event, with questions to an honest player."""

from typing import Final

from hyperion_conformance.settlement.faults import FAULTS
from hyperion_conformance.targets.sessions import session_target
from hyperion_conformance.vectors.generators import fdg

FDG_GAME: Final = session_target("fdg.game", FAULTS, fdg.games, "fdg-game.schema.json")
