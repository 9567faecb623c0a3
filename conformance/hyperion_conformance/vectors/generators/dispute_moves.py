"""Cases of ``dispute.game`` in which a move or a confirmation is refused, beside the one that is accepted."""

from collections.abc import Iterator

from hyperion_conformance.settlement.labels import Trace
from hyperion_conformance.settlement.scripts import EVE, Place, Script, safe

Case = tuple[str, tuple[str, ...], str, Script]
JUNK = b"\x77" * 32


def cases() -> Iterator[Case]:
    """All of them."""
    yield from admissions()
    yield from roots()
    yield from cuts()
    yield from refinements()
    yield from proofs()
    yield from confirmations()


def begun(heights: tuple[int, ...] = (1, 1), lie: int = 4) -> tuple[Script, Trace, Trace]:
    """Two assertions."""
    script = Script(safe(heights))
    true, false = script.trace(), script.trace((lie, 1))
    script.admit(true, false)
    return script, true, false


def at_step(heights: tuple[int, ...] = (1, 1)) -> tuple[Script, Trace, Trace, Place]:
    """Both roots are cut; the last step of level 0 is contested."""
    script, true, false = begun(heights, 2 ** sum(heights))
    place = script.whole(0)
    script.root(true).root(false, EVE)
    while place[3] - place[2] > 1:
        script.cut(true, place).cut(false, place, EVE)
        place = script.halves(place)[1]
    return script, true, false, place


def at_last_step() -> tuple[Script, Trace, Trace, Place, Place]:
    """Both steps are refined and cut; the last step of the last level is contested."""
    script, true, false, step = at_step()
    script.refine(true, step).refine(false, step, EVE)
    inner = script.below(step)
    assert inner is not None
    script.cut(true, inner).cut(false, inner, EVE)
    return script, true, false, step, script.halves(inner)[1]


def admissions() -> Iterator[Case]:
    """Assertions join."""
    why = "The same assertion twice would be its own rival."
    script, true, false = begun()
    script.admit(true, false).root(true).admit(script.trace((3, 3)))
    yield "assertion-twice", ("DIS-admit",), why, script


def roots() -> Iterator[Case]:
    """Roots of level 0."""
    rules, why = ("DIS-root", "DIS-stake-exact"), "A root that need not end in its assertion's state, or costs nothing."
    script, true, false = begun()
    whole = true.history(0, 0)
    script.root(script.trace((1, 5)))
    script.root(true, paid=43).root(true, paid=45).root(true, paid=0)
    script.root(true, end_proof=whole.inclusion_proof(1, 1)).root(true, end_proof=())
    script.root(true, end_root=false.history(0, 0).root(2)).root(true, end_root=whole.root(1))
    script.root(true, prefix_proof=(*whole.prefix_proof(0, 2), JUNK)).root(true, prefix_proof=())
    script.root(true, prefix_proof=tuple(reversed(whole.prefix_proof(0, 2)))).root(true, prefix_proof=(JUNK, JUNK))
    script.root(true).root(true, EVE).root(false, EVE)
    yield "root-refused-and-accepted", rules, why, script
    script = Script(safe((1, 1)))
    true = script.trace()
    script.admit(true).root(true).admit(script.trace((4, 1))).root(true)
    yield "root-of-an-unrivalled-assertion", ("DIS-root",), "A stake for what nobody denies is caught.", script
    script, true, _ = begun()
    elsewhere = Trace(script.parameters.levels, ((0, 4), (3, 0)))
    script.root(elsewhere, claim=bytes.fromhex(str(script.events[0]["claim"])[2:]))  # type: ignore[call-overload, index]
    yield "root-that-begins-elsewhere", ("DIS-root",), "A history that does not begin in the contest's start.", script


def cuts() -> Iterator[Case]:
    """Edges are cut."""
    why = "A cut that need not be where all cut, or whose middle need not begin the whole: no rivals come of it."
    script, true, false = begun((3,), 8)
    root, whole = script.whole(0), true.history(0, 0)
    script.root(true).cut(true, root).root(false, EVE)
    for middle in (0, 2, 3, 5, 8):
        script.cut(true, root, middle_root=whole.root(middle), proof=whole.prefix_proof(middle, 8))
    other = false.history(0, 0)
    script.cut(true, root, proof=()).cut(true, root, proof=(*whole.prefix_proof(4, 8), JUNK))
    script.cut(true, root, middle_root=JUNK).cut(true, root, middle_root=other.root(4), proof=other.prefix_proof(4, 8))
    script.cut(true, root).cut(true, root).cut(false, root, EVE)
    low, high = script.halves(root)
    script.cut(true, low).cut(true, high).cut(false, high, EVE).cut(true, script.halves(high)[1])
    script.cut(true, (0, 0, 0, 2), edge=JUNK)
    yield "cut-refused-and-accepted", ("DIS-bisect", "DIS-bisection-height"), why, script
    why = "A half that is there already is shared: making it again must neither fail nor make it younger."
    script, true, false = begun((2,), 4)
    third = script.trace((4, 2))
    script.admit(third).root(true).at(12).root(false, EVE).at(24).cut(false, root := script.whole(0), EVE)
    script.at(36).cut(true, root).at(48).root(third, 0xC0).cut(third, root, 0xC0)
    for trace in (true, false, third):
        script.at(60).about("update-timer", trace, script.halves(root)[0])
    yield "shared-half", ("DIS-shared-half", "DIS-edge-id"), why, script
    why = "A single step has nothing inside."
    script, true, false, step, last = at_last_step()
    script.cut(true, last, proof=(), middle_root=JUNK).cut(true, step, proof=(), middle_root=JUNK)
    yield "single-step-is-not-cut", ("DIS-bisect",), why, script


def refinements() -> Iterator[Case]:
    """Levels are opened below."""
    rules = ("DIS-refine", "DIS-step-ends")
    why = "A refinement between other states than those of the step says nothing about the step."
    script, true, false, step = at_step()
    low = script.halves(script.whole(0))[0]
    good = true.history(1, 2)
    ends, wrong = script.ends(true, step), script.ends(false, step)
    script.refine(true, low).refine(true, script.whole(0)).refine(true, step, edge=JUNK)
    script.refine(true, step, before=true.at(1)).refine(true, step, before_proof=())
    script.refine(true, step, after=wrong["after"]).refine(true, step, after_proof=ends["before_proof"])
    script.refine(true, step, paid=45).refine(true, step, paid=43)
    script.refine(true, step, end_root=false.history(1, 2).root(2)).refine(true, step, end_proof=(JUNK,))
    script.refine(true, step, end_root=good.root(1), end_proof=good.inclusion_proof(1, 1))
    script.refine(true, step, prefix_proof=(JUNK, JUNK)).refine(true, step).refine(true, step).refine(false, step, EVE)
    other = script.trace((3, 6), (4, 0))
    script.refine(other, step, 0xD0, edge=script.name(true, step), **ends)
    yield "refinement-refused-and-accepted", rules, why, script
    why = "Below the last level there is nothing."
    script, true, false, _, last = at_last_step()
    script.refine(true, last)
    yield "last-level-is-not-refined", ("DIS-refine",), why, script


def proofs() -> Iterator[Case]:
    """One-step proofs."""
    rules = ("DIS-confirm-by-one-step", "DIS-one-winner")
    why = "A step that the machine does not do, or a witness of another state, proves nothing."
    script, true, false, step, last = at_last_step()
    good = true.witness(3)
    ends = script.ends(true, last)
    script.prove(false, last).prove(true, step).prove(true, last, edge=JUNK).prove(true, last, witness=())
    script.prove(true, last, witness=good[:1]).prove(true, last, witness=(*good, JUNK))
    script.prove(true, last, witness=tuple(reversed(good))).prove(true, last, witness=true.witness(2))
    script.prove(true, last, before=true.at(2)).prove(true, last, before_proof=ends["after_proof"])
    script.prove(true, last, after=false.at(4)).prove(true, last, after_proof=())
    script.prove(true, script.halves(script.whole(0))[0]).prove(true, last).prove(true, last).prove(false, last)
    script.at(500).about("confirm-by-time", true, last).about("confirm-by-time", false, last)
    yield "proof-refused-and-accepted", rules, why, script
    why = "In a game of one level its steps are proved at once; a step need not be contested for that."
    script = Script(safe((1,)))
    true, false = script.trace(), script.trace((2, 1))
    root = script.whole(0)
    low, high = script.halves(root)
    script.admit(true, false).root(true).root(false, EVE).cut(true, root).cut(false, root, EVE)
    script.prove(true, low).prove(true, high).about("confirm-by-children", true, root).about("decide", true, root)
    script.about("decide", false, root).about("confirm-by-children", false, root)
    yield "proof-without-contest", rules, why, script


def confirmations() -> Iterator[Case]:
    """Confirmation by halves, by what stands for a step, and what follows from it."""
    rules = ("DIS-confirm-by-children", "DIS-confirm-by-claim", "DIS-claim-link")
    why = "One half is not enough, and what stands for a step confirms no other."
    script, true, false, step, last = at_last_step()
    root, inner = script.whole(0), script.below(step)
    assert inner is not None
    name = script.name(true, inner)
    script.prove(true, last).about("confirm-by-children", true, inner)
    script.about("confirm-by-claim", true, step, claimant=name)
    script.about("confirm-by-children", true, last).about("confirm-by-children", true, root)
    script.send("confirm-by-children", edge=JUNK).send("confirm-by-claim", edge=JUNK, claimant=name)
    script.prove(true, script.halves(inner)[0]).about("confirm-by-children", true, inner)
    script.about("confirm-by-children", false, inner).about("confirm-by-children", true, inner)
    script.about("confirm-by-claim", false, step, claimant=name)
    script.about("confirm-by-claim", true, root, claimant=name)
    script.about("confirm-by-claim", false, step, claimant=script.name(false, inner))
    script.about("confirm-by-claim", true, step, claimant=name).about("confirm-by-claim", true, step, claimant=name)
    script.cut(true, inner).cut(false, inner).refine(true, step).refine(false, step)
    script.about("confirm-by-children", true, root).about("decide", true, step).about("decide", true, root)
    script.at(900).about("confirm-by-time", true, script.halves(root)[0]).about("confirm-by-children", true, root)
    script.send("confirm-by-time", edge=JUNK).send("decide", edge=JUNK).about("decide", true, step)
    script.about("decide", true, inner).about("decide", false, root).about("decide", true, root)
    script.about("decide", true, root)
    yield "halves-and-claims", rules, why, script


