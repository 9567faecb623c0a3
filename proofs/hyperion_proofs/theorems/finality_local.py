"""One validator: it goes forward, votes once for each place, and asks a row only when what its input says is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.types import Kind
from hyperion.symbolic.ideal import Ideal
from hyperion_proofs.finality.local_rows import goes_forward, places_differ, votes_anew, with_fault
from hyperion_proofs.mutant import in_place
from hyperion_proofs.solve import CVC5_INTEGERS, INTEGERS
from hyperion_proofs.statement import Statement
from hyperion_proofs.theorem import Control, Obligation, Theorem
from hyperion_proofs.theorem import Kind as Sort

SOLVERS: Final = (INTEGERS, CVC5_INTEGERS)
KINDS: Final = tuple(Kind)
Fault: TypeAlias = tuple[Callable[..., Any], str, str] | tuple[Kind, str, str]
"""A function, or a row by its kind, with a piece of its source and what is to stand there."""


def seeded(fault: Fault) -> Ideal:
    """The fault standing where the function does, or the row among the rows."""
    place, old, new = fault
    return with_fault(place, old, new) if isinstance(place, Kind) else in_place(place, old, new)


def obligation(name: str, statement: Statement, *faults: Fault) -> Obligation:
    """An obligation about integers, with pieces of the model's source exchanged if faults are given."""
    return Obligation(name, statement, SOLVERS, lambda: tuple(map(seeded, faults)), prune=False)


def word(kind: Kind) -> str:
    """The kind as a name of an obligation."""
    return kind.name.lower().replace("_", " ")


# --- rows ------------------------------------------------------------------------------------------------------------

FORWARD: Final = Theorem(
    "FIN-monotone",
    "Whatever a row does, height, round and step never go back, the locked round is never after the valid one nor that "
    "after the present one, and a lock changes only where a polka for a proposal is answered by a precommit for it.",
    (
        "FIN-lead-round", "FIN-follow-round", "FIN-skip-round", "FIN-precommit-lock", "FIN-precommit-nil", "FIN-decide",
        "FIN-timeout-precommit",
    ),
    Sort.PATHS,
    tuple(obligation(word(kind), goes_forward(kind)) for kind in KINDS),
    (
        Control(
            "further conditions are not looked at",
            obligation(
                "new round", goes_forward(Kind.NEW_ROUND), (consensus.advance, "not row.is_enabled", "False and"),
            ),
        ),
        Control(
            "a polka for nil unlocks",
            obligation(
                "polka nil",
                goes_forward(Kind.POLKA_NIL),
                (
                    Kind.POLKA_NIL,
                    "_voted(state,",
                    "_voted(msgspec.structs.replace(state, locked_round=NO_ROUND, locked_value=None),",
                ),
            ),
        ),
        Control(
            "a polka that comes after the precommit locks, too",
            obligation(
                "proposal polka",
                goes_forward(Kind.PROPOSAL_POLKA),
                (Kind.PROPOSAL_POLKA, "valid=given.value), NOTHING", "valid=given.value, lock=given.value), NOTHING"),
            ),
        ),
        Control(
            "a round that ends is entered again",
            obligation(
                "timeout precommit",
                goes_forward(Kind.TIMEOUT_PRECOMMIT),
                (Kind.TIMEOUT_PRECOMMIT, "state.round + 1", "state.round"),
            ),
        ),
    ),
    "any orderly state and any input of the kind; the height is not decided, and begins with a round (FIN-guards)",
    fast=True,
)  # fmt: skip

ONCE: Final = Theorem(
    "FIN-votes-once",
    "Over any sequence of inputs a validator casts at most one prevote and at most one precommit in a round of a "
    "height, whatever the others send.",
    ("FIN-prevote-new", "FIN-prevote-old", "FIN-prevote-invalid", "FIN-precommit-lock", "FIN-precommit-nil",
     "FIN-timeout-propose", "FIN-timeout-prevote"),
    Sort.INDUCTION,
    (
        *(obligation(word(kind), votes_anew(kind)) for kind in KINDS),
        obligation("a place is a round and type", places_differ),
    ),
    (
        Control(
            "steps are not looked at",
            obligation(
                "proposal", votes_anew(Kind.PROPOSAL), (consensus.advance, "state.step not in row.steps", "False"),
            ),
        ),
        Control(
            "an invalid proposal with a polka is told in any step, as published",
            obligation("proposal polka invalid", votes_anew(Kind.PROPOSAL_POLKA_INVALID, rightly=False)),
        ),
        Control(
            "a precommit leaves the step",
            obligation(
                "timeout prevote",
                votes_anew(Kind.TIMEOUT_PREVOTE),
                (Kind.TIMEOUT_PREVOTE, "_voted(state, VoteType.PRECOMMIT, None)",
                 "state, _voted(state, VoteType.PRECOMMIT, None)[1]"),
            ),
        ),
    ),
    "any orderly state and any input of the kind; the height is not decided, and an invalid proposal is told before "
    "the prevote only (FIN-guards)",
    argument="A vote's place in the height is beyond the rank before it and is the rank after it; no row lowers the "
    "rank (FIN-monotone), and the next height has votes of its own. So no two votes have one place.",
    fast=True,
)  # fmt: skip

THEOREMS: Final = (FORWARD, ONCE)
