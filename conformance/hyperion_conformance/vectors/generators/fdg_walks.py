"""Random play for ``fdg.game``: any move against any claim, an honest player that answers, resolution in any order."""

from collections.abc import Iterator
from typing import Final

from hyperion_conformance.dispute.faultplay import EVE, HONEST, SMALL
from hyperion_conformance.settlement.fault_scripts import FaultScript, honest_root, junk
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.generators.fdg_solver import follow

MOST: Final = 5
PAUSES: Final = (0, 0, 1, 13, 100, 400)
ACCOUNTS: Final = (EVE, 0xB0B, 0xACE)


def walks(seed: int, count: int) -> Iterator[tuple[str, FaultScript]]:
    """Walks, each from its own draw."""
    for index in range(min(count, MOST)):
        yield f"walk-{index:02}", walk(Draw(seed, "faults", index))


def walk(draw: Draw) -> FaultScript:
    """Moves until clocks have run out, then all is settled and paid."""
    script = FaultScript(SMALL, honest_root(SMALL) if draw.below(2) else junk(0, 1))
    for _ in range(5 + draw.below(8)):
        script.wait(draw.one_of(PAUSES))
        move(script, draw)
        if draw.below(2):
            follow(script)
    script.wait(SMALL.max_clock)
    for _ in range(3):
        script.resolve(draw.below(len(script.game.claims)), count=draw.below(3))
    script.resolve(*reversed(range(len(script.game.claims)))).send("resolve")
    return script.pay(HONEST, *ACCOUNTS)


def move(script: FaultScript, draw: Draw) -> None:
    """A move or a step against any claim, with a true or a false value."""
    parent, is_attack = draw.below(len(script.game.claims)), bool(draw.below(2))
    depth, by = script.game.claims[parent].position.depth, draw.one_of(ACCOUNTS)
    if depth == SMALL.max_depth:
        script.stepping(parent, is_attack, by)
        return
    status = draw.below(3) if depth == SMALL.split_depth else None
    barred = not is_attack and depth in (0, SMALL.split_depth + 1)
    value = junk(700 + len(script.events), status) if barred or draw.below(2) else None
    script.move(parent, is_attack, value, by)
