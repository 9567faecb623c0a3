"""Exploration of finality: small heights in full, before and after stabilisation, controls, and the commands."""

import pytest
from typer.testing import CliRunner

from hyperion.sequencer.finality import node
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import Step
from hyperion.sequencer.finality.votes import is_skip
from hyperion_conformance.cli.bft import app as bft
from hyperion_conformance.cli.explore import app
from hyperion_conformance.exploration.bft import BftPlan, Local
from hyperion_conformance.exploration.bft_hunting import begun_from, hunted, most_rounds
from hyperion_conformance.exploration.bft_node import NodePlan
from hyperion_conformance.exploration.bft_stable import StablePlan
from hyperion_conformance.exploration.liveness import stranded
from hyperion_conformance.exploration.search import begin, explore


def test_one_round_holds() -> None:
    search = explore(begin(BftPlan(rounds=1)))
    assert search.is_complete and search.fault is None
    assert (len(search.states), len(search.targets)) == (244, 486)


def test_a_liar_of_half_the_weight_breaks_agreement() -> None:
    search = explore(begin(BftPlan(honest=2, liar=2, rounds=1)))
    assert search.fault is not None and search.fault.what == "two validators have decided differently"


def test_names_do_not_matter() -> None:
    """States are merged only with such that differ in names: canonical is idempotent, and blind to swaps."""
    search = explore(begin(BftPlan(rounds=1)))
    system = search.system
    for state in search.states[::7]:
        assert system.canonical(state) == state
        assert system.canonical(tuple(reversed(state))) == state
        swapped = tuple(system.renamed(local, 1) for local in state)  # type: ignore[attr-defined]
        assert system.canonical(swapped) == state
    assert system.unpack(system.pack(search.states)) == search.states


def test_a_node_does_what_the_rows_do() -> None:
    """The first 4,000 states of one validator among three others, with two values; the command has them all."""
    search = explore(begin(NodePlan(values=2)), watch=lambda search: len(search.states) < 4_000)
    assert search.fault is None and search.depth >= 4
    assert search.system.unpack(search.system.pack(search.states[:50])) == search.states[:50]


def test_a_node_that_skips_for_one_vote_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a round is skipped for any weight, as no row allows."""
    monkeypatch.setattr(node, "is_skip", lambda weight, total: weight > 0 or is_skip(weight, total))
    search = explore(begin(NodePlan(rounds=2, values=1)))
    assert search.fault is not None and search.fault.what == "ROUND_SKIP is not offered by the rows"


@pytest.mark.rule("FIN-rebroadcast")
def test_a_liar_cannot_leave_one_behind() -> None:
    """What ended a round is sent again; without that, who is left in it can do nothing (six steps from the start)."""
    rows = BftPlan(rounds=1, values=1)
    found = explore(begun_from(StablePlan(rows, endings_shown=False), [rows.build().initial()]))
    assert found.fault is not None and found.fault.what == "nothing can happen without the liar"


ROUNDS = 3


def test_a_stable_network_decides() -> None:
    """From the start of a height, with one value: at most so many rounds; beyond that is a fault, which is told."""
    rows = BftPlan(rounds=1, values=1)
    start = [rows.build().initial()]
    search = explore(begun_from(StablePlan(rows, counted=False), start))
    assert search.is_complete and search.fault is None
    assert most_rounds(search) == ROUNDS and stranded(search) == []
    assert search.system.unpack(search.system.pack(search.states[:50])) == search.states[:50]
    early = explore(begun_from(StablePlan(rows, most=1), start))
    assert early.fault is not None and early.fault.what == "not decided after 1 rounds"


def late_lock() -> tuple[Local, Local, Local]:
    """One validator is locked on what nobody else saw a polka for, as a round ends."""
    nil = Local(Consensus(b"", 0, 1, Step.PRECOMMIT), (None, None), (None, None))
    free = Local(Consensus(b"", 0, 1, Step.PRECOMMIT), (b"A", None), (None, None))
    locked = Local(Consensus(b"", 0, 1, Step.PRECOMMIT, 0, b"A", 0, b"A"), (b"A", None), (b"A", None))
    return locked, free, nil


@pytest.mark.parametrize(
    ("fixed", "shown", "found"),
    [(True, True, None), (True, False, "not decided after 20 rounds"), (False, True, "not decided after 20 rounds")],
    ids=["a rotation decides", "but not with polkas hidden", "nor with leaders in any order"],
)
def test_with_two_values_all_decide_if_leaders_rotate_and_polkas_are_shown(
    fixed: bool, shown: bool, found: str | None
) -> None:
    """Searches that go deep, 5,000 states at most; ``explore bft-stable --fixed`` exhausts the first in a minute."""
    plan = StablePlan(BftPlan(rounds=2, values=2), polkas_shown=shown, fixed=fixed, most=20)
    fault, _ = hunted(plan, next(plan.build().begun(late_lock())), 5_000)
    assert fault == found


def test_commands_say_what_they_found() -> None:
    result = CliRunner().invoke(app, ["bft", "--rounds", "1"])
    assert result.exit_code == 0 and "244 states" in result.output and "holds" in result.output
    assert CliRunner().invoke(app, ["bft", "--honest", "2", "--liar", "2", "--rounds", "1"]).exit_code == 1
    result = CliRunner().invoke(bft, ["simulate", "--validators", "4", "--heights", "3", "--check"])
    assert result.exit_code == 0 and "decided" in result.output
    assert CliRunner().invoke(bft, ["simulate", "--adversary", "none"]).exit_code == 2
    assert CliRunner().invoke(bft, ["replay", "tests"]).exit_code == 2
