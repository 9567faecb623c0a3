"""A block's other stages: its beginning, the protocol's own calls, withdrawals, requests, and its end."""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.execution.block import WITHDRAWAL, Withdrawal
from hyperion.execution.header import check_header
from hyperion.execution.record import read_fields
from hyperion.execution.system import after_call, enter_system_call, first_calls, hash_of_hashes, last_calls
from hyperion.execution.transition import (
    Outcome,
    check_roots,
    check_size,
    facts_of,
    tip_of,
    with_outcome,
    withdraw_one,
)
from hyperion.primitives import rlp
from hyperion.rules import rule
from hyperion.settlement.between.logs import written
from hyperion.settlement.between.stages import (
    Body,
    Ended,
    Input,
    Phase,
    Rules,
    Running,
    Stage,
    Standing,
    State,
    context_of,
    malformed,
)
from hyperion.settlement.onestep.maps import in_trie, sealed_world
from hyperion.settlement.onestep.merkle import ZERO_TREES, level_for
from hyperion.settlement.onestep.nodes import Hashed
from hyperion.settlement.onestep.octets import Octets, nothing, octets_of
from hyperion.state import trie
from hyperion.state.trie import EMPTY_TRIE
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import Machine

SHA256: Final = OSAKA.precompiles[2]
"""The hash of requests is that of the precompile, the same in every fork."""


@rule("DIS-between-begin", "A derived block begins on the tip before it if its header follows and binds its lists.")
def begun(ended: Ended, given: Input, rules: Rules) -> State:
    """The first stage of a block; its end if header or lists are not those of a valid block."""
    header, tip = given.header, ended.tip
    fork = rules.chain.fork_at(header.timestamp)
    withdrawals = None if given.withdrawal_count is None else trie.root(given.withdrawals)
    invalid = (
        check_size(given.size, fork)
        or check_header(header, tip.header, tip.hash, fork)
        or check_roots(header, given.ommers, trie.root(given.transactions), withdrawals, fork)
    )
    if invalid is not None:
        return Ended(Standing.INVALID, tip)
    facts = facts_of(header, tip, fork)
    body = Body(given, ended, facts, tip.world, 0, 0, EMPTY_TRIE, 0, nothing(rules.work), b"")
    return Stage(Phase.CALL_FIRST, 0, 0, body)


def invalid(stage: Stage) -> Ended:
    """The end of a block that is not valid: nothing of it stays."""
    return Ended(Standing.INVALID, stage.body.before.tip)


# --- the protocol's calls --------------------------------------------------------------------------------------------


@rule("DIS-between-call", "The protocol's own calls run one after the other; one that fails changes nothing.")
def called_first(stage: Stage, rules: Rules) -> State:
    """With the machine of the next call before the transactions; after the last of them, at the first transaction."""
    header, context = stage.body.input.header, context_of(stage.body, rules.chain)
    calls = first_calls(context, header.beacon_root, header.parent_hash)
    if stage.index >= len(calls):
        return Stage(Phase.TRANSACTION, 0, 0, stage.body)
    machine = enter_system_call(*calls[stage.index], stage.body.world, context)
    return Running(attrs.evolve(stage, phase=Phase.CALLED_FIRST), machine)


def after_first(stage: Stage, halted: Machine) -> Stage:
    """After such a call."""
    body = attrs.evolve(stage.body, world=after_call(stage.body.world, halted).world)
    return Stage(Phase.CALL_FIRST, stage.index + 1, 0, body)


@rule("DIS-between-withdrawal", "Withdrawals are paid one at a time, in the order of the list.")
def withdrawn(stage: Stage) -> Stage:
    """After one withdrawal more; after the last, at the requests."""
    given = stage.body.input
    if stage.index >= (given.withdrawal_count or 0):
        return Stage(Phase.REQUEST, 0, 0, stage.body)
    encoded = in_trie(trie.get, given.withdrawals, rlp.encode_int(stage.index))
    if encoded is None:
        raise malformed("a withdrawal that the list has not")
    withdrawal = Withdrawal(**read_fields(WITHDRAWAL, rlp.decode(encoded), "withdrawal"))
    body = attrs.evolve(stage.body, world=withdraw_one(stage.body.world, withdrawal))
    return Stage(Phase.WITHDRAWAL, stage.index + 1, 0, body)


@rule("DIS-between-request", "Deposits are the first request, then each contract is called, which must be there.")
def requested(stage: Stage, rules: Rules) -> State:
    """After the deposits, or with the machine of the next contract; after the last of them, the end of the block."""
    body, context = stage.body, context_of(stage.body, rules.chain)
    if stage.index == 0:
        hashes = body.hashes + (request_hash(body.deposits, rules) if body.deposits.width else b"")
        return Stage(Phase.REQUEST, 1, 0, attrs.evolve(body, hashes=hashes))
    contracts = last_calls(context)
    if stage.index > len(contracts):
        return sealed_block(body)
    address = contracts[stage.index - 1].address
    if not body.world.account(address).code:
        return invalid(stage)
    return Running(
        attrs.evolve(stage, phase=Phase.REQUESTED), enter_system_call(address, b"", body.world, context)
    )


def after_request(stage: Stage, halted: Machine, rules: Rules) -> State:
    """After such a call, with the hash of its request if it made one; a call that fails makes the block invalid."""
    body = stage.body
    result = after_call(body.world, halted)
    if not result.halt.status.succeeds:
        return invalid(stage)
    output: Any = result.halt.output
    hashes = body.hashes
    if len(output) > 0:
        contracts = last_calls(context_of(body, rules.chain))
        if stage.index > len(contracts):
            raise malformed("a call beyond the last")
        width = 1 + len(output)
        request = octets_of(ZERO_TREES[level_for(width)], width, rules.work)
        request = written(written(request, 0, bytes((contracts[stage.index - 1].request_type,))), 1, output)
        hashes += request_hash(request, rules)
    return Stage(Phase.REQUEST, stage.index + 1, 0, attrs.evolve(body, world=result.world, hashes=hashes))


def request_hash(request: Octets, rules: Rules) -> bytes:
    """The SHA2-256 hash of a request, long ones in units, as the precompile's."""
    return bytes(rules.work.run(SHA256, request) or b"")


# --- the end ---------------------------------------------------------------------------------------------------------


@rule("DIS-between-seal", "A block that is executed has a header that says what came of it, and is the new tip.")
def sealed_block(body: Body) -> Ended:
    """The end of the block."""
    header = body.input.header
    outcome = Outcome(
        gas_used=body.gas_used,
        state_root=sealed_world(body.world, Hashed()),
        receipts_root=trie.root(body.receipts),
        bloom=body.bloom.to_bytes(256, "big"),
        blob_gas_used=None if header.blob_gas_used is None else body.blob_gas_used,
        requests_hash=None if header.requests_hash is None else hash_of_hashes(body.hashes),
    )
    return Ended(Standing.VALID, tip_of(with_outcome(header, outcome), body.world, body.before.tip.hashes))
