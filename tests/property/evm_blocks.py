"""The campaign behind ``test_stm_evm``: ``python -m tests.property.evm_blocks SEED COUNT``.

It compares so many random blocks, and stops at the first that ends otherwise side by side than in series, with what is
needed to make it again. Else it says how many blocks, transactions, schedules and incarnations there were, and how the
blocks ended.
"""

import sys
from collections import Counter
from random import Random
from typing import Final

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.series import Progress, in_series
from hyperion.parallel.configuration import Run, run
from hyperion.parallel.evm.block import EvmBlock, commit, evm_block
from hyperion.vm.forks import FORKS
from hyperion_conformance.schedules import schedule_of
from tests.support.blocks import COINBASES, KINDS, PLACES, PROFILES, SMALL_BLOCK, WRONG, Recipe, Setting, block_of

SCHEDULES: Final = 5
"""For each block."""
MISTAKEN: Final = 0.03
"""How many of the transactions are wrong in themselves."""


class Difference(Exception):
    """A block ended otherwise than in series."""


def setting_of(rng: Random) -> Setting:
    """A fork, a coinbase, a profile, what stands at addresses where contracts are made, and room."""
    room = rng.choice((30_000_000, 30_000_000, 30_000_000, SMALL_BLOCK, 1_000_000))
    return Setting(
        rng.choice(FORKS), rng.randrange(len(COINBASES)), rng.randrange(len(PROFILES)), rng.randrange(16), room
    )


def recipe_of(rng: Random, kinds: tuple[str, ...]) -> Recipe:
    """A transaction of one of the kinds."""
    wrong = rng.choice(WRONG) if rng.random() < MISTAKEN else ""
    who, place, amount = rng.randrange(4), rng.randrange(len(PLACES)), rng.randrange(100)
    return Recipe(rng.choice(kinds), who, place, amount, rng.choice((0, 1, 5)), wrong)


def made(seed: str) -> EvmBlock:
    """The block of a seed: of a few kinds of transactions or of all."""
    rng = Random(seed)
    setting, kinds = setting_of(rng), tuple(rng.sample(KINDS, rng.choice((1, 2, 4, len(KINDS)))))
    recipes = [recipe_of(rng, kinds) for _ in range(rng.randint(2, 12))]
    return evm_block(block_of(recipes, setting), setting.world, setting.context)


def ending(serial: Progress | InvalidBlock) -> str:
    """What a block came to, in a word."""
    if isinstance(serial, Progress):
        return "valid"
    return serial.reason.value if serial.rejected is None else serial.rejected.reason.value


def compare(seed: str, totals: Counter[str]) -> str:
    """Compare the block of a seed under some schedules, and count. Raises ``Difference``."""
    block = made(seed)
    serial = in_series(block.encoded, block.world, block.context)
    for number in range(SCHEDULES):
        schedule = schedule_of(block, number if number == 0 else Random(f"{seed} {number}").randrange(1, 10**6))
        ran = run(block, schedule.workers, schedule.turns)
        shared = ran.configuration.shared
        if not isinstance(ran, Run) or commit(block, shared.memory.results) != serial:
            raise Difference(f"block {seed}, schedule {number}")
        totals.update(schedules=1, steps=len(ran.steps))
        totals["incarnations"] += sum(status.incarnation + 1 for status in shared.scheduler.status)
        totals["executions"] += block.size
    totals.update(blocks=1, transactions=block.size)
    return ending(serial)


def campaign(seed: int, count: int) -> str:
    """Compare ``count`` random blocks; what was compared."""
    totals: Counter[str] = Counter()
    endings = Counter(compare(f"{seed}/{index}", totals) for index in range(count))
    return f"seed {seed}: {dict(totals)}, {dict(endings.most_common())}"


if __name__ == "__main__":
    sys.stdout.write(campaign(int(sys.argv[1]), int(sys.argv[2])) + "\n")
