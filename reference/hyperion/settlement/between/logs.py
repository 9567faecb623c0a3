"""The logs of a transaction, from the last to the first, which is the order in which they can be opened; and how each
is written into the receipt, and a deposit into the block's request, at the place that was reckoned beforehand.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from hyperion.execution.receipt import bloom, log_head, receipt_head
from hyperion.execution.system import DEPOSIT_LAYOUT, DEPOSIT_LOG_BYTES, deposit_request, is_deposit
from hyperion.execution.validate import Context
from hyperion.rules import rule
from hyperion.settlement.between.receipts import filled, leaf_head, leaf_path
from hyperion.settlement.between.stages import Body, Phase, Settled, Stage, malformed, settled_in
from hyperion.settlement.onestep import merkle
from hyperion.settlement.onestep.containers import LogList, opened_octets
from hyperion.settlement.onestep.maps import in_trie
from hyperion.settlement.onestep.merkle import level_for
from hyperion.settlement.onestep.nodes import Hash, Kind, Nodes, fields_of
from hyperion.settlement.onestep.octets import Octets, Work, octets_of
from hyperion.vm.fork import Eip
from hyperion.vm.machine import Log

DEPOSIT_BYTES: Final = sum(size for _, size in DEPOSIT_LAYOUT)
"""Bytes of a deposit in the request."""
MAX_RECEIPT: Final = 2**32
"""No gas pays for a receipt of so many bytes."""


@attrs.frozen(eq=False)
class HiddenLogs:
    """Logs by the hash of the last one."""

    count: int
    last: Hash
    nodes: Nodes
    work: Work

    def __len__(self) -> int:
        return self.count

    def newest(self) -> tuple[Log, HiddenLogs]:
        """The last log, and those before it."""
        fields = fields_of(Kind.LOG, self.nodes.preimage(self.last))
        before, address, topics = fields.digest(), fields.number(20), fields.item()
        data = opened_octets(fields, self.nodes, self.work)
        fields.end()
        words = tuple(topic for topic in topics if isinstance(topic, bytes) and len(topic) == merkle.WORD)
        if isinstance(topics, bytes) or len(words) != len(topics) or len(words) > 4:
            raise fields.malformed("has topics that are none")
        log = Log(address, tuple(int.from_bytes(word, "big") for word in words), data)
        return log, HiddenLogs(self.count - 1, before, self.nodes, self.work)

    @property
    def listed(self) -> LogList:
        """As what is sealed."""
        return LogList(self.count, self.last)


def newest(logs: Any) -> tuple[Log, Any]:
    """The last log, and those before it; there is one."""
    return logs.newest() if isinstance(logs, HiddenLogs) else (logs[-1], logs[:-1])


def written(target: Octets, offset: int, data: bytes | Octets) -> Octets:
    """``target`` with ``data`` at ``offset``, all inside it."""
    if not 0 <= offset <= target.width - len(data) or not target.whole:
        raise malformed("a log is written outside of its receipt")
    if isinstance(data, bytes):
        tree = merkle.write_bytes(target.tree, target.level, offset, data)
    else:
        tree = target.work.copied(target.tree, target.level, offset, data)
    return octets_of(tree, target.width, target.work)


def grown(target: Octets, width: int) -> Octets:
    """``target`` with zeros after it up to ``width`` bytes."""
    return octets_of(merkle.grown(target.tree, target.level, level_for(width)), width, target.work)


# --- the receipt -----------------------------------------------------------------------------------------------------


def heads(stage: Stage, settled: Settled, bits: int) -> bytes:
    """The receipt's leaf up to its logs, with the filter ``bits``."""
    head = receipt_head(
        settled.type_byte, settled.succeeded, stage.body.gas_used, bits.to_bytes(256, "big"), settled.size
    )
    count = stage.body.input.count
    if stage.index >= count:
        raise malformed("a transaction beyond the last")
    return leaf_head(leaf_path(stage.index, count), len(head) + settled.size) + head


@rule("DIS-between-count", "Logs are counted one at a time, from the last to the first, before any is written.")
def counted(stage: Stage, settled: Settled, context: Context) -> Stage:
    """After one log more is counted; after the last one, the room for all is there."""
    if len(settled.left) > 0:
        log, left = newest(settled.left)
        size = settled.size + len(log_head(log)) + len(log.data)
        deposits = settled.deposits + deposited(log, context)
        return attrs.evolve(stage, detail=attrs.evolve(settled, left=left, size=size, deposits=deposits))
    width = len(heads(stage, settled, 0)) + settled.size
    if width > MAX_RECEIPT:
        raise malformed("a receipt that is too long")
    body, work = stage.body, stage.body.deposits.work
    room = max(body.deposits.width, 1) + DEPOSIT_BYTES * settled.deposits if settled.deposits else body.deposits.width
    leaf = octets_of(merkle.ZERO_TREES[level_for(width)], width, work)
    making = attrs.evolve(settled, left=settled.logs, leaf=leaf, end=width, deposit_end=room)
    return attrs.evolve(
        stage, phase=Phase.WRITING, body=attrs.evolve(body, deposits=grown(body.deposits, room)), detail=making
    )


def deposited(log: Log, context: Context) -> bool:
    """Whether the log is a deposit request."""
    return Eip.DEPOSIT_REQUESTS in context.fork.eips and is_deposit(log, context.profile.deposit_contract)


@rule("DIS-between-log", "A log is written before the one that comes after it, and adds its bits to the filter.")
def write_log(stage: Stage, settled: Settled, context: Context) -> Stage | None:
    """After one log more is written; None if it is a deposit of another layout, which no valid block has."""
    log, left = newest(settled.left)
    data: Any = log.data
    leaf = written(settled.leaf, settled.end - len(data), data)
    head = log_head(log)
    end = settled.end - len(data) - len(head)
    leaf = written(leaf, end, head)
    bits = settled.bloom | int.from_bytes(bloom((log,)), "big")
    body, deposit_end = stage.body, settled.deposit_end
    if deposited(log, context):
        request = deposit_request(bytes(data)) if len(data) == DEPOSIT_LOG_BYTES else None
        if request is None:
            return None
        deposit_end -= len(request)
        body = attrs.evolve(body, deposits=written(body.deposits, deposit_end, request))
    making = attrs.evolve(settled, left=left, leaf=leaf, end=end, bloom=bits, deposit_end=deposit_end)
    return attrs.evolve(stage, body=body, detail=making)


@rule("DIS-between-receipt", "A receipt is hashed as the leaf that it is, and its filter is added to the block's.")
def receive(stage: Stage, settled: Settled) -> Body:
    """The body with the receipt that is complete but for its beginning."""
    head = heads(stage, settled, settled.bloom)
    if settled.end != len(head):
        raise malformed("a receipt whose logs do not fill it")
    leaf, body = written(settled.leaf, 0, head).keccak256(), stage.body
    receipts = in_trie(partial(filled, body.receipts, stage.index, body.input.count, leaf))
    return attrs.evolve(body, receipts=receipts, bloom=body.bloom | settled.bloom)


def written_on(stage: Stage, context: Context) -> Stage | None:
    """After one log more, or with the next transaction; None where the block is invalid."""
    settled = settled_in(stage)
    if len(settled.left) > 0:
        return write_log(stage, settled, context)
    return Stage(Phase.TRANSACTION, stage.index + 1, 0, receive(stage, settled))
