"""The forks: each is its parent and the EIPs that it adds. Source: the meta EIPs 7568 (Cancun), 7600, 7607, 7892."""

from typing import Final

from hyperion.vm.fork import BlobSchedule, Eip, Fork
from hyperion.vm.instructions import INSTRUCTIONS
from hyperion.vm.instructions.control import invalid
from hyperion.vm.machine import Instruction
from hyperion.vm.precompiles import active


def instruction_table(eips: frozenset[Eip]) -> tuple[Instruction, ...]:
    """The row for each of the 256 opcodes; those without a meaning under ``eips`` act as INVALID."""
    known = {row.opcode: row for row in INSTRUCTIONS if row.since is None or row.since in eips}
    return tuple(known.get(opcode, invalid) for opcode in range(256))


def fork(name: str, parent: Fork | None, *added: Eip, blobs: BlobSchedule | None = None) -> Fork:
    """The fork that adds EIPs to ``parent``; the blob schedule stays unless another is given."""
    eips = (frozenset() if parent is None else parent.eips) | frozenset(added)
    schedule = parent.blobs if blobs is None and parent is not None else blobs
    return Fork(name, eips, schedule, instruction_table(eips), active(eips))


PARIS: Final = fork("PARIS", None)
SHANGHAI: Final = fork(
    "SHANGHAI", PARIS,
    Eip.PUSH0, Eip.WARM_COINBASE, Eip.INITCODE_LIMIT, Eip.WITHDRAWALS,
)  # fmt: skip
CANCUN: Final = fork(
    "CANCUN", SHANGHAI,
    Eip.BEACON_ROOT, Eip.BLOBS, Eip.BLOB_BASE_FEE, Eip.MCOPY, Eip.SELFDESTRUCT_ONLY_NEW, Eip.TRANSIENT_STORAGE,
    blobs=BlobSchedule(target=3, max=6, base_fee_update_fraction=3_338_477),
)  # fmt: skip
PRAGUE: Final = fork(
    "PRAGUE", CANCUN,
    Eip.BLS12_381, Eip.CALLDATA_FLOOR, Eip.CONSOLIDATION_REQUESTS, Eip.DEPOSIT_REQUESTS, Eip.HISTORY_IN_STATE,
    Eip.REQUESTS, Eip.SET_CODE, Eip.WITHDRAWAL_REQUESTS,
    blobs=BlobSchedule(target=6, max=9, base_fee_update_fraction=5_007_716),
)  # fmt: skip
OSAKA: Final = fork(
    "OSAKA", PRAGUE,
    Eip.BLOBS_PER_TRANSACTION, Eip.BLOB_BASE_FEE_FLOOR, Eip.BLOCK_SIZE, Eip.CLZ, Eip.MODEXP_BOUNDS, Eip.MODEXP_GAS,
    Eip.P256VERIFY, Eip.TRANSACTION_GAS_CAP,
)  # fmt: skip
BPO1: Final = fork("BPO1", OSAKA, blobs=BlobSchedule(target=10, max=15, base_fee_update_fraction=8_346_193))
BPO2: Final = fork("BPO2", BPO1, blobs=BlobSchedule(target=14, max=21, base_fee_update_fraction=11_684_671))
BPO3: Final = fork("BPO3", BPO2, blobs=BlobSchedule(target=21, max=32, base_fee_update_fraction=20_609_697))
BPO4: Final = fork("BPO4", BPO3, blobs=BlobSchedule(target=14, max=21, base_fee_update_fraction=13_739_630))

FORKS: Final = (PARIS, SHANGHAI, CANCUN, PRAGUE, OSAKA, BPO1, BPO2, BPO3, BPO4)
"""Oldest first."""


def fork_named(name: str) -> Fork | None:
    """The fork called ``name``, in whatever case; None if there is none."""
    return next((known for known in FORKS if known.name == name.upper()), None)
