"""Cases of ``osp.step`` between two machines of a block: one of each kind of point, micro steps, wrong witnesses."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Final

import attrs

from hyperion.settlement.between.stages import Running, State
from hyperion.settlement.onestep.verify import Committed, Witness
from hyperion_conformance.dispute.official import kind_of
from hyperion_conformance.dispute.proving import INCLUSION, Question, micro_walk, question, states_of, walked
from hyperion_conformance.dispute.rich_block import EVERY, OTHERS, PAID, beginning, chain, drafted
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.model import hexadecimal
from hyperion_conformance.vectors.record import Draft

FORK: Final = "HYPERION"
RULES: Final = ("DIS-point-step", "DIS-between-follow", "DIS-step-verify", "DIS-step-exact-witness")
MICRO_RULES: Final = ("DIS-point-micro-step", "DIS-step-exact-witness")
WRONG: Final = "Whatever is shown, there is one true point or none: another one would let a false assertion win."


def between(seed: int, count: int) -> Iterator[Draft]:
    """The points of two blocks that are not inside of machines, ends of blocks that are not valid, wrong witnesses."""
    del seed, count
    for name, asked in questions().items():
        for place, ((before, shown, _), kind) in enumerate(named(asked)):
            if kind == "machine-to-machine" or (name not in WHOLE and not kind.startswith(ENDS)):
                continue
            yield draft("between", f"{name}-{place:03}-{kind}", "point-step", asked, before.root, shown)
            if name in WHOLE and kind in UNITS:
                yield from micro_steps(f"{name}-{place:03}-{kind}", asked, before)
    yield from wrong()


WHOLE: Final = ("everything", "others")
"""Blocks of which all points are cases."""
UNITS: Final = ("waits-for-entered-to-charged", "charged-to-writing", "waits-for-requested-to-request")
"""Kinds of which micro steps are cases too."""
ENDS: Final = ("output-to", "transaction-to-end", "request-to-end", "waits-for-requested-to-end", "end-to-output")
"""Kinds that are another thing in a block that is not valid."""


@cache
def questions() -> Mapping[str, Question]:
    """The blocks: two with everything, and some that are not valid."""
    tip, rules = beginning(), chain()
    failing, missing = beginning(requesting=("0 0 REVERT", "0 0 RETURN")), beginning(requesting=("0 0 RETURN",))
    block, size = drafted(tip, EVERY[:1])
    unbound = attrs.evolve(block, header=attrs.evolve(block.header, transactions_root=bytes(32)))
    dear = attrs.evolve(block, header=attrs.evolve(block.header, base_fee=8))
    twice = drafted(tip, EVERY[:1] * 2)
    return {
        "everything": question(tip, (drafted(tip, EVERY, PAID),), rules),
        "others": question(tip, (drafted(tip, OTHERS, PAID),), rules),
        "sent-twice": question(tip, (twice, drafted(tip, ())), rules),
        "request-fails": question(failing, (drafted(failing, ()),), rules),
        "no-contract": question(missing, (drafted(missing, ()),), rules),
        "lists-not-bound": question(tip, ((unbound, size),), rules),
        "base-fee-too-high": question(tip, ((dear, size),), rules),
    }


def named(asked: Question) -> Iterator[tuple[tuple[Committed, Witness, bytes], str]]:
    """Each point with the kinds of it and of the next."""
    kinds = ["output", *(slug(state) for _, state in states_of(asked)), "output", "output"]
    return zip(walked(asked), (f"{before}-to-{after}" for before, after in pairwise(kinds)), strict=False)


def slug(state: State) -> str:
    """The kind of a point in one word."""
    if isinstance(state, Running) and state.machine.halted:
        return f"waits-for-{state.stage.phase.name.lower().replace('_', '-')}"
    return kind_of(state).replace("_", "-").replace(" ", "-")


def draft(
    group: str, name: str, kind: str, asked: Question, root: bytes, nodes: Witness, why: str = ""
) -> Draft:
    """A case."""
    pinned: dict[str, Json] = {
        "chain_id": str(asked.pinned.chain.chain_id), "fork": "OSAKA", "inputs": hexadecimal(asked.pinned.inputs),
        "inclusion": str(INCLUSION),
    }  # fmt: skip
    given: dict[str, Json] = {
        "kind": kind, "root": hexadecimal(root), "witness": [hexadecimal(node) for node in nodes], "pinned": pinned,
    }  # fmt: skip
    told = why or f"{name.replace('-', ' ')}: whoever errs here would win with a false block, or lose with a true one."
    return Draft("osp.step", group, name, MICRO_RULES if kind == "point-micro-step" else RULES, told, FORK, given)


def micro_steps(kind: str, asked: Question, before: Committed) -> Iterator[Draft]:
    """The first micro step of a step, and the last."""
    walk = list(micro_walk(asked, before))
    for place, number in {"first": 0, "last": len(walk) - 2}.items():
        state, shown = walk[number]
        yield draft("between-micro", f"{kind}-{place}", "point-micro-step", asked, state.root, shown)


def wrong() -> Iterator[Draft]:
    """Witnesses of a transaction that is charged that are not the one; and a question about another block."""
    asked = questions()["everything"]
    before, nodes, _ = next(step for step, kind in named(asked) if kind == "waits-for-entered-to-charged")
    for at in (0, len(nodes) // 2, len(nodes) - 1):
        changed = bytes([nodes[at][0] ^ 1, *nodes[at][1:]])
        flipped = (*nodes[:at], changed, *nodes[at + 1 :])
        yield draft("between-wrong", f"node-{at}-flipped", "point-step", asked, before.root, flipped, WRONG)
        short = (*nodes[:at], *nodes[at + 1 :])
        yield draft("between-wrong", f"node-{at}-left-out", "point-step", asked, before.root, short, WRONG)
    yield draft("between-wrong", "one-too-many", "point-step", asked, before.root, (*nodes, b"more"), WRONG)
    yield draft("between-wrong", "as-a-machine", "step", asked, before.root, nodes, WRONG)
    (first, shown, _), _ = next(named(asked))
    yield draft("between-wrong", "another-question", "point-step", questions()["others"], first.root, shown, WRONG)
