# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes of settlement: assertions, the guardian, withdrawals."""

from typing import Any, Final

import attrs

from hyperion.settlement.dispute import identity
from hyperion.settlement.finality import assertions, guardian, withdrawals
from hyperion.settlement.finality import rules as court_rules
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.mutants.mutant import Mutant, Wrong, yes

COURT: Final = "tests.unit.test_dispute_settlement"
TOTAL: Final = "tests.property.test_dispute_totality"


def span_unbounded(chain: Any, parent: Any, event: Any) -> Any:
    return CHECK_SPAN(attrs.evolve(chain, parameters=attrs.evolve(chain.parameters, max_span=2**300)), parent, event)


CHECK_SPAN: Final = assertions.check_span


def windows(challenge: int, resolve: int) -> Wrong:
    def wrong(chain: Any, event: Any) -> Any:
        changed = attrs.evolve(
            chain.parameters,
            challenge_window_blocks=chain.parameters.challenge_window_blocks + challenge,
            resolve_window_blocks=chain.parameters.resolve_window_blocks * resolve,
        )
        return CHECK_DATA(attrs.evolve(chain, parameters=changed), event)

    return wrong


CHECK_DATA: Final = assertions.check_data


def parent_need_not_be_final(chain: Any, event: Any) -> Any:
    every = chain.final
    for name in chain.assertions:
        every = every.set(name, 0)
    after = SETTLE(attrs.evolve(chain, final=every), event)
    return after if isinstance(after, Rejected) else attrs.evolve(after, final=chain.final)


SETTLE: Final = assertions.settle


def denied_or_not(chain: Any, game: Any, assertion: Any) -> bool:
    return bool(chain.now.time - assertion.created >= chain.parameters.game.threshold)


def question_without_inputs(chain: Any, inputs: Any, round_number: int) -> bytes:
    return QUESTION(chain, attrs.evolve(inputs, l1_height=0, l1_hash=b"\0" * 32), round_number)


QUESTION: Final = assertions.question_of


def first_proof_counts(chain: Any, event: Any, outside: Any) -> Any:
    name = withdrawals.withdrawal_id(event.nonce, event.recipient, event.amount)
    after = PROVE(chain, event, outside)
    if isinstance(after, Rejected) or name not in chain.proven:
        return after
    return attrs.evolve(after, proven=chain.proven)


PROVE: Final = withdrawals.prove


def paying_before_finality(chain: Any, event: Any) -> Any:
    every = chain.final
    for name in chain.assertions:
        every = every.set(name, 0)
    after = PAY(attrs.evolve(chain, final=every), event)
    return after if isinstance(after, Rejected) else attrs.evolve(after, final=chain.final)


def paying_again(chain: Any, event: Any) -> Any:
    after = PAY(chain, event)
    return after if isinstance(after, Rejected) else attrs.evolve(after, spent=chain.spent)


def maturity_reached(chain: Any, event: Any) -> Any:
    sooner = attrs.evolve(chain.parameters, maturity=chain.parameters.maturity - 1)
    return PAY(attrs.evolve(chain, parameters=sooner), event)


PAY: Final = withdrawals.pay


def pausing_without_end(chain: Any, event: Any) -> Any:
    return PAUSE(attrs.evolve(chain, parameters=attrs.evolve(chain.parameters, pause_budget=2**200)), event)


PAUSE: Final = guardian.pause


def voiding_what_is_final(chain: Any, event: Any, outside: Any) -> Any:
    return VOID(attrs.evolve(chain, final=type(chain.final)()), event, outside)


VOID: Final = guardian.void


def any_winner_is_next(chain: Any, event: Any) -> Any:
    assertion = chain.assertions.get(event.assertion)
    if assertion is None or assertion.question not in chain.contests:
        return FINALIZE(chain, event)
    return FINALIZE(attrs.evolve(chain, anchor=chain.contests[assertion.question].parent), event)


FINALIZE: Final = assertions.finalize

COURT_MUTANTS: Final = (
    Mutant("any-number", court_rules.are_words, yes, f"{TOTAL}:test_numbers_are_words", (2**256,)),
    Mutant(
        "span-unbounded",
        assertions.check_span,
        span_unbounded,
        f"{COURT}:test_a_span_is_between_one_block_and_the_longest",
    ),
    Mutant(
        "head-past-one-window",
        assertions.check_data,
        windows(0, 0),
        f"{COURT}:test_the_head_is_past_both_windows_of_the_last_batch",
    ),
    Mutant(
        "head-in-the-last-block",
        assertions.check_data,
        windows(-1, 1),
        f"{COURT}:test_the_head_is_past_both_windows_of_the_last_batch",
    ),
    Mutant(
        "head-a-block-later",
        assertions.check_data,
        windows(1, 1),
        f"{COURT}:test_the_head_is_past_both_windows_of_the_last_batch",
    ),
    Mutant(
        "no-air-gap", assertions.is_past_air_gap, yes, f"{COURT}:test_a_winner_is_final_after_more_than_the_air_gap"
    ),
    Mutant(
        "parent-not-final",
        assertions.settle,
        parent_need_not_be_final,
        f"{COURT}:test_a_child_is_settled_only_on_a_final_parent",
    ),
    Mutant(
        "denied-or-not",
        assertions.stood_alone,
        denied_or_not,
        f"{COURT}:test_an_assertion_that_is_denied_wins_only_by_its_game",
    ),
    Mutant(
        "inputs-not-pinned",
        assertions.question_of,
        question_without_inputs,
        f"{COURT}:test_all_inputs_are_part_of_the_question",
    ),
    Mutant("any-winner-is-next", assertions.finalize, any_winner_is_next, f"{COURT}:test_the_anchor_is_one_line"),
    Mutant("dead-are-alive", assertions.is_alive, yes, f"{COURT}:test_nothing_is_built_on_an_assertion_that_lost"),
    Mutant(
        "first-proof-counts",
        withdrawals.prove,
        first_proof_counts,
        f"{COURT}:test_proving_anew_starts_the_maturity_anew",
    ),
    Mutant(
        "paid-before-finality",
        withdrawals.pay,
        paying_before_finality,
        f"{COURT}:test_a_withdrawal_is_proven_against_a_living_assertion_that_covers_it",
    ),
    Mutant(
        "paid-again",
        withdrawals.pay,
        paying_again,
        f"{COURT}:test_a_withdrawal_is_paid_once_after_more_than_its_maturity",
    ),
    Mutant(
        "maturity-reached",
        withdrawals.pay,
        maturity_reached,
        f"{COURT}:test_a_withdrawal_is_paid_once_after_more_than_its_maturity",
    ),
    Mutant(
        "withdrawal-without-amount",
        withdrawals.withdrawal_id,
        lambda nonce, recipient, amount: identity.identity(14, nonce, recipient),
        f"{COURT}:test_a_withdrawal_is_paid_as_proven",
    ),
    Mutant(
        "pause-without-end", guardian.pause, pausing_without_end, f"{COURT}:test_the_guardian_delays_within_its_budget"
    ),
    Mutant(
        "final-is-voided",
        guardian.void,
        voiding_what_is_final,
        f"{COURT}:test_what_is_final_or_paid_out_is_beyond_the_guardian",
    ),
)
