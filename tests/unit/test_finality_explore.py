"""Exploration of finality: one round in full, a control with too heavy a liar, and the commands."""

from typer.testing import CliRunner

from hyperion_conformance.cli.bft import app as bft
from hyperion_conformance.cli.explore import app
from hyperion_conformance.exploration.bft import BftPlan
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


def test_commands_say_what_they_found() -> None:
    result = CliRunner().invoke(app, ["bft", "--rounds", "1"])
    assert result.exit_code == 0 and "244 states" in result.output and "holds" in result.output
    assert CliRunner().invoke(app, ["bft", "--honest", "2", "--liar", "2", "--rounds", "1"]).exit_code == 1
    result = CliRunner().invoke(bft, ["simulate", "--validators", "4", "--heights", "3", "--check"])
    assert result.exit_code == 0 and "decided" in result.output
    assert CliRunner().invoke(bft, ["simulate", "--adversary", "none"]).exit_code == 2
    assert CliRunner().invoke(bft, ["replay", "tests"]).exit_code == 2
