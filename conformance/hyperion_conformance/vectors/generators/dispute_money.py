"""Cases of ``dispute.game`` about money: stakes, the mode, refunds, reimbursements, withdrawals."""

from collections.abc import Iterator

from hyperion_conformance.settlement.labels import Trace
from hyperion_conformance.settlement.scripts import ALICE, EVE, Script, safe

Case = tuple[str, tuple[str, ...], str, Script]
BOB = 0xB0B
JUNK = b"\x77" * 32


def rooted(levels: int = 1) -> tuple[Script, Trace, Trace, Trace]:
    """Three roots, one of them true; the false ones are by Eve, and by Bob with the same last state as the true one."""
    script = Script(safe((1,) * levels))
    steps = 2**levels
    true, false, twin = script.trace(), script.trace((steps, 1)), script.trace((1, 2), (steps, 0))
    script.admit(true, false).root(true).at(12).root(false, EVE)
    claim = next(event["claim"] for event in script.events if isinstance(event, dict) and event["event"] == "admit")
    if levels == 1:
        script.root(twin, BOB, claim=claim)
    return script, true, false, twin


def decided(more: tuple[str, ...] = ()) -> tuple[Script, Trace, Trace, Trace]:
    """The true root and both its steps are proved, and it has won."""
    script, true, false, twin = rooted()
    root = script.whole(0)
    low, high = script.halves(root)
    script.cut(true, root).cut(false, root, EVE).cut(twin, root, BOB).prove(true, low).prove(true, high)
    script.about("confirm-by-children", true, root)
    for name in more:
        script.about(name, true, root)
    return script, true, false, twin


def cases() -> Iterator[Case]:
    """All of them."""
    yield from modes()
    yield from refunds()
    yield from reimbursements()
    yield from withdrawals()


def modes() -> Iterator[Case]:
    """How money is given out is decided once."""
    why = "Paid by outcome and by refund, money goes out twice."
    script, true, false, _ = decided()
    root = script.whole(0)
    script.send("close", mode="normal").send("close", mode="open").about("refund", true, root)
    script.about("reimburse", true, root, via=None).about("decide", true, root)
    script.send("close", mode="normal").send("close", mode="refund").send("close", mode="normal")
    script.about("refund", true, root).about("refund", false, root)
    yield "closed-once", ("DIS-mode",), why, script
    why = "In a game that pays back there are no more moves, and each gets its own."
    script, true, false, twin = decided(("decide",))
    script.send("close", mode="refund")
    for name in ("update-timer", "confirm-by-time", "decide", "confirm-by-children"):
        script.about(name, true, root)
    script.cut(true, root).root(true).prove(true, script.halves(root)[0]).admit(script.trace((2, 7)))
    for trace in (false, true, twin, false):
        script.about("refund", trace, root)
    script.about("reimburse", true, root, via=None)
    for account in (EVE, ALICE, BOB, BOB):
        script.send("withdraw", account=account)
    yield "refund-to-all", ("DIS-mode", "DIS-refund"), why, script
    why = "After a normal close the game goes on, as far as money needs it."
    script, true, false, _ = decided(("decide",))
    script.send("close", mode="normal").root(true).admit(script.trace((2, 7))).about("confirm-by-time", false, root)
    script.at(400).about("update-timer", true, root).about("confirm-by-time", true, root).about("decide", true, root)
    yield "moves-after-a-normal-close", ("DIS-mode", "DIS-admit"), why, script


def refunds() -> Iterator[Case]:
    """Stakes go back."""
    why = "A stake that goes back twice, or for a lost edge, is somebody else's."
    script, true, false, twin = decided(("decide",))
    root = script.whole(0)
    script.about("refund", true, root).send("close", mode="normal")
    script.send("refund", edge=JUNK).about("refund", true, script.halves(root)[0])
    for trace in (false, twin, true, true):
        script.about("refund", trace, root)
    yield "refund-by-outcome", ("DIS-refund", "DIS-stake-held"), why, script
    why = "The first stake is held for the winner, also if the loser put it there."
    script = Script(safe((1,)))
    true, false = script.trace(), script.trace((1, 1))
    low, high = script.halves(root)
    script.admit(true, false).root(false, EVE).root(true).cut(true, root).cut(false, root, EVE)
    script.prove(true, low).prove(true, high).about("confirm-by-children", true, root).about("decide", true, root)
    script.send("close", mode="normal").about("refund", true, root).about("refund", false, root)
    script.send("withdraw", account=ALICE)
    yield "winner-gets-the-first-stake", ("DIS-refund", "DIS-stake-held"), why, script
    script = Script(safe((1,)))
    script.admit(true, false).root(false, EVE).root(true).send("close", mode="refund")
    script.about("refund", true, root).about("refund", false, root).about("refund", true, root)
    yield "refund-from-escrow-and-pool", ("DIS-refund", "DIS-stake-held"), why, script


def reimbursements() -> Iterator[Case]:
    """Useful edges are paid for."""
    rules = ("DIS-useful", "DIS-reimburse")
    why = "Paid for an edge that is not of the winning history, or paid twice, the pool is emptied by losers."
    script, true, false, twin = decided(("decide",))
    root = script.whole(0)
    low, high = script.halves(root)
    name = script.name(true, root)
    script.about("reimburse", true, root, via=None).send("close", mode="normal")
    script.about("reimburse", true, low, via=name).about("reimburse", true, low, via=None)
    script.about("reimburse", false, root, via=None).about("reimburse", twin, root, via=None)
    script.send("reimburse", edge=JUNK, via=None).about("reimburse", true, root, via=JUNK)
    script.about("reimburse", true, root, via=name).about("reimburse", true, root, via=None)
    script.about("reimburse", true, root, via=None).about("reimburse", true, high, via=name)
    script.about("reimburse", true, low, via=name).about("reimburse", true, low, via=name)
    script.about("reimburse", false, high, via=name).about("reimburse", false, high, via=script.name(false, root))
    script.about("reimburse", twin, low, via=script.name(twin, root)).send("withdraw", account=ALICE)
    yield "useful-edges", rules, why, script
    why = "A refinement is useful only if it is confirmed: another may end alike and lie inside."
    script = Script(safe((0, 1), provable=(False, True)))
    true, false, inner_lie = script.trace(), script.trace((2, 1)), script.trace((1, 3), (2, 0))
    script.admit(true, false).root(true).root(false, EVE)
    step, inner = script.whole(0), script.below(script.whole(0))
    assert inner is not None
    script.refine(true, step).refine(inner_lie, step, BOB, edge=script.name(true, step)).refine(false, step, EVE)
    script.cut(true, inner)
    for half in script.halves(inner):
        script.prove(true, half)
    script.about("confirm-by-children", true, inner)
    script.about("confirm-by-claim", true, step, claimant=script.name(true, inner)).about("decide", true, step)
    script.send("close", mode="normal").about("reimburse", true, step, via=None)
    for trace in (inner_lie, false, true):
        script.about("reimburse", trace, inner, via=script.name(true, step))
    yield "useful-refinement", rules, why, script
    why = "Paid in full or not at all, so that nobody can waste another's claim on a pool that is nearly empty."
    script = Script(safe((1,)))
    true, false = script.trace(), script.trace((2, 1))
    script.admit(true, false).root(true).at(script.parameters.threshold).about("confirm-by-time", true, root)
    script.about("decide", true, root).send("close", mode="normal").about("reimburse", true, root, via=None)
    yield "empty-pool", rules, why, script


def withdrawals() -> Iterator[Case]:
    """Money leaves when it is taken."""
    why = "A second withdrawal finds nothing."
    script, true, _, _ = decided(("decide",))
    root = script.whole(0)
    script.send("withdraw", account=ALICE).send("close", mode="normal").about("refund", true, root)
    script.send("withdraw", account=EVE).send("withdraw", account=ALICE).send("withdraw", account=ALICE)
    script.about("reimburse", true, root, via=None).send("withdraw", account=ALICE)
    yield "withdrawn-once", ("DIS-withdraw",), why, script
