"""From a claim upwards: which claim on its path speaks of a given state, and what a run of the machine is about."""

from hyperion.rules import rule
from hyperion.settlement.faultgame.position import Position, trace_ancestor
from hyperion.settlement.faultgame.types import Claim, Context, Game


def neighbour(position: Position, offset: int) -> Position:
    """The position so many to the right on the same depth."""
    return Position(position.depth, position.index + offset)


def find_ancestor(game: Game, start: int, position: Position) -> Claim | None:
    """The claim at the position among the one at index ``start`` and those above it; None if there is none."""
    at: int | None = start
    while at is not None:
        claim = game.claims[at]
        if claim.position == position:
            return claim
        at = claim.parent
    return None


def speaks_of(game: Game, start: int, position: Position, above: int = -1) -> Claim | None:
    """The claim on the path that is about the same state as ``position``, below depth ``above``."""
    return find_ancestor(game, start, trace_ancestor(position, above))


@rule("DIS-fdg-context", "A run of the machine goes from the agreed output to the disputed one next to it.")
def context_of(game: Game, index: int) -> Context | None:
    """What the run is about in which the claim at ``index`` is made; None for a claim about outputs.

    If the run was opened by an attack, the output at its root is disputed and the one to the left is agreed, which
    is the anchor at the far left; if by a defence, the output is agreed and the one to the right is disputed.
    """
    split = game.parameters.split_depth
    run: Claim | None = None
    at: int | None = index
    while at is not None and game.claims[at].position.depth > split:
        run, at = game.claims[at], game.claims[at].parent
    if run is None or at is None:
        return None
    output = game.claims[at]
    if run.position == Position(split + 1, 2 * output.position.index):
        if output.position.index == 0:
            return Context(game.anchor, None, output.value, output.position)
        agreed = speaks_of(game, at, neighbour(output.position, -1))
        return None if agreed is None else Context(agreed.value, agreed.position, output.value, output.position)
    disputed = speaks_of(game, at, neighbour(output.position, 1))
    return None if disputed is None else Context(output.value, output.position, disputed.value, disputed.position)


L1_HEAD, STARTING_OUTPUT, DISPUTED_OUTPUT, L2_BLOCK, CHAIN_ID = 1, 2, 3, 4, 5
"""Keys under which the machine asks for what its run is about."""


@rule("DIS-fdg-local-data", "The machine may ask for the L1 head, both outputs, the block to reach, and the chain.")
def local_data(game: Game, context: Context, key: int) -> bytes | None:
    """The value under a key: hashes as they are, numbers as 8 bytes; None for another key.

    The block to reach is that of the disputed output, but never beyond the one that the game is about.
    """
    split = game.parameters.split_depth
    trace = ((context.disputed_position.index + 1) << (split - context.disputed_position.depth)) - 1
    block = min(game.anchor_block + trace + 1, game.l2_block)
    return {
        L1_HEAD: game.l1_head,
        STARTING_OUTPUT: context.starting,
        DISPUTED_OUTPUT: context.disputed,
        L2_BLOCK: block.to_bytes(8, "big"),
        CHAIN_ID: game.chain_id.to_bytes(8, "big"),
    }.get(key)
