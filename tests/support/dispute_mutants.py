"""Seeded mistakes of the dispute games and of settlement: each replaces one function of the model by a wrong one.

Most were made once by somebody: in a contract, in a draft, or in an early version of a specification. A mutant names
the test that kills it; ``in_force`` puts it in the place of the function wherever that is bound.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs

from hyperion.settlement import moment
from hyperion.settlement.dispute import bisection, confirmation, funds, identity, moves, parameters, rules, timers
from hyperion.settlement.dispute import types as edge_types
from hyperion.settlement.faultgame import ancestry, bonds, clocks, position, resolution
from hyperion.settlement.faultgame import moves as fault_moves
from hyperion.settlement.faultgame import parameters as fault_parameters
from hyperion.settlement.faultgame import rules as fault_rules
from hyperion.settlement.faultgame import types as fault_types
from hyperion.settlement.finality import assertions, guardian, withdrawals
from hyperion.settlement.finality import rules as court_rules
from hyperion.settlement.rejection import Rejected

Wrong = Callable[..., Any]


@attrs.frozen(eq=False)
class Mutant:
    """A wrong function in the place of a right one, and the test that tells them apart."""

    name: str
    right: Any
    wrong: Any
    killer: str
    """Module and function of the test, with arguments as the test takes them."""
    arguments: tuple[object, ...] = ()


@contextmanager
def in_force(mutant: Mutant) -> Iterator[None]:
    """The wrong function is called wherever the right one would be, until the block is left."""
    if isinstance(mutant.right, tuple):
        owner, name = mutant.right
        bound = [(owner, name, owner.__dict__[name])]
    else:
        modules = [module for name, module in sys.modules.items() if name.startswith(("hyperion.settlement", "tests."))]
        bound = [
            (module, name, value)
            for module in modules
            for name, value in vars(module).items()
            if value is mutant.right and module.__name__ != __name__
        ]
    for place, name, _ in bound:
        setattr(place, name, mutant.wrong)
    try:
        yield
    finally:
        for place, name, value in bound:
            setattr(place, name, value)


EDGES: Final = "tests.unit.test_dispute_edges"
FAULTS: Final = "tests.unit.test_dispute_faultgame"
PLAYED: Final = "tests.property.test_dispute_faultgame"
TOTAL: Final = "tests.property.test_dispute_totality"
COURT: Final = "tests.unit.test_dispute_settlement"


def evolving(right: Wrong, at: int, **changes: object) -> Wrong:
    """The function, with a record among its arguments changed first; a change may be a function of all arguments."""

    def wrong(*arguments: Any) -> Any:
        values = {name: change(*arguments) if callable(change) else change for name, change in changes.items()}
        changed = attrs.evolve(arguments[at], **values)
        return right(*arguments[:at], changed, *arguments[at + 1 :])

    return wrong


def trusting(right: Wrong, **checks: Wrong) -> Wrong:
    """The function, with a verifier that does not look."""
    return lambda *arguments: right(*arguments[:-1], attrs.evolve(arguments[-1], **checks))


def yes(*_: object) -> bool:
    return True


# The edge game.


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


# The fault dispute game.


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


# Settlement.


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
    Mutant("any-value", fault_rules.is_well_formed, yes, f"{TOTAL}:test_values_have_their_length"),
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

MUTANTS: Final = (*EDGE_MUTANTS, *FAULT_MUTANTS, *COURT_MUTANTS)
