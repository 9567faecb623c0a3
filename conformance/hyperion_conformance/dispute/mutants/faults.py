# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes of the fault dispute game."""

from typing import Any, Final

import attrs

from hyperion.settlement.faultgame import ancestry, bonds, clocks, position, resolution
from hyperion.settlement.faultgame import moves as fault_moves
from hyperion.settlement.faultgame import parameters as fault_parameters
from hyperion.settlement.faultgame import rules as fault_rules
from hyperion.settlement.faultgame import types as fault_types
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.mutants.mutant import Mutant, Wrong, evolving, yes

FAULTS: Final = "tests.unit.test_dispute_faultgame"
PLAYED: Final = "tests.property.test_dispute_faultgame"
TOTAL: Final = "tests.property.test_dispute_totality"


def status_of_attacks_only(game: Any, event: Any, output: Any) -> Any:
    expected = (1, 2) if event.is_attack else (0,)
    return None if event.value[0] in expected else Rejected(fault_types.Reason.UNEXPECTED_STATUS)


def parity_ignored(ends: Any, leaf: Any, event: Any, machine: Any, context: Any) -> Any:
    same = attrs.evolve(leaf, position=attrs.evolve(ends[1].position))
    return UNPROVED(ends, same, event, machine, context)


def parity_inverted(ends: Any, leaf: Any, event: Any, machine: Any, context: Any) -> Any:
    deeper = attrs.evolve(leaf, position=attrs.evolve(leaf.position, depth=leaf.position.depth + 1))
    return UNPROVED(ends, deeper, event, machine, context)


UNPROVED: Final = fault_moves.unproved


def status_byte_counts(ends: Any, leaf: Any, event: Any, machine: Any, context: Any) -> Any:
    if machine.hash_of(event.state) != ends[0]:
        return Rejected(fault_types.Reason.PRESTATE)
    return UNPROVED(ends, leaf, event, machine, context)


def last_byte_ignored(ends: Any, leaf: Any, event: Any, machine: Any, context: Any) -> Any:
    before = ends[0][:31] + machine.hash_of(event.state)[31:]
    return UNPROVED((before, ends[1]), leaf, event, machine, context)


def with_leaf(**changes: object) -> Wrong:
    def wrong(game: Any, event: Any, machine: Any) -> Any:
        if not 0 <= event.claim < len(game.claims):
            return STEP_LEAF(game, event, machine)
        claims = game.claims.set(event.claim, attrs.evolve(game.claims[event.claim], **changes))
        return STEP_LEAF(attrs.evolve(game, claims=claims), event, machine)

    return wrong


STEP_LEAF: Final = fault_moves.step_leaf


def own_clock(game: Any, index: int) -> int:
    claim = game.claims[index]
    return int(min(claim.clock.duration + game.now - claim.clock.timestamp, game.parameters.max_clock))


def extension_shifted(split: int, leaf: int) -> Wrong:
    def wrong(of: fault_parameters.Parameters, depth: int) -> int:
        if depth == of.max_depth - leaf:
            return of.extension + of.preimage_period
        return of.extension * (2 if depth == of.split_depth - split else 1)

    return wrong


def one_value_at_a_place(game: Any, event: Any) -> Any:
    if 0 <= event.parent < len(game.claims):
        place = position.moved(game.claims[event.parent].position, event.is_attack)
        if any(game.claims[child].position == place for child in game.claims[event.parent].children):
            return Rejected(fault_types.Reason.CLAIM_EXISTS)
    return MOVE(game, event)


MOVE: Final = fault_moves.move


def made_again(game: Any, event: Any) -> Any:
    return MOVE(attrs.evolve(game, known=type(game.known)()), event)


def bond_at_least(game: Any, event: Any, place: Any) -> Any:
    enough = event.paid >= fault_parameters.bond_at(game.parameters, place.depth)
    return None if enough else Rejected(fault_types.Reason.BOND)


def latest_of_the_leftmost(checkpoint: Any, answer: Any) -> Any:
    best, place = checkpoint.leftmost, answer.position.general
    if answer.countered_by is None and (best is None or place <= best):
        return fault_types.Checkpoint(checkpoint.cursor + 1, place, answer.claimant)
    return attrs.evolve(checkpoint, cursor=checkpoint.cursor + 1)


def rightmost(checkpoint: Any, answer: Any) -> Any:
    best, place = checkpoint.leftmost, answer.position.general
    if answer.countered_by is None and (best is None or place > best):
        return fault_types.Checkpoint(checkpoint.cursor + 1, place, answer.claimant)
    return attrs.evolve(checkpoint, cursor=checkpoint.cursor + 1)


def fallen_answers_count(checkpoint: Any, answer: Any) -> Any:
    return RIGHT_GONE(checkpoint, attrs.evolve(answer, countered_by=None))


RIGHT_GONE: Final = resolution.gone_through


def answers_need_not_be_settled(game: Any, event: Any) -> Any:
    if not 0 <= event.claim < len(game.claims):
        return RESOLVE_CLAIM(game, event)
    claims = game.claims
    for child in claims[event.claim].children:
        claims = claims.set(child, attrs.evolve(claims[child], resolved=True))
    return RESOLVE_CLAIM(attrs.evolve(game, claims=claims), event)


RESOLVE_CLAIM: Final = resolution.resolve_claim


def stepper_unpaid(game: Any, index: int, claim: Any, checkpoint: Any) -> Any:
    return checkpoint.countered_by


def block_number_last(game: Any, index: int, claim: Any, checkpoint: Any) -> Any:
    return checkpoint.countered_by if claim.children else claim.countered_by


def air_gap_reached(game: Any, event: Any) -> Any:
    longer = attrs.evolve(game.parameters, air_gap=game.parameters.air_gap - 1)
    return BOND_CLOSE(attrs.evolve(game, parameters=longer), event)


BOND_CLOSE: Final = bonds.close


def both_modes_paid(game: Any, account: int) -> Any:
    both = game.bonds.normal.get(account, 0) + game.bonds.refund.get(account, 0)
    doubled = attrs.evolve(
        game.bonds, normal=game.bonds.normal.set(account, both), refund=game.bonds.refund.set(account, both)
    )
    return ASKED(attrs.evolve(game, bonds=doubled), account)


ASKED: Final = bonds.asked


def no_delay(game: Any, event: Any) -> Any:
    at_once = attrs.evolve(game.parameters, withdrawal_delay=0)
    return CLAIM_CREDIT(attrs.evolve(game, parameters=at_once), event)


CLAIM_CREDIT: Final = bonds.claim_credit


def settled_root_open(game: Any, event: Any, machine: Any) -> Any:
    claims = game.claims.set(0, attrs.evolve(game.claims[0], resolved=False))
    return BLOCK_NUMBER(attrs.evolve(game, claims=claims), event, machine)


BLOCK_NUMBER: Final = fault_moves.challenge_block_number


def block_uncapped(game: Any, context: Any, key: int) -> Any:
    return LOCAL_DATA(attrs.evolve(game, l2_block=2**40), context, key)


def outputs_swapped(game: Any, context: Any, key: int) -> Any:
    return LOCAL_DATA(game, context, {2: 3, 3: 2}.get(key, key))


LOCAL_DATA: Final = ancestry.local_data


def without(name: str) -> Wrong:
    return lambda of: tuple(found for found in FAULT_VIOLATIONS(of) if found.name != name)


FAULT_VIOLATIONS: Final = fault_parameters.violations
ANCESTOR: Final = position.trace_ancestor
ROOT: Final = fault_parameters.root
MISPLACED: Final = fault_moves.misplaced

FAULT_MUTANTS: Final = (
    Mutant("any-value", fault_rules.is_well_formed, yes, f"{TOTAL}:test_values_have_their_length"),
    Mutant(
        "defend-next-door",
        position.defend,
        lambda p: position.Position(p.depth + 1, 2 * p.index + 1),
        f"{PLAYED}:test_positions_are_those_of_generalized_indices",
    ),
    Mutant(
        "ancestor-unbounded",
        position.trace_ancestor,
        lambda p, above=-1: ANCESTOR(p),
        f"{PLAYED}:test_ancestor_is_the_highest_with_the_same_leaf",
    ),
    Mutant(
        "ancestor-too-low",
        position.trace_ancestor,
        lambda p, above=-1: p,
        f"{PLAYED}:test_ancestor_is_the_highest_with_the_same_leaf",
    ),
    Mutant(
        "bond-rounded-up",
        fault_parameters.root,
        lambda number, degree: ROOT(number, degree) + 1,
        f"{PLAYED}:test_root_is_the_largest_whole_one",
    ),
    Mutant(
        "roots-defended",
        fault_moves.misplaced,
        evolving(fault_moves.misplaced, 1, is_attack=True),
        f"{FAULTS}:test_roots_are_not_defended",
    ),
    Mutant(
        "move-by-index",
        fault_moves.misplaced,
        evolving(fault_moves.misplaced, 1, disputed=lambda g, e, p: g.claims[e.parent].value),
        f"{FAULTS}:test_a_move_names_what_it_disputes",
    ),
    Mutant(
        "one-value-at-a-place",
        fault_moves.move,
        one_value_at_a_place,
        f"{FAULTS}:test_the_same_move_is_made_once_and_another_value_is_another_move",
    ),
    Mutant(
        "made-again",
        fault_moves.move,
        made_again,
        f"{FAULTS}:test_the_same_move_is_made_once_and_another_value_is_another_move",
    ),
    Mutant(
        "depth-unbounded",
        fault_moves.misplaced,
        lambda g, e, p: MISPLACED(attrs.evolve(g, parameters=attrs.evolve(g.parameters, max_depth=99)), e, p),
        f"{FAULTS}:test_nothing_is_below_the_leaves",
    ),
    Mutant(
        "status-of-attacks-only",
        fault_moves.check_status,
        status_of_attacks_only,
        f"{FAULTS}:test_the_root_of_a_run_says_how_it_ends",
        (False, 2, {1, 2}),
    ),
    Mutant(
        "status-ignored",
        fault_moves.check_status,
        lambda *_: None,
        f"{FAULTS}:test_the_root_of_a_run_says_how_it_ends",
        (True, 2, {1, 2}),
    ),
    Mutant("parity-ignored", fault_moves.unproved, parity_ignored, f"{FAULTS}:test_a_true_leaf_is_stepped_out_of"),
    Mutant(
        "parity-inverted",
        fault_moves.unproved,
        parity_inverted,
        f"{FAULTS}:test_a_false_leaf_is_stepped_against_once",
        (True,),
    ),
    Mutant(
        "status-byte-counts",
        fault_moves.unproved,
        status_byte_counts,
        f"{FAULTS}:test_the_status_byte_of_a_prestate_does_not_count",
    ),
    Mutant(
        "last-byte-ignored",
        fault_moves.unproved,
        last_byte_ignored,
        f"{FAULTS}:test_the_status_byte_of_a_prestate_does_not_count",
    ),
    Mutant(
        "first-leaf-only",
        fault_moves.is_first_of_run,
        lambda leaf, width: leaf.index == 0,
        f"{FAULTS}:test_the_first_step_of_every_run_has_the_absolute_prestate",
    ),
    Mutant(
        "stepped-again",
        fault_moves.step_leaf,
        with_leaf(countered_by=None),
        f"{FAULTS}:test_a_false_leaf_is_stepped_against_once",
        (True,),
    ),
    Mutant(
        "settled-leaf-in-reach",
        fault_moves.step_leaf,
        with_leaf(resolved=False),
        f"{FAULTS}:test_a_settled_leaf_is_out_of_reach",
    ),
    Mutant(
        "own-clock", clocks.challenger_duration, own_clock, f"{FAULTS}:test_the_clock_of_a_side_runs_from_two_claims_up"
    ),
    Mutant(
        "expired-in-time",
        clocks.elapsed,
        lambda inherited, since, now, limit: min(inherited + now - since, limit - 1),
        f"{FAULTS}:test_a_second_before_the_end_is_in_time",
    ),
    Mutant(
        "extension-at-the-split",
        fault_parameters.extension_at,
        extension_shifted(0, 1),
        f"{FAULTS}:test_extensions_are_longer_above_the_split_and_above_the_leaves",
    ),
    Mutant(
        "extension-at-the-leaves",
        fault_parameters.extension_at,
        extension_shifted(1, 0),
        f"{FAULTS}:test_extensions_are_longer_above_the_split_and_above_the_leaves",
    ),
    Mutant(
        "no-time-for-preimages",
        fault_parameters.extension_at,
        lambda of, depth: of.extension * (2 if depth == of.split_depth - 1 else 1),
        f"{FAULTS}:test_extensions_are_longer_above_the_split_and_above_the_leaves",
    ),
    Mutant(
        "extended-only-at-the-end",
        clocks.extended,
        lambda of, used, depth: used if used < of.max_clock else of.max_clock - 1,
        f"{FAULTS}:test_extensions_are_longer_above_the_split_and_above_the_leaves",
    ),
    Mutant(
        "extensions-of-any-length",
        fault_parameters.violations,
        without("clock"),
        f"{FAULTS}:test_unsafe_parameters_are_refused_with_numbers",
    ),
    Mutant("bond-at-least", fault_moves.unpaid, bond_at_least, f"{FAULTS}:test_a_bond_is_exact"),
    Mutant(
        "latest-of-the-leftmost",
        resolution.gone_through,
        latest_of_the_leftmost,
        f"{FAULTS}:test_the_leftmost_and_of_those_the_oldest_answer_is_paid",
    ),
    Mutant(
        "rightmost",
        resolution.gone_through,
        rightmost,
        f"{FAULTS}:test_the_leftmost_and_of_those_the_oldest_answer_is_paid",
    ),
    Mutant(
        "fallen-answers-count",
        resolution.gone_through,
        fallen_answers_count,
        f"{PLAYED}:test_pages_do_not_change_who_is_leftmost",
    ),
    Mutant(
        "answers-unsettled",
        resolution.resolve_claim,
        answers_need_not_be_settled,
        f"{FAULTS}:test_a_claim_is_settled_when_its_clock_has_run_out_and_its_answers_are_settled",
    ),
    Mutant(
        "stepper-unpaid",
        resolution.counters,
        stepper_unpaid,
        f"{FAULTS}:test_an_uncontested_root_stands_and_a_stepped_leaf_falls_to_the_stepper",
    ),
    Mutant(
        "block-number-last",
        resolution.counters,
        block_number_last,
        f"{FAULTS}:test_a_wrong_block_number_loses_the_root_to_who_shows_it",
    ),
    Mutant(
        "settled-root-open",
        fault_moves.challenge_block_number,
        settled_root_open,
        f"{FAULTS}:test_the_block_number_of_a_settled_root_is_out_of_reach",
    ),
    Mutant(
        "air-gap-reached", bonds.close, air_gap_reached, f"{FAULTS}:test_the_mode_is_decided_once_after_the_air_gap"
    ),
    Mutant(
        "both-modes-paid",
        bonds.asked,
        both_modes_paid,
        f"{FAULTS}:test_credit_is_asked_for_and_taken_after_the_delay_once",
        (fault_types.Mode.NORMAL,),
    ),
    Mutant(
        "no-delay",
        bonds.claim_credit,
        no_delay,
        f"{FAULTS}:test_credit_is_asked_for_and_taken_after_the_delay_once",
        (fault_types.Mode.REFUND,),
    ),
    Mutant(
        "block-uncapped",
        ancestry.local_data,
        block_uncapped,
        f"{FAULTS}:test_a_run_goes_from_the_agreed_to_the_disputed_output",
    ),
    Mutant(
        "outputs-swapped",
        ancestry.local_data,
        outputs_swapped,
        f"{FAULTS}:test_a_run_goes_from_the_agreed_to_the_disputed_output",
    ),
)
