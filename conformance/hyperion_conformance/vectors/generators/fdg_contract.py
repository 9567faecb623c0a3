"""The public cases of the fault game's contract, in our words: moves, steps, the block number, resolution, payment."""

from collections.abc import Iterator

from hyperion_conformance.dispute.faultplay import EVE, HONEST
from hyperion_conformance.settlement.fault_scripts import PANIC, TESTED, FaultScript, honest_root, junk

Case = tuple[str, tuple[str, ...], str, FaultScript]
BOB, ACE = 0xB0B, 0xACE
CLOCK = TESTED.max_clock


def cases() -> Iterator[Case]:
    """All of them."""
    yield from moves()
    yield from steps()
    yield from step_parity()
    yield from block_numbers()
    yield from resolutions()
    yield from payments()


def moves() -> Iterator[Case]:
    """What a move may be."""
    one = ("DIS-fdg-move",)
    yield "defence-of-the-root", ("DIS-fdg-no-defence-of-roots",), "Nothing is to its right.", FaultScript().send(
        "move", parent=0, disputed=junk(0, 1), value=junk(1), is_attack=False, claimant=EVE, paid=0
    )
    script = FaultScript()
    for is_attack in (True, False):
        script.send("move", parent=1, disputed=junk(1), value=junk(2), is_attack=is_attack, claimant=EVE, paid=0)
    yield "parent-that-is-not-there", one, "A claim that does not exist has no answers.", script
    script = FaultScript().down(9)
    yield "below-the-leaves", ("DIS-fdg-depth",), "A leaf is answered by a step, not by a claim.", script.dummy(8)
    script = FaultScript().attack(0, junk(1)).attack(0, junk(1)).attack(0, junk(2)).attack(0, junk(1), BOB)
    yield "same-move-twice", one, "A duplicate would let one bond counter twice, or the maker be changed.", script
    script = FaultScript().attack(0, junk(1)).attack(0, junk(2)).attack(1, junk(3)).attack(2, junk(3))
    yield "same-value-under-two-parents", one, "Equal values under different parents are different claims.", script
    yield "simple-attack", one, "The claim has its parent, place, bond and clock.", FaultScript().wait(5).dummy(0)
    for slug, status in (("valid", 0), ("invalid", 1), ("panic", PANIC), ("unfinished", 3), ("none", 4)):
        script = FaultScript().down(5).attack(4, junk(9, status))
        why = "Who attacks an output says that the run does not confirm it."
        yield f"root-of-a-run-by-attack-{slug}", ("DIS-fdg-run-status",), why, script
        why = "Who defends an output says that the run confirms the disputed one, unless that is of the other side."
        for side, turns in (("even", (True, True, True, False)), ("odd", (True, True, False, True))):
            script = FaultScript()
            for turn in turns:
                script.dummy(len(script.game.claims) - 1, turn)
            script.defend(4, junk(9, status))
            yield f"root-of-a-run-by-defence-{side}-{slug}", ("DIS-fdg-run-status",), why, script
    script = FaultScript().down(6).dummy(5, False).dummy(5).dummy(6, False)
    yield "defence-of-the-root-of-a-run", ("DIS-fdg-no-defence-of-roots",), "Nothing of the run is right of it.", script
    bond = 200 * 10**9 * 400_000
    script = FaultScript().dummy(0, paid=0).dummy(0, paid=bond).dummy(0)
    paid = int(str(script.events[-1]["paid"]))  # type: ignore[call-overload, index]
    script.dummy(0, paid=paid + 1).dummy(0, paid=paid - 1)
    yield "wrong-bond", ("DIS-fdg-bond-exact",), "More or less than the bond of the depth is refused.", script
    script = FaultScript().dummy(0).dummy(1, disputed=junk(0, 1)).dummy(1)
    why = "A move that names no value could come to attack another claim when the L1 is reorganised."
    yield "another-claim-is-meant", ("DIS-fdg-move-binds",), why, script
    script = FaultScript().wait(CLOCK).resolve(0).send("resolve").dummy(0).resolve(0).send("resolve")
    yield "after-the-end", one, "After the outcome nothing moves any more.", script


def steps() -> Iterator[Case]:
    """Steps against leaves."""
    rules = ("DIS-fdg-step", "DIS-fdg-step-once")
    script = FaultScript().down(9)
    for claim in (0, 7, 9):
        script.stepping(claim, True)
    script.stepping(8, True).stepping(8, True)
    yield "twice", rules, "A leaf that is countered cannot be countered by another, who would take its bond.", script
    script = FaultScript().down(9).stepping(8, True, proof=b"").stepping(8, True, state=b"other")
    script.stepping(8, True, state=b"").stepping(8, False)
    why = "From another state than the one claimed, a step says nothing."
    yield "from-another-state", ("DIS-fdg-prestate",), why, script
    script = FaultScript().down(9).wait(CLOCK).resolve(8).stepping(8, True).resolve(7)
    why = "A step after the leaf is settled would turn the claim above although the bond has gone back."
    yield "after-the-leaf-is-settled", rules, why, script
    for slug, last in (("true", None), ("false", junk(77))):
        script = FaultScript(root=honest_root()).down(5).attack(4, junk(9, PANIC))
        for _ in range(2):
            script.dummy(len(script.game.claims) - 1)
        script.attack(len(script.game.claims) - 1, last)
        leaf = len(script.game.claims) - 1
        script.stepping(leaf, True)
        why = "Every run starts from the one prestate."
        yield f"first-of-a-run-{slug}", ("DIS-fdg-absolute-prestate",), why, script
    why = "The first step of any run, also of one further right, starts from the absolute prestate."
    for slug, last in (("true", None), ("false", junk(77))):
        script = FaultScript()
        for turn in (True, False, False, True, True, True, True):
            script.dummy(len(script.game.claims) - 1, turn)
        script.attack(7, last).stepping(8, True)
        yield f"first-of-a-later-run-{slug}", ("DIS-fdg-absolute-prestate",), why, script
    why = "The status byte of the claim that is stepped from does not count; all other bytes do."
    for slug, at in (("status", 0), ("first", 1), ("last", 31)):
        script = FaultScript().down(5).dummy(4).attack(5, junk(60)).defend(6, junk(61))
        true = script.true(7, True)
        changed = bytes([*true[:at], true[at] ^ 1, *true[at + 1 :]])
        script.attack(7, changed).stepping(8, False)
        yield f"prestate-with-another-{slug}-byte", ("DIS-fdg-prestate",), why, script
    script = FaultScript().down(9)
    for key in range(7):
        script.send("local-data", claim=8, key=key).send("local-data", claim=5, key=key)
    script.send("local-data", claim=4, key=1).send("local-data", claim=99, key=1)
    why = "The machine is told what its run is about; outputs exchanged, it would confirm anything."
    yield "local-data-of-the-first-run", ("DIS-fdg-local-data", "DIS-fdg-context"), why, script
    for slug, turns in (("a-defence", (True, True, False, True)), ("two-defences", (True, False, False, False))):
        for is_attack in (True, False):
            script = FaultScript()
            for turn in turns:
                script.dummy(len(script.game.claims) - 1, turn)
            script.move(4, is_attack, junk(50, 1)).move(4, is_attack, junk(51, 0))
            for key in range(1, 6):
                script.send("local-data", claim=5, key=key)
            end = "attacked" if is_attack else "defended"
            yield f"local-data-after-{slug}-{end}", ("DIS-fdg-local-data", "DIS-fdg-context"), why, script
    script = FaultScript(more={"l2_block": 103})
    for turn in (True, False, False, False, True):
        script.dummy(len(script.game.claims) - 1, turn)
    why = "The block to reach is never beyond the one that the game is about."
    script.send("local-data", claim=5, key=4)
    yield "block-to-reach-is-capped", ("DIS-fdg-local-data",), why, script


def step_parity() -> Iterator[Case]:
    """In the middle of a run somebody defends a true claim: who may step against the leaf."""
    rules, why = ("DIS-fdg-step-parity",), "Steps count only against the other side: else true claims are countered."
    for slug, fifth, sixth, leaf, is_attack in (
        ("into-a-false-leaf", None, junk(61), junk(62), True),
        ("into-a-true-leaf", None, junk(61), None, True),
        ("out-of-a-true-leaf-to-a-true-claim", junk(60), None, None, False),
        ("out-of-a-true-leaf-to-a-false-claim", None, junk(61), None, False),
        ("out-of-a-false-leaf", None, junk(61), junk(62), False),
    ):
        script = FaultScript().down(5).dummy(4).attack(5, fifth).defend(6, sixth).attack(7, leaf)
        script.stepping(8, is_attack)
        yield f"step-{slug}", rules, why, script


def block_numbers() -> Iterator[Case]:
    """The root claim is about another block than the game says."""
    rules = ("DIS-fdg-block-number", "DIS-fdg-block-number-first")
    why = "Who shows that the root is about another block gets its bond before all others."
    challenge = {"evidence": 7, "challenger": ACE}
    script = FaultScript().send("challenge-block-number", **challenge).send("challenge-block-number", **challenge)
    script.dummy(0).wait(CLOCK + 1).resolve(0).send("resolve")
    yield "block-number-refuted", rules, why, script
    script = FaultScript().attack(0, junk(1), BOB).send("challenge-block-number", **challenge).wait(CLOCK + 1)
    script.resolve(1, 0).send("resolve").pay(EVE, BOB, ACE)
    yield "block-number-before-the-leftmost", rules, why, script
    script = FaultScript().send("challenge-block-number", evidence=116, challenger=ACE).wait(CLOCK + 1)
    script.send("challenge-block-number", evidence=None, challenger=ACE)
    script.resolve(0).send("challenge-block-number", **challenge).send("resolve")
    script.send("challenge-block-number", **challenge)
    why = "A root about the right block stands; after it is settled its number cannot be challenged."
    yield "block-number-right", ("DIS-fdg-block-number", "DIS-fdg-block-number-open"), why, script


def resolutions() -> Iterator[Case]:
    """From the leaves up."""
    rules = ("DIS-fdg-resolve-claim", "DIS-fdg-resolve")
    why = "A claim is settled when its clock has run out and its answers are settled."
    yield "uncontested", rules, why, FaultScript().wait(CLOCK).resolve(0).send("resolve")
    yield "uncontested-a-second-early", rules, why, FaultScript().wait(CLOCK - 1).resolve(0).wait(1).resolve(0)
    yield "unresolved-root", rules, why, FaultScript().wait(CLOCK).send("resolve")
    yield "contested", rules, why, FaultScript().dummy(0).wait(CLOCK).resolve(1, 0).send("resolve")
    script = FaultScript().dummy(0).dummy(1, False).wait(CLOCK).resolve(2, 1, 0).send("resolve")
    yield "challenge-contested", rules, why, script
    script = FaultScript().dummy(0).dummy(0).dummy(1, False).dummy(1, False).wait(CLOCK).resolve(4, 3, 2, 1, 0)
    yield "several-answers", rules, why, script.send("resolve")
    script = FaultScript().down(9).wait(CLOCK).resolve(*reversed(range(9))).send("resolve")
    yield "to-the-leaves", rules, why, script
    yield "claim-twice", rules, why, FaultScript().dummy(0).dummy(1).wait(CLOCK).resolve(2, 1, 1)
    yield "leaf-twice", rules, why, FaultScript().down(9).wait(CLOCK).resolve(8, 8)
    yield "out-of-order", rules, why, FaultScript().dummy(0).dummy(1).wait(CLOCK).resolve(0, 9)
    script = FaultScript()
    for number in range(8):
        script.attack(0, junk(number), BOB if number % 2 else ACE)
    script.wait(CLOCK + 1).resolve(*range(1, 9)).resolve(0, count=3).send("resolve").resolve(0, count=3)
    script.resolve(0, count=9).send("resolve")
    yield "in-pages", ("DIS-fdg-pages",), "Pages of any size give the same outcome.", script
    script = FaultScript().dummy(0).dummy(0).wait(CLOCK).resolve(1).resolve(0, count=1).resolve(0, count=1).resolve(2)
    script.resolve(0, count=1)
    why = "An answer that is not settled is not passed over."
    yield "page-with-an-unsettled-answer", ("DIS-fdg-pages",), why, script


def payments() -> Iterator[Case]:
    """Who gets which bond, and when."""
    rules: tuple[str, ...] = ("DIS-fdg-settle", "DIS-fdg-distribute")
    why = "Bonds of countered claims go to the leftmost answer that stands; nothing is paid twice."
    script = FaultScript().down(9).stepping(8, True, EVE).wait(CLOCK).resolve(*reversed(range(9))).send("resolve")
    yield "one-player-gets-all-back", rules, why, script.pay(EVE)
    script = FaultScript()
    for depth in range(8):
        script.dummy(depth, by=BOB if depth % 2 else HONEST)
    script.stepping(8, True, HONEST).wait(CLOCK).resolve(*reversed(range(9))).send("resolve")
    yield "two-players", rules, why, script.pay(EVE, BOB, HONEST)
    rules = ("DIS-fdg-leftmost",)
    why = "The leftmost answer counts, and of several at one place the oldest; else bonds are stolen by copying."
    script = FaultScript().dummy(0, by=BOB).dummy(1, False, HONEST).dummy(1, True, ACE).dummy(1, True, EVE)
    script.wait(CLOCK).resolve(4, 3, 2, 1, 0).send("resolve").pay(ACE, HONEST, EVE, BOB)
    yield "leftmost-answer", rules, why, script
    script = FaultScript().dummy(0, by=BOB).dummy(0, by=ACE).wait(CLOCK).resolve(2, 1, 0).send("resolve")
    yield "oldest-of-equals", rules, why, script.pay(ACE, BOB)
    script = FaultScript().dummy(0, by=BOB).dummy(1, True, ACE).dummy(1, False, EVE).dummy(2, True, HONEST)
    script.wait(CLOCK).resolve(4, 3, 2, 1, 0).send("resolve").pay(ACE, HONEST, EVE, BOB)
    yield "leftmost-that-stands", rules, why, script
    why = "Closed once, after the air gap, unpaused; by refund each gets its own."
    for slug, proper in (("by-outcome", True), ("by-refund", False)):
        script = FaultScript().dummy(0, by=BOB).send("close", is_proper=True, is_paused=False).wait(CLOCK)
        script.resolve(1, 0).send("resolve").send("claim-credit", account=BOB).wait(TESTED.air_gap)
        script.send("close", is_proper=proper, is_paused=False).wait(1)
        script.send("close", is_proper=proper, is_paused=True).send("close", is_proper=proper, is_paused=False)
        script.send("close", is_proper=not proper, is_paused=False)
        for account in (BOB, EVE, ACE):
            script.send("claim-credit", account=account)
        script.wait(TESTED.withdrawal_delay - 1).send("claim-credit", account=BOB).wait(1)
        for account in (BOB, BOB, EVE):
            script.send("claim-credit", account=account)
        yield f"closed-{slug}", ("DIS-fdg-close", "DIS-fdg-credit", "DIS-fdg-mode"), why, script
