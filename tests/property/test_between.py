"""Each piece of a block between two machines, proved from a root and a witness, against the whole transition."""

from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.execution.block import Block
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.receipt import encode_receipt, log_head, receipt_head, receipt_of
from hyperion.execution.transition import BlockResult, Chain, Executed, Tip, apply_block, execute_body, facts_of
from hyperion.execution.validate import Context
from hyperion.primitives.hashing import keccak256
from hyperion.primitives.rlp import encode
from hyperion.settlement import points
from hyperion.settlement.between.receipts import filled, leaf_head, leaf_path
from hyperion.settlement.between.stages import Ended, Phase, Running, Stage, Standing
from hyperion.settlement.rejection import Rejected
from hyperion.state import trie
from hyperion.state.commitment import ordered_root
from hyperion.vm.forks import CANCUN, FORKS, PARIS, PRAGUE, SHANGHAI
from hyperion.vm.machine import Log
from hyperion_conformance.dispute.proving import (
    Question,
    disagreement,
    micro_disagreement,
    micro_walk,
    question,
    states_of,
    walked,
)
from hyperion_conformance.dispute.rich_block import (
    EVERY,
    LOGGER,
    SENDERS,
    authorization,
    beginning,
    chain,
    drafted,
    made,
)
from tests.property.test_onestep import rehashed
from tests.support.between_blocks import WITHDRAWALS, bodies
from tests.support.onestep import tampered

KINDS: Final = {PARIS: (0, 1, 2), SHANGHAI: (0, 1, 2), CANCUN: (0, 1, 2, 3), PRAGUE: (0, 1, 2, 3, 4)}


def outcome(tip: Tip, block: Block, rules: Chain) -> Executed | InvalidBlock:
    """What the whole transition makes of the body."""
    fork = rules.fork_at(block.header.timestamp)
    context = Context(fork, rules.profile, rules.chain_id, facts_of(block.header, tip, fork))
    return execute_body(block, tip, context)


def contradiction(asked: Question, tip: Tip, block: Block, size: int, rules: Chain) -> str | None:
    """Where the end of the points is not what the whole transition gives."""
    ended, executed = asked.traces[-1].ended, outcome(tip, block, rules)
    if isinstance(executed, InvalidBlock):
        return None if ended.standing is Standing.INVALID and ended.tip.hash == tip.hash else "an invalid block"
    if ended.standing is not Standing.VALID or ended.tip.world != executed.world:
        return "the world"
    sealed = attrs.evolve(block, header=ended.tip.header)
    result = apply_block(tip, sealed, rules, size)
    return None if isinstance(result, BlockResult) and result.tip == ended.tip else f"the header: {result}"


@pytest.fixture(scope="module")
def every() -> Question:
    """The question about a block of these."""
    tip = beginning()
    return question(tip, (drafted(tip, EVERY),), chain())


# --- the proved steps give what the transition gives -----------------------------------------------------------------


@pytest.mark.rule(
    "DIS-between-admit", "DIS-between-entry", "DIS-between-charge", "DIS-between-delete", "DIS-between-count",
    "DIS-between-log", "DIS-between-receipt", "DIS-between-begin", "DIS-between-call", "DIS-between-withdrawal",
    "DIS-between-request", "DIS-between-seal", "DIS-between-context", "DIS-point-step", "DIS-between-follow",
)  # fmt: skip
@given(bodies(), WITHDRAWALS)
@settings(max_examples=25)
def test_every_point_of_random_blocks(sent: tuple[bytes, ...], paid: Any) -> None:
    tip, rules = beginning(), chain()
    block, size = drafted(tip, sent, paid)
    asked = question(tip, ((block, size),), rules)
    assert disagreement(asked) is None
    assert contradiction(asked, tip, block, size, rules) is None


@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_every_point_of_a_block_in_each_fork(fork: Any) -> None:
    tip, rules = beginning(fork), chain(fork)
    kinds = KINDS.get(fork, (0, 1, 2, 3, 4))
    sent = tuple(
        made(kind, 0, nonce, LOGGER, b"\x05", authorizations=(authorization(0xD1, 0),))
        for nonce, kind in enumerate(kinds)
    )
    block, size = drafted(tip, sent, (), fork)
    asked = question(tip, ((block, size),), rules)
    assert asked.traces[-1].standing is Standing.VALID
    assert disagreement(asked) is None
    assert contradiction(asked, tip, block, size, rules) is None


def test_two_blocks_one_after_the_other_and_nothing_after_an_invalid_one() -> None:
    tip, rules = beginning(), chain()
    first = drafted(tip, EVERY[:1])
    middle = question(tip, (first,), rules).traces[0].tip
    good, bad = drafted(middle, EVERY[1:2]), drafted(middle, EVERY[:1])
    assert disagreement(question(tip, (first, good), rules)) is None
    asked = question(tip, (first, bad, good), rules)
    assert [trace.standing for trace in asked.traces] == [Standing.VALID, Standing.INVALID]
    assert disagreement(asked) is None


@pytest.mark.parametrize("change", ["parent_hash", "transactions_root", "timestamp", "base_fee"])
def test_a_block_whose_header_does_not_follow_ends_at_once(change: str) -> None:
    tip = beginning()
    block, size = drafted(tip, EVERY)
    wrong: Any = {"parent_hash": bytes(32), "transactions_root": bytes(32), "timestamp": 0, "base_fee": 8}[change]
    bad = attrs.evolve(block, header=attrs.evolve(block.header, **{change: wrong}))
    asked = question(tip, ((bad, size),), chain())
    assert asked.traces[0].standing is Standing.INVALID and asked.traces[0].points == 1
    assert disagreement(asked) is None


@pytest.mark.parametrize(("code", "standing"), [("0 0 REVERT", Standing.INVALID), ("300 0 RETURN", Standing.VALID)])
def test_a_contract_of_requests_must_succeed(code: str, standing: Standing) -> None:
    tip = beginning(requesting=("0 0 RETURN", code))
    asked = question(tip, (drafted(tip, ()),), chain())
    assert asked.traces[0].standing is standing and disagreement(asked) is None
    missing = beginning(requesting=())
    asked = question(missing, (drafted(missing, ()),), chain())
    assert asked.traces[0].standing is Standing.INVALID and disagreement(asked) is None


def test_the_block_of_everything_reaches_every_phase(every: Question) -> None:
    assert disagreement(every) is None
    states = [state for _, state in states_of(every)]
    stages = [state for state in states if isinstance(state, Stage)]
    stages += [state.stage for state in states if isinstance(state, Running)]
    assert {stage.phase for stage in stages} == set(Phase) and isinstance(states[-1], Ended)
    assert all(SENDERS[0] in state.body.world.accounts for state in stages)


@pytest.mark.rule("DIS-point-micro-step", "DIS-point-bound")
def test_micro_steps_of_every_piece(every: Question) -> None:
    """The steps between machines all, and no other; long logs and requests are hashed and copied in units."""
    most = 0
    for (state, _, _), (_, held) in zip(walked(every), [(None, None), *states_of(every)], strict=False):
        if isinstance(held, Running) and not held.machine.halted:
            continue
        assert micro_disagreement(every, state) is None
        sizes = [sum(map(len, shown)) for _, shown in micro_walk(every, state)]
        assert max(sizes) <= points.point_witness_bound(2, 6, max(map(len, EVERY)))
        most += 1
    assert most == 58


# --- nobody can show anything else -----------------------------------------------------------------------------------


@pytest.mark.rule("DIS-commit-stage", "DIS-commit-body", "DIS-commit-admitted", "DIS-commit-settled")
@given(st.integers(0, 10**6), st.integers(0, 99), st.integers(0, 5000))
@settings(max_examples=60)
def test_no_tampered_witness_gives_another_root(which: int, at: int, bit: int) -> None:
    walk, asked = everything()
    state, shown, reached = walk[which % len(walk)]
    for other in tampered(shown, at, bit):
        answer = points.verify_point_step(state.root, other, asked.pinned)
        assert not isinstance(answer, bytes) or answer == reached
        assert other == shown or isinstance(answer, Rejected)


@pytest.mark.rule("DIS-commit-input", "DIS-commit-end", "DIS-between-context")
@given(st.integers(0, 10**6), st.data())
@settings(max_examples=200)
def test_a_point_with_other_bytes_in_a_node_is_refused_or_stepped(which: int, data: st.DataObject) -> None:
    """A node is changed and everything above it is hashed anew: roots that no block has, with nodes that fit them."""
    walk, asked = everything()
    state, shown, _ = walk[which % len(walk)]
    at = data.draw(st.integers(0, len(shown) - 1))
    changed = bytearray(shown[at])
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    root, nodes = rehashed(state.root, list(shown), shown[at], bytes(changed))
    assert isinstance(points.verify_point_step(root, tuple(nodes), asked.pinned), Rejected | bytes)


WALK: Final[list[Any]] = []


def everything() -> tuple[list[Any], Question]:
    """The walk through the block of everything, made once, without the steps inside of machines."""
    if not WALK:
        tip = beginning()
        asked = question(tip, (drafted(tip, EVERY),), chain())
        held = [None, *(state for _, state in states_of(asked))]
        walk = [
            step
            for step, state in zip(walked(asked), held, strict=False)
            if not isinstance(state, Running) or state.machine.halted
        ]
        WALK.append((walk, asked))
    walk, asked = WALK[0]
    return walk, asked


# --- the receipt in pieces -------------------------------------------------------------------------------------------

logs_strategy = st.lists(
    st.builds(
        Log, st.integers(0, 2**160 - 1), st.lists(st.integers(0, 2**256 - 1), max_size=4).map(tuple),
        st.one_of(st.binary(max_size=3), st.binary(min_size=50, max_size=70), st.just(bytes(70_000))),
    ),
    max_size=4,
)  # fmt: skip


@given(st.integers(0, 4), st.booleans(), st.integers(0, 2**63), logs_strategy)
@settings(max_examples=60)
def test_heads_and_data_are_the_encoding_of_a_receipt(kind: int, ended: bool, gas: int, logs: list[Log]) -> None:
    receipt = receipt_of(kind, ended, gas, tuple(logs))
    body = b"".join(log_head(log) + log.data for log in logs)
    assert receipt_head(kind, ended, gas, receipt.bloom, len(body)) + body == encode_receipt(receipt)


@pytest.mark.rule("DIS-between-receipts")
@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 127, 128, 129, 143, 144, 145, 256, 257, 300])
def test_the_filled_trie_is_that_of_all_receipts(count: int) -> None:
    receipts = [encode((bytes([index % 256]) * (300 + index % 5),)) for index in range(count)]
    built: trie.Trie = trie.EMPTY_TRIE
    for index, receipt in enumerate(receipts):
        leaf = keccak256(leaf_head(leaf_path(index, count), len(receipt)) + receipt)
        built = filled(built, index, count, leaf)
    assert trie.root(built) == ordered_root(receipts)


def test_the_first_path_of_a_trie() -> None:
    built: trie.Trie = trie.EMPTY_TRIE
    assert trie.first_path(built) is None
    for key in (b"\x51", b"\x42\x01", b"\x42"):
        built = trie.put(built, key, b"value" * 9)
        hidden = trie.hidden(trie.root(built), dict(nodes_of(built)).__getitem__)
        assert trie.first_path(built) == trie.first_path(hidden) == min(path for path, _ in paths_of(built))


def nodes_of(built: trie.Trie) -> list[tuple[bytes, bytes]]:
    """All nodes of proofs by their hashes."""
    keys = [bytes.fromhex(path) for path, _ in paths_of(built)]
    return [(keccak256(node), node) for key in keys for node in trie.prove(built, key)]


def paths_of(built: trie.Trie) -> list[tuple[str, bytes]]:
    """All entries."""
    return [(key.hex(), value) for key, value in trie.items(built)]


