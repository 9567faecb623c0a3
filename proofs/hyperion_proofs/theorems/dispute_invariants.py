"""The edge game keeps its invariants: any number of edges, players and levels, any heights, every event.

A state is any state of which the invariants hold; the event is any event of its kind, at any later time; what is
claimed is claimed of an arbitrary edge. The transition is the game's own ``step``.
"""

from typing import Any, Final

from hyperion.settlement.dispute import confirmation, funds, moves
from hyperion_proofs.dispute.histories import HISTORIES, NAMES
from hyperion_proofs.dispute.keeping import broken, kept
from hyperion_proofs.dispute.silence import seeded
from hyperion_proofs.theorem import Control, Kind, Theorem

SIZES: Final = "The invariants hold before; times are below 2**63. No edge is there at the start, so they hold there."
WHY: Final = "By induction on the events: what is proved of an arbitrary edge after an arbitrary event holds of all."


def control(weakening: str, kind: str, name: str, function: Any, old: str, new: str) -> Control:
    """The event with a fault breaks the invariant."""
    return Control(weakening, broken(kind, name, seeded(function, old, new, "dispute")))


STRUCTURE: Final = Theorem(
    "DIS-structure",
    "Every edge is named by its content, lies in its level, begins where its end began, has halves that meet at the "
    "cut and are parts of no other question, and as a root of a level begins and ends where what it stands for does.",
    ("DIS-mutual-id", "DIS-edge-id", "DIS-bisect", "DIS-shared-half", "DIS-root", "DIS-refine", "DIS-step-ends"),
    Kind.INDUCTION,
    kept("structure"),
    (
        control("the upper half starts where the edge does", "Bisect", "halved", moves.bisect, "origin, cut, end,",
                "origin, start, end,"),
        control("the end of a refinement is not bound", "Refine", "stands_for", moves.refine,
                "verifier.leave(level, event.after)", "verifier.leave(level, event.before)"),
    ),
    SIZES, (NAMES, HISTORIES), WHY,
)  # fmt: skip

TIMES: Final = Theorem(
    "DIS-path-order",
    "The first of rivals is the oldest, every other came when it was rivalled or later, and no edge is older than the "
    "time at which what it is a part of was rivalled: unrivalled times on a path do not overlap.",
    ("DIS-rivals", "DIS-bisect", "DIS-refine", "DIS-root", "DIS-admit"),
    Kind.INDUCTION,
    kept("time"),
    (
        control("unrivalled edges are cut", "Bisect", "younger", moves.contested,
                "not is_rivalled(game, edge)", "False"),
        control("a third rival counts as the one that ended the first's time", "Root", "first_is_oldest", moves.joined,
                "if rivalry.rivalled_at is None:", "if True:"),
    ),
    SIZES, (NAMES, HISTORIES), WHY,
)  # fmt: skip

WINNER: Final = Theorem(
    "DIS-at-most-one",
    "Of rivals at most one is ever confirmed, and it stays so: a confirmed edge is the one that its rivalry names.",
    ("DIS-one-winner", "DIS-confirm-by-time", "DIS-confirm-by-children", "DIS-confirm-by-claim",
     "DIS-confirm-by-one-step"),
    Kind.INDUCTION,
    kept("winner"),
    (
        control("a confirmed rival does not matter", "ConfirmByTime", "one_winner", confirmation.confirmed,
                "rivalry.confirmed is not None", "False"),
    ),
    SIZES, (NAMES, HISTORIES), WHY,
)  # fmt: skip

STAKES: Final = Theorem(
    "DIS-stakes",
    "An edge has the stake of its level if it opens it, else none, as long as the game lasts; a stake goes back only "
    "when the mode is decided, and normally only that of a confirmed root.",
    ("DIS-stake-exact", "DIS-refund", "DIS-mode", "DIS-reimburse"),
    Kind.INDUCTION,
    kept("stakes"),
    (
        control("any payment opens a level", "Root", "staked", moves.opened, "event.paid != rules.stake", "False"),
        control("stakes of losers go back", "Refund", "paid_back", funds.refund,
                "game.mode is Mode.NORMAL and not edge.confirmed", "False"),
        control("money is given out before the decision", "Refund", "paid_back", funds.refund,
                "game.mode is Mode.OPEN", "False"),
    ),
    SIZES, (NAMES, HISTORIES), WHY,
)  # fmt: skip

THEOREMS: Final = (STRUCTURE, TIMES, WINNER, STAKES)

