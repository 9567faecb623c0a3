"""The measured programs do what they say: otherwise a figure means nothing."""

from typing import Final

import pytest

from hyperion.vm.machine import Halt, Machine, Status
from hyperion.vm.step import run
from hyperion_conformance.assembler import assemble
from hyperion_conformance.token import TRANSFER_EVENT
from tests.benchmark.programs import (
    RECIPIENT,
    TARGET,
    TOKEN,
    Program,
    program,
    programs,
    sort,
    transfers,
)
from tests.benchmark.workers.model import instructions, load, start_of

SMALL: Final = {entry["name"]: entry for entry in programs(0.1)}


def end_of(given: Program) -> Machine:
    return run(start_of(dict(given)))


@pytest.mark.parametrize("name", [name for name, entry in SMALL.items() if not entry["filler"]])
def test_a_program_succeeds_and_its_worker_counts_it(name: str) -> None:
    answer = load(dict(SMALL[name]))()()
    assert answer["succeeds"]
    assert answer["gas"] > 0
    assert answer["instructions"] > 50


def test_the_sort_sorts() -> None:
    end = end_of(program("sort", "", sort(12)))
    words = [end.memory.load(32 * index) for index in range(12)]
    assert words == sorted(words)
    assert len(set(words)) == 12


def test_the_token_moves_balances_and_tells() -> None:
    end = end_of(transfers(5))
    assert sorted(end.world.account(TOKEN).storage.values()) == [5, 10**9 - 5]
    assert [log.topics for log in end.substate.logs] == [(TRANSFER_EVENT, TARGET, RECIPIENT)] * 5
    assert end.memory.load(128) == 1


def test_control_a_transfer_beyond_the_balance_reverts() -> None:
    """Without its mint the token refuses: no balance, no event."""
    given = transfers(1)
    code = given["accounts"][given["target"]]["code"]
    given["accounts"][given["target"]]["code"] = code.replace("1249c58b", "00000000")
    end = end_of(given)
    assert len(end.substate.logs) == 0
    assert len(end.world.account(TOKEN).storage) == 0


def test_boundaries_are_not_counted_as_instructions() -> None:
    start = start_of(dict(SMALL["calls"]))
    end = run(start)
    assert isinstance(end.boundary, Halt)
    assert end.boundary.status is Status.STOP
    assert instructions(start) < end.steps


def test_labels_and_numbers_assemble() -> None:
    assert assemble("0 255 256 here: @here JUMP ; a comment").hex() == "5f60ff6101005b61000656"
    with pytest.raises(KeyError):
        assemble("@nowhere")
    with pytest.raises(KeyError):
        assemble("NOTHING")
