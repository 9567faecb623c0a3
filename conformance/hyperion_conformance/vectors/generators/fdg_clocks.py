"""The public cases of the fault game's clocks, and both sides of every comparison of times."""

from collections.abc import Iterator

from hyperion_conformance.settlement.fault_scripts import TESTED, FaultScript, junk

Case = tuple[str, tuple[str, ...], str, FaultScript]
CLOCK, EXTENSION = TESTED.max_clock, TESTED.extension
LAST = EXTENSION + TESTED.preimage_period


def cases() -> Iterator[Case]:
    """All of them."""
    why = "Who answers inherits the clock of its side, two claims up."
    script = FaultScript().wait(15).dummy(0)
    for parent in (1, 2, 3):
        script.wait(10).dummy(parent)
    yield "as-in-the-public-test", ("DIS-fdg-clock",), why, script
    rules = ("DIS-fdg-move", "DIS-fdg-clock")
    why = "A side whose clock has run out moves no more; one with a second left does."
    for slug, seconds in (("a-second-left", -1), ("run-out", 0), ("long-run-out", 1)):
        yield f"first-answer-{slug}", rules, why, FaultScript().wait(CLOCK + seconds).dummy(0)
        script = FaultScript().wait(100).dummy(0).wait(50).dummy(1).wait(CLOCK - 100 + seconds).dummy(2)
        yield f"third-answer-{slug}", rules, why, script
        script = FaultScript().wait(100).dummy(0).wait(50).dummy(1).wait(CLOCK - 100 + seconds).resolve(2, 1)
        yield f"settled-{slug}", ("DIS-fdg-resolve-claim",), why, script
    yield from extensions()
    why = "Time does not go back; a refused event has no time."
    script = FaultScript().wait(10).dummy(0).wait(-1).dummy(0).wait(500).dummy(0, paid=1).wait(-400).dummy(0)
    yield "time-does-not-go-back", ("DIS-fdg-time",), why, script


def extensions() -> Iterator[Case]:
    """A move leaves its answer at least the extension of its depth."""
    rules = ("DIS-fdg-clock-extended", "DIS-fdg-extension")
    why = "Without the extension an answer comes too late by one second; with it everywhere, games last too long."
    for depth, extension in ((1, EXTENSION), (3, 2 * EXTENSION), (4, EXTENSION), (5, EXTENSION), (7, LAST)):
        for slug, seconds in (("not-needed", -1), ("just-not-needed", 0), ("first-needed", 1)):
            script = FaultScript().down(depth).wait(CLOCK - extension + seconds).dummy(depth - 1)
            yield f"extension-at-depth-{depth}-{slug}", rules, why, script
    script = FaultScript().wait(CLOCK - EXTENSION + 1).dummy(0).wait(CLOCK - EXTENSION)
    for parent in (1, 2):
        script.wait(1).dummy(parent)
    script.wait(EXTENSION - 1).attack(3, junk(90)).wait(1).attack(3, junk(91))
    yield "extensions-for-both-sides", rules, why, script
