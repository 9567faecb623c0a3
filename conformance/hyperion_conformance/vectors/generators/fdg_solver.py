"""The public cases of the fault game's solver, in our words: what an honest player does in a given game."""

from collections.abc import Iterator
from typing import Final

import attrs

from hyperion.settlement.faultgame.events import Move, Step
from hyperion_conformance.dispute.faultplay import EVE, HONEST, SMALL, Solver
from hyperion_conformance.settlement.fault_scripts import TESTED, FaultScript, honest_root, junk

Case = tuple[str, tuple[str, ...], str, FaultScript]
RULES = ("DIS-fdg-attack", "DIS-fdg-defend", "DIS-fdg-trace-ancestor")
DEEP: Final = attrs.evolve(TESTED, split_depth=6)
"""The solver's cases are about one tree; outputs down to depth 6."""
FREE = "A freeloader answers beside the honest player: it is countered if it stands left of the honest answer."


def cases() -> Iterator[Case]:
    """Each case ends with the question what an honest player does now."""
    yield from plain()
    yield from freeloaders()
    yield from rounds()


def plain() -> Iterator[Case]:
    """Roots, answers and leaves."""
    yield "false-root-is-attacked", RULES, "The first move.", FaultScript(DEEP).advise()
    yield "true-root-is-left-alone", RULES, "The honest player does not attack what is true.", FaultScript(
        DEEP, honest_root(DEEP)
    ).advise()
    yield "no-move-twice", RULES, "The move was made already.", FaultScript(DEEP).attack(0, by=HONEST).advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).attack(1).defend(1)
    for number in range(2):
        script.attack(1, junk(10 + number)).defend(1, junk(20 + number))
    yield "all-answers-are-countered", RULES, "True ones are defended, false ones attacked.", script.advise()
    script = FaultScript(SMALL)
    for is_true in (True, False, True):
        follow(script)
        answer(script, True, is_true)
    yield "down-to-a-leaf-of-its-own", RULES, "A leaf of one's own is not stepped against.", script.advise()
    for slug, turns in (("false", ((True, False),) * 3), ("true", ((True, False), (True, False), (True, True)))):
        script = FaultScript(SMALL, honest_root(SMALL))
        for is_attack, is_true in turns:
            answer(script, is_attack, is_true)
            script.advise()
            follow(script)
        why = "A false leaf is stepped into, a true one out of, and once."
        yield f"step-at-a-{slug}-leaf", RULES, why, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).attack(1, junk(30)).defend(2, junk(30)).attack(3, junk(30))
    why = "Eve answers herself with a state that has no preimage; the honest player keeps to its own path."
    yield "poisoned-prestate", RULES, why, script.advise()


def freeloaders() -> Iterator[Case]:
    """Claims that answer what the honest player answers too."""
    script = FaultScript(DEEP).attack(0, by=HONEST).defend(1).attack(2)
    yield "freeloader-true-value-attacking", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).defend(1).attack(2, junk(40))
    yield "freeloader-false-value-attacking", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).defend(1).defend(2, junk(40))
    yield "freeloader-false-value-defending", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).defend(1, junk(39)).attack(2, junk(40))
    yield "freeloader-false-value-at-the-right-place", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).defend(1, junk(39)).defend(2, junk(40))
    yield "freeloader-right-of-the-honest-answer", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).attack(1).attack(2)
    yield "freeloader-against-a-true-attack", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).attack(1).attack(2).defend(3, by=HONEST)
    yield "freeloader-own-answer-is-kept", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, by=HONEST).attack(1).attack(2).defend(3, by=HONEST).attack(4, junk(41))
    yield "freeloader-goes-on", RULES, FREE, script.advise()
    script = FaultScript(DEEP).attack(0, junk(42))
    yield "freeloader-against-the-root", RULES, FREE, script.advise()


def rounds() -> Iterator[Case]:
    """An honest player and one that always answers the last claim in the same way, to the end."""
    why = "Whatever the other does, the right side wins, and an honest player gets back at least what it put down."
    for is_true in (True, False):
        for slug, turns in (
            ("idle", ()), ("attack-true", ((True, True),)), ("defend-true", ((False, True),)),
            ("attack-false", ((True, False),)), ("defend-false", ((False, False),)),
            ("defend-false-and-true", ((False, False), (False, True))),
            ("attack-false-defend-true", ((True, False), (False, True))),
            ("all-ways", ((True, True), (False, True), (True, False), (False, False))),
        ):  # fmt: skip
            root = honest_root(SMALL) if is_true else junk(0, 1)
            script = FaultScript(SMALL, root)
            play(script, turns)
            script.wait(10_000).resolve(*reversed(range(len(script.game.claims)))).send("resolve")
            script.pay(HONEST, EVE)
            yield f"{slug}-against-a-{'true' if is_true else 'false'}-root", ("DIS-fdg-resolve",), why, script


def play(script: FaultScript, turns: tuple[tuple[bool, bool], ...]) -> None:
    """The honest player moves, the other answers the last claim, until neither has a move."""
    while True:
        before = len(script.game.claims)
        follow(script)
        for is_attack, is_true in turns:
            answer(script, is_attack, is_true)
        if len(script.game.claims) == before:
            follow(script)
            return


def follow(script: FaultScript) -> None:
    """All moves of the honest player."""
    for event in Solver(HONEST, script.chain).moves(script.game):
        if isinstance(event, Move):
            script.move(event.parent, event.is_attack, event.value, HONEST)
        elif isinstance(event, Step):
            script.stepping(event.claim, event.is_attack)


def answer(script: FaultScript, is_attack: bool, is_true: bool) -> None:
    """A move against the last claim, where one is possible."""
    last = len(script.game.claims) - 1
    depth, split = script.game.claims[last].position.depth, SMALL.split_depth
    if depth == SMALL.max_depth or (not is_attack and depth in (0, split + 1)):
        return
    script.move(last, is_attack, None if is_true else junk(500 + last, 1 if depth == split else None))
