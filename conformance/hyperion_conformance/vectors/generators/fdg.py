"""Cases of ``fdg.game``: what the public tests of the contract and of the solver state, and what they leave out.

The public cases are facts, told in our words: which moves are made, and how it has to end. They were made for the
contract (``FaultDisputeGame.t.sol``) and for the honest challenger (``game_solver_test.go``) of the OP stack. What each
demands is a table of its own, in the tests, against which the filled cases are held.
"""

from collections.abc import Iterator
from typing import Final

import attrs

from hyperion_conformance.dispute.faultplay import SMALL
from hyperion_conformance.settlement.fault_scripts import TESTED, FaultScript
from hyperion_conformance.vectors.generators import fdg_clocks, fdg_contract, fdg_solver, fdg_walks
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
Case = tuple[str, tuple[str, ...], str, FaultScript]


def games(seed: int, count: int) -> Iterator[Draft]:
    """All cases."""
    for group, cases in (
        ("open", opened),
        ("contract", fdg_contract.cases),
        ("clocks", fdg_clocks.cases),
        ("solver", fdg_solver.cases),
    ):
        for slug, rules, why, script in cases():
            yield Draft("fdg.game", group, slug, rules, why, FORK, script.session)
    for slug, script in fdg_walks.walks(seed, count):
        why = "Moves at random against an honest player: it loses no game and no bond."
        yield Draft("fdg.game", "random", slug, ("DIS-fdg-move", "DIS-fdg-settle"), why, FORK, script.session)


def opened() -> Iterator[Case]:
    """Parameters and proposals on both sides of what is allowed."""
    why = "A game with such parameters cannot be played to a right end, so it is not opened."
    change = attrs.evolve
    for slug, parameters in {
        "as-tested": TESTED,
        "small": SMALL,
        "split-of-two": change(TESTED, split_depth=2),
        "split-of-one": change(TESTED, split_depth=1),
        "split-two-above-the-leaves": change(TESTED, split_depth=6),
        "split-just-above-the-leaves": change(TESTED, split_depth=7),
        "deepest": change(TESTED, max_depth=125),
        "too-deep": change(TESTED, max_depth=126),
        "two-extensions-fill-the-clock": change(TESTED, extension=TESTED.max_clock // 2),
        "two-extensions-exceed-the-clock": change(TESTED, extension=TESTED.max_clock // 2 + 1),
        "preimage-fills-the-clock": change(TESTED, preimage_period=TESTED.max_clock - TESTED.extension),
        "preimage-exceeds-the-clock": change(TESTED, preimage_period=TESTED.max_clock - TESTED.extension + 1),
        "no-clock": change(TESTED, max_clock=0, extension=0, preimage_period=0),
    }.items():
        yield f"parameters-{slug}", ("DIS-fdg-parameters",), why, FaultScript(parameters).resolve(0)
    why = "A proposal must be above its anchor, and cost the bond of the root."
    bond = 200 * 10**9 * 400_000
    for slug, more in {
        "one-block-above": {"l2_block": 101},
        "at-the-anchor": {"l2_block": 100},
        "bond-too-high": {"paid": bond + 1},
        "bond-too-low": {"paid": bond - 1},
        "bond-exact": {"paid": bond},
    }.items():
        yield f"proposal-{slug}", ("DIS-fdg-open", "DIS-fdg-bond"), why, FaultScript(more=more).resolve(0)


