# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes of the edge game."""

from typing import Any, Final

import attrs

from hyperion.settlement import moment
from hyperion.settlement.dispute import bisection, confirmation, funds, identity, moves, parameters, rules, timers
from hyperion.settlement.dispute import types as edge_types
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.mutants.mutant import Mutant, trusting, yes

EDGES: Final = "tests.unit.test_dispute_edges"


def end_instead_of_before(start: int, end: int) -> int | None:
    return None if end - start < 2 else end >> ((end ^ start).bit_length() - 1) << ((end ^ start).bit_length() - 1)


def any_claimant(game: Any, edge: bytes, claimant: bytes) -> Any:
    if edge not in game.edges or claimant not in game.edges:
        return Rejected(edge_types.Reason.UNKNOWN_EDGE)
    return game.edges[edge], game.edges[claimant]


def unrivalled_for_all(is_first: bool, created: int, rivalled_at: int | None, now: int) -> int:
    return (now if rivalled_at is None else max(rivalled_at, created)) - created if is_first else now - created


def same_block_counts(is_first: bool, created: int, rivalled_at: int | None, now: int) -> int:
    return max(1, (now if rivalled_at is None else rivalled_at) - created) if is_first else 0


def last_rival_stops(rivalry: Any, newcomer: bytes, now: int) -> Any:
    return edge_types.Rivalry(newcomer) if rivalry is None else attrs.evolve(rivalry, rivalled_at=now)


def credit_for_every_assertion(game: Any, claim: bytes) -> int:
    rivalled = game.contest.rivalled_at or game.now.time
    return int(rivalled - min(other.created for other in game.claimed.values()))


def credited_to_roots(game: Any, event: Any) -> Any:
    edge = game.edges.get(event.edge)
    if edge is None or edge.level or edge.claim is None:
        return CONFIRM_BY_TIME(game, event)
    less = game.parameters.threshold - timers.assertion_time(game, edge.claim)
    after = CONFIRM_BY_TIME(attrs.evolve(game, parameters=attrs.evolve(game.parameters, threshold=less)), event)
    return after if isinstance(after, Rejected) else attrs.evolve(after, parameters=game.parameters)


def deciding_again(game: Any, event: Any) -> Any:
    return DECIDE(attrs.evolve(game, winner=None), event)


DECIDE: Final = confirmation.decide


def confirming_all(game: Any, edge: Any) -> Any:
    rivalry = attrs.evolve(game.rivalries[edge.mutual], confirmed=None)
    return RIGHT_CONFIRMED(attrs.evolve(game, rivalries=game.rivalries.set(edge.mutual, rivalry)), edge)


RIGHT_CONFIRMED: Final = confirmation.confirmed


def making_again(game: Any, edge: Any) -> Any:
    return moves.placed(game, edge)


def failing_if_there(game: Any, edge: Any) -> Any:
    return Rejected(edge_types.Reason.EDGE_EXISTS) if edge.id in game.edges else moves.placed(game, edge)


def closing_again(game: Any, event: Any) -> Any:
    return attrs.evolve(game, mode=event.mode)


def refunding_unconfirmed(game: Any, event: Any) -> Any:
    edge = game.edges.get(event.edge)
    if edge is None:
        return RIGHT_REFUND(game, event)
    return RIGHT_REFUND(attrs.evolve(game, edges=game.edges.set(edge.id, attrs.evolve(edge, confirmed=True))), event)


def refunding_again(game: Any, event: Any) -> Any:
    edge = game.edges.get(event.edge)
    if edge is None:
        return RIGHT_REFUND(game, event)
    return RIGHT_REFUND(attrs.evolve(game, edges=game.edges.set(edge.id, attrs.evolve(edge, refunded=False))), event)


def refunding_todays_stake(game: Any, event: Any) -> Any:
    edge = game.edges.get(event.edge)
    if edge is None or not edge.opens_level:
        return RIGHT_REFUND(game, event)
    today = attrs.evolve(edge, stake=game.parameters.levels[edge.level].stake)
    return RIGHT_REFUND(attrs.evolve(game, edges=game.edges.set(edge.id, today)), event)


RIGHT_REFUND: Final = funds.refund


def useful_if_confirmed(game: Any, edge: Any, via: Any) -> bool:
    return bool(edge.confirmed) or (via is not None and via.useful)


def useful_without_confirmation(game: Any, edge: Any, via: Any) -> bool:
    if via is None:
        return bool(edge.level == 0 and edge.opens_level and edge.confirmed)
    return bool(via.useful and (edge.claim == via.id or edge.id in (via.lower, via.upper)))


def reimbursing_in_part(game: Any, event: Any) -> Any:
    levels = tuple(
        attrs.evolve(level, reimbursement=min(level.reimbursement, game.ledger.pool))
        for level in game.parameters.levels
    )
    return RIGHT_REIMBURSE(attrs.evolve(game, parameters=attrs.evolve(game.parameters, levels=levels)), event)


RIGHT_REIMBURSE: Final = funds.reimburse


def withdrawing_again(game: Any, event: Any) -> Any:
    after = RIGHT_WITHDRAW(game, event)
    if isinstance(after, Rejected):
        return after
    return attrs.evolve(after, ledger=attrs.evolve(after.ledger, credits=game.ledger.credits))


RIGHT_WITHDRAW: Final = funds.withdraw


def after_unbound(edge: Any, event: Any, verifier: Any) -> Any:
    if edge.length != 1:
        return Rejected(edge_types.Reason.NOT_SINGLE_STEP)
    begins = verifier.includes(edge.start_root, edge.start_height, edge.start_height, event.before, event.before_proof)
    return None if begins else Rejected(edge_types.Reason.START_PROOF)


def before_unbound(edge: Any, event: Any, verifier: Any) -> Any:
    if edge.length != 1:
        return Rejected(edge_types.Reason.NOT_SINGLE_STEP)
    ends = verifier.includes(edge.end_root, edge.end_height, edge.end_height, event.after, event.after_proof)
    return None if ends else Rejected(edge_types.Reason.END_PROOF)


def more_than_threshold(game: Any, event: Any) -> Any:
    short = attrs.evolve(game.parameters, threshold=game.parameters.threshold + 1)
    return CONFIRM_BY_TIME(attrs.evolve(game, parameters=short), event)


CONFIRM_BY_TIME: Final = confirmation.confirm_by_time


def one_half_suffices(game: Any, event: Any) -> Any:
    edge = game.edges.get(event.edge)
    if edge is None or edge.lower is None or edge.upper is None:
        return CONFIRM_BY_CHILDREN(game, event)
    halves = [game.edges[edge.lower], game.edges[edge.upper]]
    return (
        confirmation.confirmed(game, edge)
        if any(half.confirmed for half in halves)
        else Rejected(edge_types.Reason.CHILD_NOT_CONFIRMED)
    )


CONFIRM_BY_CHILDREN: Final = confirmation.confirm_by_children


def proving_without_the_machine(game: Any, event: Any, verifier: Any) -> Any:
    return BY_ONE_STEP(game, event, attrs.evolve(verifier, step=lambda *_: event.after))


BY_ONE_STEP: Final = confirmation.confirm_by_one_step


def at_least_the_stake(game: Any, level: int, origin: bytes, claim: bytes, start: bytes, event: Any, of: Any) -> Any:
    paid = min(event.paid, game.parameters.levels[level].stake)
    return OPENED(game, level, origin, claim, start, attrs.evolve(event, paid=paid), of)


OPENED: Final = moves.opened


def all_to_escrow(ledger: Any, amount: int, is_first: bool) -> Any:
    return attrs.evolve(ledger, deposited=ledger.deposited + amount, escrow=ledger.escrow + amount)


def late_without_updates(parameters_: Any) -> int:
    return int(parameters_.censorship + (parameters_.reaction + parameters_.slot) * parameters_.moves)


def at_threshold_safe(parameters_: Any) -> Any:
    if not parameters_.levels:
        return VIOLATIONS(parameters_)
    return VIOLATIONS(attrs.evolve(parameters_, threshold=parameters_.threshold + 1))


VIOLATIONS: Final = parameters.violations

EDGE_MUTANTS: Final = (
    Mutant(
        "cut-by-end",
        bisection.bisection_height,
        end_instead_of_before,
        f"{EDGES}:test_cut_is_the_roundest_height_inside",
    ),
    Mutant(
        "cut-in-the-middle",
        bisection.bisection_height,
        lambda s, e: None if e - s < 2 else (s + e) // 2,
        f"{EDGES}:test_cut_is_the_roundest_height_inside",
    ),
    *(
        Mutant(
            f"mutual-id-without-{name}",
            identity.mutual_id,
            wrong,
            f"{EDGES}:test_names_differ_if_anything_in_them_does",
        )
        for name, wrong in {
            "level": lambda level, *rest: identity.identity(1, *rest),
            "origin": lambda level, origin, *rest: identity.identity(1, level, *rest),
            "start-root": lambda level, origin, start, root, end: identity.identity(1, level, origin, start, end),
            "end-height": lambda level, origin, start, root, end: identity.identity(1, level, origin, start, root),
        }.items()
    ),
    Mutant(
        "edge-id-without-question",
        identity.edge_id,
        lambda mutual, end: identity.identity(2, end),
        f"{EDGES}:test_names_differ_if_anything_in_them_does",
    ),
    Mutant(
        "claim-link-unchecked",
        confirmation.claimant_of,
        any_claimant,
        f"{EDGES}:test_a_rival_is_not_credited_what_stands_for_the_other",
    ),
    Mutant(
        "older-half-counts",
        timers.timer_by_children,
        lambda own, lower, upper: min(own + max(lower, upper), edge_types.INFINITE),
        f"{EDGES}:test_halves_count_by_the_younger_and_nothing_exceeds_infinity",
    ),
    Mutant(
        "claimant-counted-twice",
        timers.timer_by_claim,
        lambda own, claimant: min(own + 2 * claimant, edge_types.INFINITE),
        f"{EDGES}:test_halves_count_by_the_younger_and_nothing_exceeds_infinity",
    ),
    Mutant(
        "timer-falls",
        timers.credited,
        lambda before, earned: earned,
        f"{EDGES}:test_a_step_is_proved_by_the_machine_alone",
    ),
    Mutant(
        "later-rivals-have-time",
        timers.unrivalled_time,
        unrivalled_for_all,
        f"{EDGES}:test_only_the_first_has_unrivalled_time",
    ),
    Mutant(
        "same-block-counts",
        timers.unrivalled_time,
        same_block_counts,
        f"{EDGES}:test_rivals_of_one_block_have_no_unrivalled_time",
    ),
    Mutant(
        "last-rival-stops-the-clock",
        moves.joined,
        last_rival_stops,
        f"{EDGES}:test_the_second_rival_stops_the_clock_and_the_third_does_not_move_it",
    ),
    Mutant(
        "credit-for-every-assertion",
        timers.assertion_time,
        credit_for_every_assertion,
        f"{EDGES}:test_a_later_assertion_brings_no_time",
    ),
    Mutant(
        "credit-to-roots",
        confirmation.confirm_by_time,
        credited_to_roots,
        f"{EDGES}:test_the_time_of_an_assertion_confirms_none_of_its_roots",
    ),
    Mutant(
        "decided-again",
        confirmation.decide,
        deciding_again,
        f"{EDGES}:test_only_roots_decide_and_once",
    ),
    Mutant(
        "no-credit", timers.assertion_time, lambda game, claim: 0, f"{EDGES}:test_the_first_assertion_brings_its_time"
    ),
    Mutant("two-winners", confirmation.confirmed, confirming_all, f"{EDGES}:test_of_rivals_one_wins"),
    Mutant(
        "uncontested-is-cut", moves.contested, lambda game, edge: None, f"{EDGES}:test_only_a_contested_edge_is_cut"
    ),
    Mutant(
        "shared-half-made-again",
        moves.shared,
        making_again,
        f"{EDGES}:test_a_half_that_is_there_is_shared_and_keeps_its_age",
    ),
    Mutant(
        "root-of-any-end",
        moves.create_root,
        trusting(moves.create_root, includes=yes),
        f"{EDGES}:test_a_root_ends_in_the_state_of_its_assertion_and_begins_in_the_contests",
    ),
    Mutant(
        "root-of-any-beginning",
        moves.opened,
        trusting(moves.opened, is_prefix=yes),
        f"{EDGES}:test_a_root_ends_in_the_state_of_its_assertion_and_begins_in_the_contests",
    ),
    Mutant(
        "cut-unproved",
        moves.bisect,
        trusting(moves.bisect, is_prefix=yes),
        f"{EDGES}:test_a_cut_shows_that_the_middle_begins_the_whole",
    ),
    Mutant(
        "step-end-unbound",
        moves.step_ends,
        after_unbound,
        f"{EDGES}:test_a_refinement_begins_and_ends_where_the_step_does",
    ),
    Mutant(
        "step-start-unbound",
        moves.step_ends,
        before_unbound,
        f"{EDGES}:test_a_refinement_begins_and_ends_where_the_step_does",
    ),
    Mutant(
        "step-unproved",
        confirmation.confirm_by_one_step,
        proving_without_the_machine,
        f"{EDGES}:test_a_step_is_proved_by_the_machine_alone",
    ),
    Mutant(
        "threshold-exceeded",
        confirmation.confirm_by_time,
        more_than_threshold,
        f"{EDGES}:test_the_threshold_is_enough_and_a_second_less_is_not",
    ),
    Mutant(
        "one-half-suffices",
        confirmation.confirm_by_children,
        one_half_suffices,
        f"{EDGES}:test_halves_that_won_make_the_whole_win",
    ),
    Mutant("stake-at-least", moves.opened, at_least_the_stake, f"{EDGES}:test_a_stake_is_exact"),
    Mutant(
        "all-stakes-held",
        funds.deposit,
        all_to_escrow,
        f"{EDGES}:test_the_first_stake_is_held_and_later_ones_fill_the_pool",
    ),
    Mutant("mode-decided-again", funds.close, closing_again, f"{EDGES}:test_the_mode_is_decided_once"),
    Mutant(
        "losers-refunded",
        funds.refund,
        refunding_unconfirmed,
        f"{EDGES}:test_normally_the_winners_stakes_go_back_and_no_others",
    ),
    Mutant(
        "refunded-again",
        funds.refund,
        refunding_again,
        f"{EDGES}:test_normally_the_winners_stakes_go_back_and_no_others",
    ),
    Mutant(
        "refund-of-todays-stake",
        funds.refund,
        refunding_todays_stake,
        f"{EDGES}:test_a_refund_is_what_was_deposited_even_if_the_stake_of_the_level_changed",
    ),
    Mutant(
        "useful-if-confirmed",
        funds.is_useful,
        useful_if_confirmed,
        f"{EDGES}:test_makers_of_useful_edges_are_paid_from_above_once",
    ),
    Mutant(
        "useful-if-claimed",
        funds.is_useful,
        useful_without_confirmation,
        f"{EDGES}:test_a_refinement_is_useful_only_if_it_won",
    ),
    Mutant(
        "reimbursed-in-part",
        funds.reimburse,
        reimbursing_in_part,
        f"{EDGES}:test_reimbursement_is_in_full_or_not_at_all",
    ),
    Mutant("withdrawn-again", funds.withdraw, withdrawing_again, f"{EDGES}:test_money_is_taken_by_its_owner_once"),
    Mutant("time-backwards", moment.follows, yes, f"{EDGES}:test_time_and_height_do_not_go_back"),
    Mutant("hashes-of-any-length", rules.is_well_formed, yes, f"{EDGES}:test_hashes_have_their_length"),
    Mutant(
        "late-without-updates",
        (parameters.Parameters, "late"),
        property(late_without_updates),
        f"{EDGES}:test_lateness_counts_every_move_and_every_update",
    ),
    Mutant(
        "threshold-may-equal-late",
        parameters.violations,
        at_threshold_safe,
        f"{EDGES}:test_threshold_is_above_the_lateness",
    ),
    Mutant(
        "stakes-of-any-size",
        parameters.stake_violations,
        lambda *_: (),
        f"{EDGES}:test_stake_covers_what_a_false_history_costs",
    ),
)
