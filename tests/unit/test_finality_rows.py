"""The state table: what asking the rows shows is what the algorithm says, and is all that they do."""

import itertools

import msgspec
import pytest

from hyperion.sequencer.finality.consensus import TABLE, Row, advance
from hyperion.sequencer.finality.types import Kind, Refusal, Step
from hyperion_conformance.bft.rows import effect_of, effects, inputs, states


def row_of(kind: Kind) -> Row:
    return next(row for row in TABLE if row.kind == kind)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.kind.name)
def test_every_way_that_the_function_takes_is_in_the_table(row: Row) -> None:
    """Asked in all steps, not only in those of the row."""
    anywhere = msgspec.structs.replace(row, steps=frozenset(Step))
    taken = set()
    for state, given in itertools.product(states(anywhere), inputs(row)):
        after, output = advance(state, given)
        if not isinstance(output, Refusal):
            taken.add((state.step, after.step))
    effect = effect_of(row)
    assert taken == set(effect.moves) and effect.outcomes


def test_rows_do_what_the_paper_says() -> None:
    outcomes = {effect.row.kind: set(effect.outcomes) for effect in effects()}
    assert len(outcomes) == len(TABLE)
    assert outcomes[Kind.PROPOSAL] == outcomes[Kind.PROPOSAL_POLKA_PREVIOUS] == {
        "prevote for the value", "prevote for nil",
    }  # fmt: skip
    assert outcomes[Kind.PROPOSAL_POLKA] == {"precommit for the value", "lock on the value", "valid value"}
    assert outcomes[Kind.TIMEOUT_PRECOMMIT] == {"next round"}
    assert effect_of(row_of(Kind.PROPOSAL_COMMIT)).moves == tuple(
        (step, Step.COMMIT) for step in Step if step != Step.COMMIT
    )


def test_control_another_row_has_another_effect() -> None:
    lock = row_of(Kind.PROPOSAL_POLKA)
    careless = msgspec.structs.replace(lock, act=row_of(Kind.POLKA_NIL).act)
    assert effect_of(careless).outcomes == ("precommit for nil",)
