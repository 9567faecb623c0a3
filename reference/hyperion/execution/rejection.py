"""Why a transaction is refused: a value, not an exception. The reasons are the ids of the rules that refuse."""

from enum import Enum

import attrs


class Reason(Enum):
    """Why a transaction may not be in a block; the value is the id of the rule."""

    TYPE_UNSUPPORTED = "EXE-type-unsupported"
    CHAIN_ID = "EXE-chain-id"
    SIGNATURE = "EXE-signature"
    INTRINSIC_GAS = "EXE-intrinsic-gas"
    FLOOR_GAS = "EXE-floor-gas"
    NONCE_MAX = "EXE-nonce-max"
    INITCODE_TOO_LARGE = "EXE-initcode-too-large"
    GAS_CAP = "EXE-gas-cap"
    PRIORITY_FEE_ABOVE_MAX_FEE = "EXE-priority-fee-above-max-fee"
    COST_OVERFLOW = "EXE-cost-overflow"
    GAS_LIMIT_EXCEEDS_BLOCK = "EXE-gas-limit-exceeds-block"
    BLOB_GAS_EXCEEDS_BLOCK = "EXE-blob-gas-exceeds-block"
    MAX_FEE_BELOW_BASE_FEE = "EXE-max-fee-below-base-fee"
    NO_BLOBS = "EXE-no-blobs"
    TOO_MANY_BLOBS = "EXE-too-many-blobs"
    BLOB_VERSION = "EXE-blob-version"
    BLOB_FEE_TOO_LOW = "EXE-blob-fee-too-low"
    BLOB_CREATE = "EXE-blob-create"
    SET_CODE_CREATE = "EXE-set-code-create"
    AUTHORIZATION_LIST_EMPTY = "EXE-authorization-list-empty"
    NONCE_TOO_LOW = "EXE-nonce-too-low"
    NONCE_TOO_HIGH = "EXE-nonce-too-high"
    INSUFFICIENT_FUNDS = "EXE-insufficient-funds"
    SENDER_NOT_EOA = "EXE-sender-not-eoa"


@attrs.frozen
class Rejected:
    """A refused transaction: why, and the figures that show it."""

    reason: Reason
    detail: str = ""
