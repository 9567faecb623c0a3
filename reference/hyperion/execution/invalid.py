"""Why a block is refused: a value, and the state before it is untouched."""

from enum import Enum

import attrs

from hyperion.execution.rejection import Rejected
from hyperion.execution.transaction import TransactionReason


class BlockReason(Enum):
    """Why a block is not valid."""

    ENCODING = "encoding"
    SIZE = "size"
    HEADER_FIELDS = "header-fields"
    WITHDRAWALS_MISSING = "withdrawals-missing"
    PARENT = "parent"
    NUMBER = "number"
    TIMESTAMP = "timestamp"
    GAS_LIMIT = "gas-limit"
    GAS_USED_ABOVE_LIMIT = "gas-used-above-limit"
    BASE_FEE = "base-fee"
    EXTRA_DATA_TOO_LONG = "extra-data-too-long"
    DIFFICULTY = "difficulty"
    NONCE = "nonce"
    OMMERS = "ommers"
    EXCESS_BLOB_GAS = "excess-blob-gas"
    BLOB_GAS_USED = "blob-gas-used"
    TRANSACTION_ENCODING = "transaction-encoding"
    TRANSACTION = "transaction"
    TRANSACTIONS_ROOT = "transactions-root"
    WITHDRAWALS_ROOT = "withdrawals-root"
    RECEIPTS_ROOT = "receipts-root"
    BLOOM = "bloom"
    GAS_USED = "gas-used"
    STATE_ROOT = "state-root"
    REQUESTS_HASH = "requests-hash"
    DEPOSIT_LAYOUT = "deposit-layout"
    SYSTEM_CONTRACT_MISSING = "system-contract-missing"
    SYSTEM_CONTRACT_FAILED = "system-contract-failed"


@attrs.frozen
class InvalidBlock:
    """A refused block: why, the figures or the field that show it, and the transaction at fault, if it is one."""

    reason: BlockReason
    detail: str = ""
    index: int | None = None
    """The transaction at fault, counted from 0."""
    rejected: Rejected | None = None
    """Why that transaction is refused."""
    malformed: tuple[TransactionReason, str] | None = None
    """Reason and field of an encoding that is refused."""
