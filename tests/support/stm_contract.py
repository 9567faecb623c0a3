"""A block of decision trees run as one EVM contract, transaction after transaction, by whoever answers ``vm.run``."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hyperion.parallel.trees import REVERTED, Trees
from hyperion_conformance.stm.compiler import Contract
from hyperion_conformance.vectors.generators.assembly import vm_input

HALF: Final = 1 << 255

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""The outcome of an input of ``vm.run``."""


def word(value: int) -> int:
    """A number in two's complement."""
    return value % (2 * HALF)


def signed(value: int) -> int:
    """The number that a word stands for."""
    return value - 2 * HALF if value >= HALF else value


def run_contract(block: Trees, contract: Contract, answer: Answer) -> tuple[dict[str, int], list[str]]:
    """The values of all locations afterwards, and the result of each transaction."""
    slots = dict(contract.slots)
    storage = {slots[location]: word(value) for location, value in block.before if value}
    results = []
    for index in range(block.size):
        given = vm_input(contract.code, 5_000_000, index.to_bytes(32, "big"), storage=storage)
        outcome = answer(given)
        assert outcome["status"] in ("success", "revert")
        results.append(
            str(signed(int(outcome["output"], 16))) if outcome["status"] == "success" else REVERTED
        )
        storage = {int(slot): int(value) for slot, value in outcome["storage"].items()}
    return {location: signed(storage.get(slot, 0)) for location, slot in contract.slots}, results
