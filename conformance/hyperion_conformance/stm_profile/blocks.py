"""Blocks by name: a workload, a file with decision trees, or one with official blockchain tests.

Of blockchain tests it is the valid block with most transactions.
"""

from pathlib import Path
from typing import Final

import attrs
import msgspec

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.series import Progress, in_series
from hyperion.execution.validate import Context
from hyperion.parallel.evm.block import EvmBlock, evm_block
from hyperion.parallel.trees import Trees
from hyperion.state.world import World
from hyperion_conformance.fixtures.campaign import run_case
from hyperion_conformance.fixtures.source import FixtureError, Kind, cases_under
from hyperion_conformance.stm.programs import block_of
from hyperion_conformance.stm_profile.metered import EvmMeter, MeteredBlock, TreeMeter
from hyperion_conformance.stm_profile.workloads import WORKLOADS
from hyperion_conformance.vectors.input import InputError

FEW: Final = "no block of it has a transaction that can be executed"


class BlockError(ValueError):
    """A name that stands for no block, in ``field``, and why not, in ``reason``."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.field = name
        self.reason = reason


@attrs.define
class Largest:
    """An execution like ``in_series`` that keeps the largest block which it is given and which is valid."""

    block: EvmBlock | None = None

    def __call__(self, transactions: tuple[bytes, ...], world: World, context: Context) -> Progress | InvalidBlock:
        """What the block comes to."""
        ended = in_series(transactions, world, context)
        if isinstance(ended, Progress) and len(transactions) > (0 if self.block is None else self.block.size):
            self.block = evm_block(transactions, world, context)
        return ended


def largest_in(file: Path) -> EvmBlock:
    """The largest valid block of the blockchain tests in a file. Refused with ``BlockError``: a file without any."""
    kept = Largest()
    try:
        for case in cases_under(file):
            if case.kind is Kind.BLOCKS:
                run_case(case, execution=kept)
    except FixtureError as error:
        raise BlockError(error.field, error.reason) from None
    if kept.block is None:
        raise BlockError(str(file), FEW)
    return kept.block


def trees_in(file: Path) -> Trees | None:
    """The decision trees of a file with ``before`` and ``programs``, as vectors have them; None if it has none.

    Refused with ``BlockError``: programs that are none.
    """
    if file.suffix != ".json":
        return None
    try:
        given = msgspec.json.decode(file.read_bytes())
        return block_of(given, "block") if isinstance(given, dict) and {"before", "programs"} <= given.keys() else None
    except (InputError, msgspec.DecodeError, OSError) as error:
        raise BlockError(str(file), str(error)) from None


def block_named(name: str, size: int, trees: bool) -> MeteredBlock:
    """A workload of so many transactions, or the block of a file. Refused with ``BlockError``: neither of them."""
    if name in WORKLOADS:
        return WORKLOADS[name].block(size, trees)
    file = Path(name)
    if not file.exists():
        raise BlockError(name, f"no file, and no workload; there are {', '.join(WORKLOADS)}")
    trees_of_file = None if file.is_dir() else trees_in(file)
    if trees_of_file is None:
        return MeteredBlock(EvmMeter(largest_in(file)))
    return MeteredBlock(TreeMeter(trees_of_file, (0,) * trees_of_file.size))
