"""Controls: each mistake that engines make in running EVM transactions side by side is noticed by the comparison.

The same blocks and schedules without a mistake show no difference, so it is the mistake that is noticed.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

import attrs
import pytest

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.series import Progress, in_series
from hyperion.parallel.evm.block import EvmBlock, FallBack, evm_block, speculate
from hyperion.vm.forks import OSAKA, SHANGHAI
from hyperion_conformance.exploration.evm_variants import EVM_VARIANTS, UNVARIED, EvmVariant
from hyperion_conformance.schedules import ADVERSARIES, turns_of
from tests.support.blocks import CHILDREN, COINBASES, PLACES, SENDERS, Recipe, Setting, block_of

CHILD: Final = PLACES.index(CHILDREN[0])
FRESH: Final = 4
SENDER_TAKES: Final = COINBASES.index(SENDERS[0])


@attrs.frozen
class Case:
    """A block that shows a mistake."""

    scene: Setting
    recipes: tuple[Recipe, ...]

    @property
    def block(self) -> EvmBlock:
        """The block as the model executes it."""
        return evm_block(block_of(list(self.recipes), self.scene), self.scene.world, self.scene.context)


def several(kind: str, *places: int, tip: int = 1, who: int | None = None) -> tuple[Recipe, ...]:
    """A transaction for each place, from sender after sender unless one is named."""
    return tuple(Recipe(kind, index % 4 if who is None else who, at, 1, tip) for index, at in enumerate(places))


PLAIN: Final = Setting(OSAKA)
OLD: Final = Setting(SHANGHAI, deployed=1)
RECREATED: Final = Case(OLD, (Recipe("destroy", 0, FRESH, 0), Recipe("factory", 1, 0, 0), Recipe("call", 2, CHILD)))
PAID: Final = Case(PLAIN, several("transfer", FRESH, FRESH, tip=5))
CHAINED: Final = Case(PLAIN, several("transfer", FRESH, FRESH, who=0))
WATCHED: Final = Case(PLAIN, (*several("transfer", FRESH, FRESH), Recipe("watch", 2, FRESH)))


def delegated(second: int) -> Case:
    """An account that delegates twice, the second time as numbered, and is called."""
    return Case(PLAIN, (Recipe("delegate", 0, 1, 0), Recipe("delegate", 2, 1, second), Recipe("call", 3, 1)))


SHOWN_BY: Final = {
    "credits-not-folded": PAID,
    "credits-saturate": PAID,
    "credits-unseen": Case(
        Setting(OSAKA, SENDER_TAKES), (*several("transfer", FRESH, FRESH), Recipe("watch", 2, 0))
    ),
    "credits-as-writes": WATCHED,
    "touch-creates": Case(PLAIN, several("transfer", FRESH, FRESH, tip=0)),
    "gas-summed-twice": PAID,
    "room-not-asked": Case(Setting(OSAKA, gas_limit=320_000), several("count", 0, 0, 0)),
    "refused-at-first-sight": CHAINED,
    "deletion-no-conflict": RECREATED,
    "deletion-as-word": RECREATED,
    "storage-not-asked": Case(Setting(OSAKA, deployed=4), (Recipe("factory", 0, 0, 2), Recipe("count", 1))),
    "code-of-before": Case(PLAIN, (Recipe("factory", 0, 0, 0), Recipe("call", 1, CHILD))),
    "code-written-once": delegated(2),
    "nonce-not-written": CHAINED,
    "write-back-lost": delegated(1),
}


def endings(block: EvmBlock, variant: EvmVariant) -> Iterator[Progress | InvalidBlock | FallBack]:
    """How the block ends by a variant of the rules: under each adversary, and under ten random schedules."""
    for choice in ADVERSARIES.values():
        yield speculate(variant.varied(block), 3, turns_of(variant.varied(block), 3, choice, 0))
    for seed in range(10):
        rng = Random(seed)
        yield speculate(variant.varied(block), 3, tuple(rng.randrange(3) for _ in range(2_000)))


@pytest.mark.parametrize("name", SHOWN_BY)
def test_a_mistake_is_noticed(name: str) -> None:
    block = SHOWN_BY[name].block
    serial = in_series(block.encoded, block.world, block.context)
    assert all(ended == serial for ended in endings(block, UNVARIED))
    assert any(ended != serial for ended in endings(block, EVM_VARIANTS[name]))


def test_every_mistake_has_a_block_that_shows_it() -> None:
    assert set(SHOWN_BY) == {name for name, variant in EVM_VARIANTS.items() if variant.sound is None}


@pytest.mark.parametrize("name", [name for name, variant in EVM_VARIANTS.items() if variant.sound])
def test_what_is_no_mistake_is_not_noticed(name: str) -> None:
    for case in SHOWN_BY.values():
        serial = in_series(case.block.encoded, case.block.world, case.block.context)
        assert all(ended == serial for ended in endings(case.block, EVM_VARIANTS[name]))
