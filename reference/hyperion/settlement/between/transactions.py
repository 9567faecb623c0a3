"""A transaction's stages: read and admitted, each entry of its lists, entered; then paid for, deletions, receipt.

Each stage calls the functions that a block's execution calls (``hyperion.execution.message``), on worlds of which only
what they ask for need be known.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.message import (
    Begun,
    admit,
    announce,
    announcements,
    charge,
    delegate,
    enter,
)
from hyperion.execution.rejection import Rejected
from hyperion.execution.series import read_transaction
from hyperion.execution.validate import validate
from hyperion.primitives.rlp import encode_int
from hyperion.rules import rule
from hyperion.settlement.between import logs
from hyperion.settlement.between.stages import (
    Phase,
    Rules,
    Running,
    Settled,
    Stage,
    State,
    admitted_in,
    context_of,
    malformed,
    settled_in,
)
from hyperion.settlement.onestep.maps import TrieMap, in_trie
from hyperion.settlement.onestep.octets import nothing
from hyperion.state import trie
from hyperion.state.commitment import account_key
from hyperion.vm.machine import Machine

INVALID: Final = None
"""What a stage comes to that shows the block invalid."""


@rule("DIS-between-admit", "The next transaction of the list is read, validated and takes its fee; or the block ends.")
def admitted(stage: Stage, rules: Rules) -> State | None:
    """With the transaction admitted; None where it may not be in the block."""
    body = stage.body
    encoded = in_trie(trie.get, body.input.transactions, encode_int(stage.index))
    if encoded is None:
        raise malformed("a transaction that the list has not")
    context = context_of(body, rules.chain)
    transaction = read_transaction(stage.index, encoded, context)
    if isinstance(transaction, InvalidBlock):
        return INVALID
    valid = validate(transaction, body.world, context)
    if isinstance(valid, Rejected):
        return INVALID
    taken = admit(transaction, body.world, context, valid)
    return Stage(Phase.ADMITTED, stage.index, 0, attrs.evolve(body, world=taken.world), taken)


@rule("DIS-between-entry", "A stage takes one entry of the access list or one authorisation; then the call is entered.")
def prepared(stage: Stage, rules: Rules) -> State:
    """After one entry more, or with the machine about to run."""
    held = admitted_in(stage)
    announced, delegations = announcements(held.transaction), held.transaction.delegations
    if stage.entry < len(announced):
        held = announce(held, announced[stage.entry])
    elif stage.entry < len(announced) + len(delegations):
        held = delegate(held, delegations[stage.entry - len(announced)])
    else:
        begun = enter(held, context_of(stage.body, rules.chain))
        waiting = attrs.evolve(
            stage, phase=Phase.ENTERED, entry=0, detail=attrs.evolve(held, substate=begun.substate)
        )
        return Running(waiting, begun.machine)
    return attrs.evolve(
        stage, entry=stage.entry + 1, body=attrs.evolve(stage.body, world=held.world), detail=held
    )


@rule("DIS-between-charge", "The transaction of a halted machine pays for its gas, which is used up of the block.")
def charged(stage: Stage, halted: Machine, rules: Rules) -> Stage:
    """With the fees paid; deletions, logs and receipt are still to come."""
    held, body = admitted_in(stage), stage.body
    context = context_of(body, rules.chain)
    begun = Begun(held.transaction, context, held.valid, body.world, held.substate, halted)
    paid = charge(begun, halted)
    body = attrs.evolve(
        body, world=paid.world, gas_used=body.gas_used + paid.gas_used,
        blob_gas_used=body.blob_gas_used + paid.blob_gas_used,
    )  # fmt: skip
    kept = paid.substate
    settled = Settled(
        held.transaction.type, paid.halt.status.succeeds, kept.destroyed, kept.logs, kept.logs, 0, 0, 0,
        nothing(rules.work), 0, 0,
    )  # fmt: skip
    return Stage(Phase.CHARGED, stage.index, 0, body, settled)


@rule("DIS-between-delete", "Accounts to be deleted go one at a time, in the order of their keys, before the logs.")
def cleared(stage: Stage, rules: Rules) -> Stage:
    """After one account is deleted, or one log counted."""
    settled = settled_in(stage)
    address = first_of(settled.destroyed)
    if address is None:
        return logs.counted(stage, settled, context_of(stage.body, rules.chain))
    body = attrs.evolve(stage.body, world=stage.body.world.without(address))
    return attrs.evolve(stage, body=body, detail=attrs.evolve(settled, destroyed=settled.destroyed.delete(address)))


def first_of(addresses: Any) -> int | None:
    """The address whose key comes first; None if there is none. Its bytes are shown, since a trie has only its hash."""
    if isinstance(addresses, TrieMap):
        path = in_trie(trie.first_path, addresses.trie)
        if path is None:
            return None
        shown = addresses.nodes.preimage(bytes.fromhex(path)) if len(path) == 64 else b""
        if len(shown) != 20:
            raise malformed("an address to be deleted")
        return int.from_bytes(shown, "big")
    return min(addresses, key=account_key, default=None)
