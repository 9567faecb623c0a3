"""Cases of ``dispute.game``: every refusal, both sides of every comparison of times, whole disputes, random play."""

from collections.abc import Iterator
from typing import Final

import attrs

from hyperion_conformance.settlement.labels import Trace
from hyperion_conformance.settlement.scripts import ALICE, EVE, Place, Script, safe
from hyperion_conformance.vectors.generators import dispute_money, dispute_moves, dispute_walks
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
BOB: Final = 0xB0B


def games(seed: int, count: int) -> Iterator[Draft]:
    """All cases: hand-made ones, then random walks."""
    for group, cases in (
        ("parameters", parameters),
        ("clocks", clocks),
        ("moves", dispute_moves.cases),
        ("money", dispute_money.cases),
        ("disputes", disputes),
    ):
        for slug, rules, why, script in cases():
            yield Draft("dispute.game", group, slug, rules, why, FORK, script.session)
    for slug, script in dispute_walks.walks(seed, count):
        why = "Moves at random, many of them wrong: what is refused leaves no trace, and what is accepted adds up."
        yield Draft("dispute.game", "random", slug, ("DIS-rivals", "DIS-one-winner"), why, FORK, script.session)


Case = tuple[str, tuple[str, ...], str, Script]


def parameters() -> Iterator[Case]:
    """Each inequality of the parameters, just kept and just violated."""
    rules = ("DIS-parameters", "DIS-stake-covers-cost")
    why = "A game whose parameters violate an inequality is unsafe, so it must not be opened."
    base = safe((1, 1))
    first, last = base.levels
    for slug, changed in {
        "threshold-above-late": base,
        "threshold-equal-to-late": attrs.evolve(base, threshold=base.late),
        "late-counts-censorship": attrs.evolve(base, censorship=1),
        "late-counts-reaction": attrs.evolve(base, reaction=1),
        "ratio-of-one": attrs.evolve(base, resource_ratio=100),
        "ratio-below-one": attrs.evolve(base, resource_ratio=99),
        "no-slot": attrs.evolve(base, slot=0),
        "last-level-not-provable": attrs.evolve(base, levels=(first, attrs.evolve(last, provable=False))),
        "first-level-provable-too": attrs.evolve(base, levels=(attrs.evolve(first, provable=True), last)),
        "no-levels": attrs.evolve(base, levels=()),
        "one-level": safe((2,)),
        "three-levels": safe((1, 1, 1)),
        "stake-too-low": attrs.evolve(base, levels=(attrs.evolve(first, stake=43), last)),
        "stake-of-the-last-level-too-low": attrs.evolve(base, levels=(first, attrs.evolve(last, stake=43))),
        "reimbursement-above-cost": attrs.evolve(base, levels=(attrs.evolve(first, reimbursement=11), last)),
        "several-at-once": attrs.evolve(base, threshold=1, resource_ratio=1, slot=0),
    }.items():
        script = Script(changed)
        yield slug, rules, why, script.admit(Trace(changed.levels, ()))


# --- clocks ----------------------------------------------------------------------------------------------------------


def contest(more: int = 1, heights: tuple[int, ...] = (1, 1), late: int = 0) -> tuple[Script, Trace, Trace]:
    """A true and a false assertion, the second so many seconds later."""
    script = Script(safe(heights, more=more))
    true, false = script.trace(), script.trace((2 ** sum(heights), 1))
    script.admit(true).at(late).admit(false)
    return script, true, false


def clocks() -> Iterator[Case]:
    """Both sides of every comparison of times."""
    yield from thresholds()
    yield from rivalries()
    yield from credited()
    yield from moments()


def thresholds() -> Iterator[Case]:
    """The threshold is enough, a second less is not."""
    rules, why = ("DIS-confirm-by-time",), "Off by one second at the threshold: a false edge wins, or a true one waits."
    for slug, seconds in (("a-second-less", -1), ("just-reached", 0), ("a-second-more", 1)):
        script, true, _ = contest()
        root = script.whole(0)
        script.root(true).at(script.parameters.threshold + seconds).about("confirm-by-time", true, root)
        yield f"threshold-{slug}", rules, why, script
    for slug, seconds, late in (
        ("a-second-less-by-root", -1, 0), ("reached-by-root", 0, 0), ("a-second-less-with-the-assertion", -1, 7),
        ("reached-with-the-assertion", 0, 7),
    ):  # fmt: skip
        script, true, _ = contest(late=late)
        script.root(true).at(script.parameters.threshold + seconds).about("decide", true, script.whole(0))
        script.about("confirm-by-time", true, script.whole(0))
        why = "The time of an assertion counts once, and only for the one that was first."
        yield f"decision-{slug}", ("DIS-decide", "DIS-assertion-credit"), why, script
    script, true, false = contest(late=7)
    script.root(false, EVE).at(script.parameters.threshold).about("decide", false, script.whole(0))
    script.at(script.parameters.threshold + 6).about("decide", false, script.whole(0))
    script.at(script.parameters.threshold + 7).about("decide", false, script.whole(0))
    yield "decision-of-a-later-assertion-has-its-root-only", ("DIS-assertion-credit",), why, script


def rivalries() -> Iterator[Case]:
    """Who is first, and when that ends."""
    rules = ("DIS-unrivalled-time", "DIS-rivals")
    why = "Only the first of rivals has time of its own, until the second comes; credit beyond that is stolen."
    for slug, gap in (("in-one-second", 0), ("one-second-apart", 1), ("twelve-seconds-apart", 12)):
        script, true, false = contest()
        root = script.whole(0)
        script.root(true).at(gap).root(false, EVE).at(50)
        script.about("update-timer", true, root).about("update-timer", false, root)
        yield f"rivals-{slug}", rules, why, script
    script, true, false = contest()
    third = script.trace((4, 2))
    script.admit(third).root(true).at(5).root(false, EVE).at(9).root(third, BOB).at(60)
    for trace in (true, false, third):
        script.about("update-timer", trace, script.whole(0))
    yield "third-rival-moves-nothing", rules, why, script
    script, true, false = contest()
    script.root(true).at(40).about("update-timer", true, script.whole(0)).at(50).root(false, EVE)
    script.at(90).about("update-timer", true, script.whole(0)).about("update-timer", true, script.whole(0))
    yield "updated-before-and-after-the-rival", rules, why, script


def credited() -> Iterator[Case]:
    """How time travels up."""
    rules = ("DIS-timer-by-children", "DIS-timer-monotone", "DIS-update-timer")
    why = "A cut edge is as old as itself and the younger half; the older would let a half that lost count."
    script, true, false = contest()
    root = script.whole(0)
    low, high = script.halves(root)
    script.root(true).at(3).root(false, EVE).cut(true, root).at(10).cut(false, root, EVE).at(40)
    script.about("update-timer", true, root).about("update-timer", true, low).about("update-timer", true, high)
    script.about("update-timer", true, root).about("update-timer", true, root)
    yield "younger-half-counts", rules, why, script
    for slug, seconds in (("a-second-less", -1), ("just-reached", 0)):
        script, true, false = contest()
        script.root(true).at(3).root(false, EVE).cut(true, root).at(10).cut(false, root, EVE)
        script.at(60).refine(true, high).at(script.parameters.threshold + 60 - 7 - 3 + seconds)
        inner = script.below(high)
        assert inner is not None
        script.about("update-timer", true, inner).about("update-timer", true, low)
        name = script.name(true, inner)
        script.about("update-timer-by-claim", true, high, claimant=name).about("update-timer", true, root)
        script.about("confirm-by-time", true, root)
        yield f"sum-of-a-path-{slug}", ("DIS-timer-by-claim", *rules), why, script
    why = "A step has the time of what stands for itself; that of its rival's refinement would be stolen."
    script, true, false = contest()
    script.root(true).root(false, EVE).cut(true, root).cut(false, root, EVE).at(5).refine(true, high)
    inner = script.below(high)
    assert inner is not None
    name = script.name(true, inner)
    script.at(50).about("update-timer", true, inner)
    for trace, place in ((false, high), (true, low), (true, root), (true, high), (true, high)):
        script.about("update-timer-by-claim", trace, place, claimant=name)
    script.about("update-timer-by-claim", true, high, claimant=script.name(true, root))
    script.about("update-timer-by-claim", true, high, claimant=script.name(false, high))
    script.about("update-timer-by-claim", true, high, claimant=bytes(32))
    script.send("update-timer-by-claim", edge=bytes(32), claimant=name).send("update-timer", edge=bytes(32))
    yield "claim-link", ("DIS-claim-link",), why, script


def moments() -> Iterator[Case]:
    """Time and height do not go back."""
    why = "An event from before the last one would be credited time that has not passed."
    script, true, _ = contest()
    script.root(true).at(30).about("update-timer", true, script.whole(0))
    for seconds, height in ((29, 52), (31, 51), (30, 52), (31, 53)):
        script.now, script.height = 1_000 + seconds, height
        script.about("update-timer", true, script.whole(0))
    yield "time-and-height-do-not-go-back", ("DIS-time-monotone",), why, script
    why = "A refused event must leave no trace, not even its time."
    script, true, false = contest()
    script.at(90).about("update-timer", true, script.whole(0)).at(10).root(true).root(false, EVE)
    yield "refused-event-has-no-time", ("DIS-time-monotone",), why, script


# --- whole disputes --------------------------------------------------------------------------------------------------


def dispute(script: Script, true: Trace, false: Trace, liar_first: bool) -> None:
    """Both sides take apart what is contested down to one step, which the true side proves; then timers go up."""
    sides = ((false, EVE), (true, ALICE)) if liar_first else ((true, ALICE), (false, EVE))
    for at, (trace, mover) in enumerate(sides):
        script.at(12 * at).root(trace, mover)
    path, place, clock = [script.whole(0)], script.whole(0), 24
    while True:
        cut = place[3] - place[2] > 1
        if not cut and script.below(place) is None:
            break
        for trace, mover in sides:
            script.at(clock)
            script.cut(trace, place, mover) if cut else script.refine(trace, place, mover)
        place, clock = following(script, place, true, false), clock + 12
        path.append(place)
    script.at(clock).prove(true, place).prove(false, place)
    raise_timers(script, true, path)


def following(script: Script, place: Place, true: Trace, false: Trace) -> Place:
    """The half, or the refinement, about which the traces disagree though they agree on its beginning."""
    below = script.below(place)
    if place[3] - place[2] == 1 and below is not None:
        return below
    low, high = script.halves(place)
    is_low = script.name(true, low) != script.name(false, low)
    return low if is_low else high


def raise_timers(script: Script, true: Trace, path: list[Place]) -> None:
    """When the threshold has passed: confirmations and timers from the proof up, and the decision."""
    clock = script.now + script.parameters.threshold
    script.at(clock - 1_000)
    for place in reversed(path[:-1]):
        if place[3] - place[2] == 1:
            inner = script.below(place)
            assert inner is not None
            name = script.name(true, inner)
            script.about("update-timer-by-claim", true, place, claimant=name)
            script.about("confirm-by-claim", true, place, claimant=name).about("confirm-by-time", true, place)
        else:
            for half in script.halves(place):
                script.about("update-timer", true, half)
            script.about("update-timer", true, place).about("confirm-by-children", true, place)
            script.about("confirm-by-time", true, place)
    script.about("decide", true, path[0])


def pay_out(script: Script, true: Trace, false: Trace, root: Place) -> None:
    """Refunds, reimbursements and withdrawals by outcome."""
    script.send("close", mode="normal").about("refund", true, root).about("refund", false, root)
    script.about("reimburse", true, root, via=None)
    for half in script.halves(root):
        script.about("reimburse", true, half, via=script.name(true, root))
        script.about("reimburse", false, half, via=script.name(false, root))
    for account in (ALICE, EVE, ALICE):
        script.send("withdraw", account=account)


def disputes() -> Iterator[Case]:
    """From assertions to payment; the lie is in the first, an inner, or the last step."""
    rules = ("DIS-decide", "DIS-confirm-by-one-step", "DIS-confirm-by-children", "DIS-confirm-by-claim")
    why = "A whole dispute: the true assertion wins, and money adds up."
    plans: tuple[tuple[tuple[int, ...], int, bool], ...] = (
        ((1, 1), 1, False), ((1, 1), 4, True), ((2,), 3, False), ((2, 1), 3, True), ((1, 2), 6, False),
        ((1, 1, 1), 6, True), ((0, 1), 2, False),
    )  # fmt: skip
    for heights, lie, liar_first in plans:
        script = Script(safe(heights))
        true, false = script.trace(), script.trace((lie, 1))
        script.admit(true, false)
        dispute(script, true, false, liar_first)
        pay_out(script, true, false, script.whole(0))
        shape, order = "-".join(map(str, heights)), "liar-first" if liar_first else "truth-first"
        yield f"heights-{shape}-lie-at-{lie}-{order}", rules, why, script
    script = Script(safe((0,)))
    true, false = script.trace(), script.trace((1, 1))
    script.admit(true, false).root(false, EVE).at(script.parameters.threshold).root(true)
    script.about("confirm-by-time", false, script.whole(0)).prove(true, script.whole(0))
    script.about("decide", true, script.whole(0)).about("decide", false, script.whole(0))
    why = "Of rivals one wins: a false edge that stood alone for too long is not undone by a proof that comes too late."
    yield "proof-after-a-rival-won", ("DIS-one-winner",), why, script
    script, true, false = contest()
    script.root(false, EVE).at(script.parameters.threshold).about("decide", false, script.whole(0))
    script.root(true).admit(script.trace((1, 9))).about("decide", false, script.whole(0))
    why = "Nobody answers: what stands alone wins, and after the decision no root and no assertion joins."
    yield "nobody-answers", ("DIS-decide", "DIS-root", "DIS-admit"), why, script

