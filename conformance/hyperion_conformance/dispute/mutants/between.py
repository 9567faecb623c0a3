# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes between two machines of a block: of its stages, of their commitments, and of what comes next."""

from typing import Any, Final

import attrs

from hyperion.execution import message
from hyperion.settlement import points
from hyperion.settlement.between import blocks, logs, receipts, records, stages, transactions
from hyperion.settlement.between.stages import Phase, Stage, Standing
from hyperion_conformance.dispute.mutants.mutant import Mutant

KILLER: Final = "tests.property.test_between_controls:test_points_are_those_of_the_whole_transition"

ADMIT, ADMITTED, CHARGE, CHARGED = message.admit, transactions.admitted, message.charge, transactions.charged
CLEARED, HEADS, WRITE_LOG, RECEIVE = transactions.cleared, logs.heads, logs.write_log, logs.receive
WITHDRAWN, AFTER_REQUEST, REQUESTED = blocks.withdrawn, blocks.after_request, blocks.requested
SEALED_BODY, SEALED_STAGE, SEALED_SETTLED = records.sealed_body, records.sealed_stage, records.sealed_settled
NEXT_AT, INPUT_AFTER, LEAF_PATH, NEWEST, SEALED_INPUT = (
    points.next_at, points.input_after, receipts.leaf_path, logs.newest, records.sealed_input,
)  # fmt: skip


# --- a transaction ---------------------------------------------------------------------------------------------------


def fee_untaken(transaction: Any, world: Any, context: Any, valid: Any) -> Any:
    return attrs.evolve(ADMIT(transaction, world, context, valid), world=world.increment_nonce(valid.sender))


def nonce_kept(transaction: Any, world: Any, context: Any, valid: Any) -> Any:
    admitted = ADMIT(transaction, world, context, valid)
    account = admitted.world.account(valid.sender)
    kept = account.with_nonce(account.nonce - 1)
    return attrs.evolve(admitted, world=admitted.world.with_account(valid.sender, kept))


def invalid_passed_over(stage: Any, rules: Any) -> Any:
    return ADMITTED(stage, rules) or Stage(Phase.TRANSACTION, stage.index + 1, 0, stage.body)


def fees_unpaid(begun: Any, halted: Any) -> Any:
    return attrs.evolve(CHARGE(begun, halted), world=halted.world)


def refund_ignored(begun: Any, halted: Any) -> Any:
    return attrs.evolve(CHARGE(begun, halted), gas_used=begun.transaction.gas_limit - halted.gas)


def gas_of_the_last_alone(stage: Any, halted: Any, rules: Any) -> Any:
    after = CHARGED(stage, halted, rules)
    return attrs.evolve(after, body=attrs.evolve(after.body, gas_used=after.body.gas_used - stage.body.gas_used))


def blob_gas_forgotten(stage: Any, halted: Any, rules: Any) -> Any:
    after = CHARGED(stage, halted, rules)
    return attrs.evolve(after, body=attrs.evolve(after.body, blob_gas_used=0))


def only_one_deleted(stage: Any, rules: Any) -> Any:
    settled = stage.detail
    if stage.entry > 0 and transactions.first_of(settled.destroyed) is not None:
        return logs.counted(stage, attrs.evolve(settled), stages.context_of(stage.body, rules.chain))
    return attrs.evolve(CLEARED(stage, rules), entry=1)


# --- logs and receipts -----------------------------------------------------------------------------------------------


def always_succeeded(stage: Any, settled: Any, bits: int) -> bytes:
    return HEADS(stage, attrs.evolve(settled, succeeded=True), bits)


def filter_of_the_last_log(stage: Any, settled: Any, context: Any) -> Any:
    return WRITE_LOG(stage, attrs.evolve(settled, bloom=0), context)


def filter_not_added(stage: Any, settled: Any) -> Any:
    return attrs.evolve(RECEIVE(stage, settled), bloom=stage.body.bloom)


def first_log_first(held: Any) -> Any:
    return (held[0], held[1:]) if not isinstance(held, logs.HiddenLogs) else NEWEST(held)


# --- the block -------------------------------------------------------------------------------------------------------


def failed_request_passed_over(stage: Any, halted: Any, rules: Any) -> Any:
    after = AFTER_REQUEST(stage, halted, rules)
    return after if isinstance(after, Stage) else Stage(Phase.REQUEST, stage.index + 1, 0, stage.body)


def missing_contract_passed_over(stage: Any, rules: Any) -> Any:
    after = REQUESTED(stage, rules)
    missing = getattr(after, "standing", None) is Standing.INVALID
    return Stage(Phase.REQUEST, stage.index + 1, 0, stage.body) if missing else after


def last_withdrawal_unpaid(stage: Any) -> Any:
    if stage.index + 1 == (stage.body.input.withdrawal_count or 0):
        return Stage(Phase.REQUEST, 0, 0, stage.body)
    return WITHDRAWN(stage)


def deposits_are_not_first(stage: Any, rules: Any) -> Any:
    if stage.index == 0:
        return Stage(Phase.REQUEST, 1, 0, stage.body)
    return REQUESTED(stage, rules)


def goes_on_after_invalid(at: Any, ended: Any, *others: Any) -> Any:
    return INPUT_AFTER(at, attrs.evolve(ended, standing=Standing.VALID), *others)


# --- commitments -----------------------------------------------------------------------------------------------------


def body_without(**changes: Any) -> Any:
    return lambda body, sink: SEALED_BODY(attrs.evolve(body, **changes), sink)


def stage_without_entry(stage: Any, sink: Any) -> bytes:
    return SEALED_STAGE(attrs.evolve(stage, entry=0), sink)


def settled_without(**changes: Any) -> Any:
    return lambda settled, sink: SEALED_SETTLED(attrs.evolve(settled, **changes), sink)


def steps_of_a_run_are_not_counted(at: Any, before: Any, after: Any) -> Any:
    return attrs.evolve(NEXT_AT(at, before, after), step=0)


def input_without_size(given: Any, sink: Any) -> bytes:
    return SEALED_INPUT(attrs.evolve(given, count=0), sink)


FAULTS: Final[dict[str, tuple[Any, Any]]] = {
    "fee-untaken": ((transactions, "admit"), fee_untaken),
    "nonce-kept": ((transactions, "admit"), nonce_kept),
    "invalid-transaction-passed-over": ((transactions, "admitted"), invalid_passed_over),
    "access-list-stays-cold": ((transactions, "announce"), lambda held, entry: held),
    "authorisations-ignored": ((transactions, "delegate"), lambda held, wish: held),
    "fees-unpaid": ((transactions, "charge"), fees_unpaid),
    "refund-ignored": ((transactions, "charge"), refund_ignored),
    "gas-of-the-last-alone": ((transactions, "charged"), gas_of_the_last_alone),
    "blob-gas-forgotten": ((transactions, "charged"), blob_gas_forgotten),
    "only-one-account-deleted": ((transactions, "cleared"), only_one_deleted),
    "nothing-deleted": (transactions.first_of, lambda destroyed: None),
    "receipts-always-succeed": ((logs, "heads"), always_succeeded),
    "filter-of-the-last-log": ((logs, "write_log"), filter_of_the_last_log),
    "filter-not-added-to-the-block": ((logs, "receive"), filter_not_added),
    "first-log-written-last": ((logs, "newest"), first_log_first),
    "deposits-not-seen": ((logs, "deposited"), lambda log, context: False),
    "receipt-at-another-path": ((logs, "leaf_path"), lambda index, count: LEAF_PATH(index, count + 400)),
    "call-of-the-protocol-forgotten": (
        (blocks, "after_first"), lambda stage, halted: Stage(Phase.CALL_FIRST, stage.index + 1, 0, stage.body),
    ),
    "withdrawals-in-wei": (
        (blocks, "withdraw_one"), lambda world, paid: world.credit(paid.address, paid.amount),
    ),
    "last-withdrawal-unpaid": ((blocks, "withdrawn"), last_withdrawal_unpaid),
    "deposits-not-requested": ((blocks, "requested"), deposits_are_not_first),
    "failed-request-passed-over": ((blocks, "after_request"), failed_request_passed_over),
    "missing-contract-passed-over": ((blocks, "requested"), missing_contract_passed_over),
    "header-not-checked": ((blocks, "check_header"), lambda *arguments: None),
    "lists-not-checked": ((blocks, "check_roots"), lambda *arguments: None),
    "claims-believed": ((blocks, "with_outcome"), lambda header, outcome: header),
    "blocks-after-an-invalid-one": ((points, "input_after"), goes_on_after_invalid),
    "body-forgets-gas": (records.sealed_body, body_without(gas_used=0)),
    "body-forgets-filter": (records.sealed_body, body_without(bloom=0)),
    "body-forgets-requests": (records.sealed_body, body_without(hashes=b"")),
    "stage-forgets-entry": (records.sealed_stage, stage_without_entry),
    "settled-forgets-success": (records.sealed_settled, settled_without(succeeded=True)),
    "settled-forgets-filter": (records.sealed_settled, settled_without(bloom=0)),
    "input-forgets-count": (records.sealed_input, input_without_size),
    "steps-of-a-run-not-counted": (points.next_at, steps_of_a_run_are_not_counted),
}  # fmt: skip

BETWEEN_MUTANTS: Final = tuple(Mutant(name, right, wrong, KILLER) for name, (right, wrong) in FAULTS.items())
