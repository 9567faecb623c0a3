"""Random play for ``dispute.game``: any move of one of three traces at any time, with a wrong field now and then."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from hyperion_conformance.settlement.labels import Trace
from hyperion_conformance.settlement.scripts import ALICE, EVE, Place, Script, safe
from hyperion_conformance.vectors.generators.assembly import Draw

MOST: Final = 9
LENGTH: Final = 30
SHAPES: Final = ((1, 1), (2,), (0, 1), (1, 0, 1))
PAUSES: Final = (0, 0, 0, 1, 12, 24)
ACCOUNTS: Final = (ALICE, EVE, 0xB0B)


def walks(seed: int, count: int) -> Iterator[tuple[str, Script]]:
    """Walks, each from its own draw."""
    for index in range(min(count, MOST)):
        yield f"walk-{index:02}", walk(Draw(seed, "edges", index), SHAPES[index % len(SHAPES)])


def walk(draw: Draw, heights: tuple[int, ...]) -> Script:
    """Two assertions and the true root, then moves at random, then the threshold passes, and more moves."""
    script = Script(safe(heights))
    length = 2 ** sum(heights)
    traces = (script.trace(), script.trace((length, 1)), script.trace((1 + draw.below(length), 2)))
    script.admit(traces[0]).at(draw.below(5)).admit(traces[1]).root(traces[0])
    clock = 5
    for at in range(LENGTH):
        clock += script.parameters.threshold if at == 2 * LENGTH // 3 else draw.one_of(PAUSES)
        script.at(clock)
        move(script, draw, draw.one_of(traces))
    return script


def move(script: Script, draw: Draw, trace: Trace) -> None:
    """One event about an edge of the trace that is there, or nearly so."""
    mover, place = draw.one_of(ACCOUNTS), known_place(script, draw, trace)
    inner = script.below(place) if place[3] - place[2] == 1 else None
    claimant = script.name(draw.one_of((trace, script.trace())), inner or script.whole(0))
    opened: tuple[Callable[[], Any], ...] = (
        lambda: script.root(trace, mover),
        lambda: script.cut(trace, place, mover) if place[3] - place[2] > 1 else script.prove(trace, place),
        lambda: script.cut(trace, place, mover) if place[3] - place[2] > 1 else script.refine(trace, place, mover),
        lambda: script.refine(trace, place, mover) if inner else script.prove(trace, place),
        lambda: script.about("update-timer", trace, place),
        lambda: script.about("update-timer-by-claim", trace, place, claimant=claimant),
        lambda: script.about("confirm-by-time", trace, place),
        lambda: script.about("confirm-by-children", trace, place),
        lambda: script.about("confirm-by-claim", trace, place, claimant=claimant),
        lambda: script.about("decide", trace, script.whole(0)),
        lambda: script.admit(trace),
        script.again,
    )
    late: tuple[Callable[[], Any], ...] = (
        lambda: script.send("close", mode=draw.one_of(("normal", "normal", "refund"))),
        lambda: script.about("refund", trace, script.whole(0)),
        lambda: script.about("refund", trace, place),
        lambda: script.about("reimburse", trace, place, via=None),
        lambda: script.about("reimburse", trace, place, via=claimant),
        lambda: script.send("withdraw", account=mover),
    )
    draw.one_of((*opened, *late) if len(script.events) > 2 * LENGTH // 3 else opened)()


def known_place(script: Script, draw: Draw, trace: Trace) -> Place:
    """A place at which the trace has an edge: some steps down from its root, as far as edges are there."""
    place = script.whole(0)
    for _ in range(draw.below(5)):
        below = script.below(place) if place[3] - place[2] == 1 else draw.one_of(script.halves(place))
        game = script.played.game
        if below is None or isinstance(game, tuple) or script.name(trace, below) not in game.edges:
            return place
        place = below
    return place
