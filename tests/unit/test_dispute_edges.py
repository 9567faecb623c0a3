"""The edge game, rule by rule: what each accepts, what it refuses and why, on both sides of each bound."""

from itertools import pairwise

import attrs
import pytest

from hyperion.settlement.dispute import events as e
from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.identity import MUTUAL, edge_id, identity, mutual_id
from hyperion.settlement.dispute.parameters import DEFAULT, Parameters, violations
from hyperion.settlement.dispute.rules import open_game
from hyperion.settlement.dispute.timers import timer_by_children, timer_by_claim, unrivalled_time
from hyperion.settlement.dispute.types import INFINITE, Game, Mode, Reason
from hyperion.settlement.moment import Moment
from hyperion_conformance.dispute.worlds import BAD_PROOF, TRUE, Trace, wrong_from
from tests.support.dispute_table import ALICE, BEGIN, EVE, Table

# Positions and names.


def zeros(number: int) -> int:
    """How often two divides the number."""
    return (number & -number).bit_length() - 1


@pytest.mark.rule("DIS-bisection-height")
def test_cut_is_the_roundest_height_inside() -> None:
    for start in range(34):
        for end in range(start + 2, 35):
            assert bisection_height(start, end) == max(range(start + 1, end), key=zeros)


@pytest.mark.rule("DIS-bisection-height")
def test_what_has_no_inside_is_not_cut() -> None:
    assert [bisection_height(7, 8), bisection_height(7, 7)] == [None, None]


@pytest.mark.rule("DIS-bisection-height")
def test_a_history_of_two_to_the_k_steps_is_cut_k_times() -> None:
    def depth(start: int, end: int) -> int:
        middle = bisection_height(start, end)
        return 0 if middle is None else 1 + max(depth(start, middle), depth(middle, end))

    assert [depth(0, 2**k) for k in range(11)] == list(range(11))


@pytest.mark.rule("DIS-mutual-id", "DIS-edge-id")
def test_names_differ_if_anything_in_them_does() -> None:
    base = (1, b"o" * 32, 4, b"s" * 32, 8)
    changed = [(2, *base[1:]), (1, b"p" * 32, *base[2:]), (*base[:2], 5, *base[3:]), (*base[:3], b"t" * 32, 8)]
    names = [mutual_id(*parts) for parts in (base, *changed, (*base[:4], 9))]
    assert len(set(names)) == 6
    assert len({edge_id(name, end) for name in names for end in (b"e" * 32, b"f" * 32)}) == 12


@pytest.mark.rule("DIS-mutual-id")
def test_a_name_is_the_hash_of_its_words() -> None:
    from sha3 import keccak_256

    words = [1, 2, int.from_bytes(b"o" * 32, "big"), 4, int.from_bytes(b"s" * 32, "big"), 8]
    encoded = b"".join(word.to_bytes(32, "big") for word in words)
    assert mutual_id(2, b"o" * 32, 4, b"s" * 32, 8) == keccak_256(encoded).digest()
    assert identity(MUTUAL, 2) != identity(MUTUAL + 1, 2)


# Parameters.


@pytest.mark.rule("DIS-parameters", "DIS-stake-covers-cost")
def test_default_parameters_are_safe() -> None:
    assert violations(DEFAULT) == ()
    assert isinstance(open_game(DEFAULT, b"o" * 32, b"s" * 32, Moment(0, 0)), Game)


@pytest.mark.rule("DIS-parameters")
def test_threshold_is_above_the_lateness() -> None:
    edge = attrs.evolve(DEFAULT, threshold=DEFAULT.late)
    assert [found.name for found in violations(edge)] == ["threshold-above-late"]
    assert f"{DEFAULT.late} s ≤ " in violations(edge)[0].text
    assert violations(attrs.evolve(DEFAULT, threshold=DEFAULT.late + 1)) == ()
    assert open_game(edge, b"o" * 32, b"s" * 32, Moment(0, 0)) == violations(edge)


@pytest.mark.rule("DIS-parameters")
def test_lateness_counts_every_move_and_every_update() -> None:
    assert (DEFAULT.moves, DEFAULT.updates) == (20 + 26 + 16 + 3 + 2, 20 + 26 + 16 + 3)
    assert DEFAULT.late == 5 * 86_400 + 912 * (67 + 65)


@pytest.mark.rule("DIS-stake-covers-cost")
def test_stake_covers_what_a_false_history_costs() -> None:
    for index, level in enumerate(DEFAULT.levels):
        least = -(-DEFAULT.resource_ratio * (2 * level.height + 2) * DEFAULT.cost_of_move // 100)
        for stake, expected in ((least, []), (least - 1, [f"stake-of-level-{index}"])):
            levels = tuple(attrs.evolve(of, stake=stake) if i == index else of for i, of in enumerate(DEFAULT.levels))
            assert [v.name for v in violations(attrs.evolve(DEFAULT, levels=levels))] == expected


@pytest.mark.rule("DIS-parameters")
def test_other_unsafe_parameters_are_named() -> None:
    unprovable = (*DEFAULT.levels[:-1], attrs.evolve(DEFAULT.levels[-1], provable=False))
    higher = (*DEFAULT.levels[:1], attrs.evolve(DEFAULT.levels[1], provable=True), *DEFAULT.levels[2:])
    cases: list[tuple[Parameters, str]] = [
        (attrs.evolve(DEFAULT, levels=()), "levels"),
        (attrs.evolve(DEFAULT, levels=unprovable), "last-level-provable"),
        (attrs.evolve(DEFAULT, levels=higher), "last-level-provable"),
        (attrs.evolve(DEFAULT, reaction=-1), "not-negative"),
        (attrs.evolve(DEFAULT, slot=0), "slot"),
        (attrs.evolve(DEFAULT, resource_ratio=99), "resource-ratio"),
    ]
    for parameters, name in cases:
        assert name in [found.name for found in violations(parameters)]


# Time.


@pytest.mark.rule("DIS-time-monotone")
def test_time_and_height_do_not_go_back() -> None:
    table = Table()
    table.accept(table.admit(TRUE))
    table.at(BEGIN - 1).refuse(table.admit(wrong_from(3)), Reason.TIME_BACKWARDS)
    table.at(BEGIN).height = 9
    table.refuse(table.admit(wrong_from(3)), Reason.TIME_BACKWARDS)
    table.height = 10
    table.accept(table.admit(wrong_from(3)))


@pytest.mark.rule("DIS-well-formed")
def test_hashes_have_their_length() -> None:
    table = Table().contested()
    table.refuse(e.Admit(b"x" * 31, b"y" * 32), Reason.MALFORMED)
    table.refuse(attrs.evolve(table.root(TRUE), end_root=b"x" * 33), Reason.MALFORMED)
    table.refuse(e.Bisect(b"", b"", None, ALICE), Reason.MALFORMED)
    true, _ = table.descended_again()
    table.refuse(attrs.evolve(table.refine(TRUE, true), end_root=b""), Reason.MALFORMED)


@pytest.mark.rule("DIS-unrivalled-time")
def test_only_the_first_has_unrivalled_time() -> None:
    assert unrivalled_time(True, 10, None, 25) == 15
    assert unrivalled_time(True, 10, 13, 25) == 3
    assert unrivalled_time(True, 10, 10, 25) == 0
    assert [unrivalled_time(False, 10, at, 25) for at in (None, 10, 13)] == [0, 0, 0]


@pytest.mark.rule("DIS-rivals", "DIS-unrivalled-time")
def test_the_second_rival_stops_the_clock_and_the_third_does_not_move_it() -> None:
    table = Table().contested()
    third = Trace(((9, 3),))
    table.accept(table.admit(third), table.root(TRUE)).at(BEGIN + 7).accept(table.root(table.lie))
    table.at(BEGIN + 9).accept(table.root(third)).at(BEGIN + 50)
    table.accept(e.UpdateTimer(table.top(TRUE).id))
    assert table.top(TRUE).timer == 7
    for trace in (table.lie, third):
        table.refuse(e.UpdateTimer(table.top(trace).id), Reason.NOTHING_TO_UPDATE)


@pytest.mark.rule("DIS-unrivalled-time")
def test_rivals_of_one_block_have_no_unrivalled_time() -> None:
    table = Table().rooted().at(BEGIN + 40)
    for trace in (TRUE, table.lie):
        table.refuse(e.UpdateTimer(table.top(trace).id), Reason.NOTHING_TO_UPDATE)


# Opening a level.


@pytest.mark.rule("DIS-admit", "DIS-root")
def test_a_root_needs_a_contested_assertion() -> None:
    table = Table()
    table.accept(table.admit(TRUE))
    table.refuse(table.admit(TRUE), Reason.CLAIM_EXISTS)
    table.refuse(table.root(TRUE), Reason.CLAIM_UNRIVALLED)
    table.refuse(table.root(table.lie), Reason.UNKNOWN_CLAIM)
    table.accept(table.admit(table.lie), table.root(TRUE))


@pytest.mark.rule("DIS-root")
def test_a_root_ends_in_the_state_of_its_assertion_and_begins_in_the_contests() -> None:
    table = Table().contested()
    crossed = attrs.evolve(table.root(TRUE), end_root=table.root(table.lie).end_root)
    table.refuse(crossed, Reason.END_PROOF)
    table.refuse(attrs.evolve(table.root(TRUE), end_proof=BAD_PROOF), Reason.END_PROOF)
    table.refuse(attrs.evolve(table.root(TRUE), prefix_proof=BAD_PROOF), Reason.PREFIX_PROOF)
    elsewhere = Trace(((0, 5), (16, 0)))
    table.refuse(attrs.evolve(table.root(TRUE), end_root=table.root(elsewhere).end_root), Reason.PREFIX_PROOF)


@pytest.mark.rule("DIS-root")
def test_a_root_is_a_history_of_the_whole_level() -> None:
    table = Table().contested()
    short = table.world.root(TRUE, 0, 0, 3)
    table.refuse(attrs.evolve(table.root(TRUE), end_root=short), Reason.END_PROOF)


@pytest.mark.rule("DIS-stake-exact")
def test_a_stake_is_exact() -> None:
    table = Table().contested()
    stake = table.game.parameters.levels[0].stake
    for paid in (stake - 1, stake + 1, 0):
        table.refuse(attrs.evolve(table.root(TRUE), paid=paid), Reason.STAKE)
    table.accept(table.root(TRUE))
    assert table.top(TRUE).stake == stake
    table.refuse(table.root(TRUE), Reason.EDGE_EXISTS)


@pytest.mark.rule("DIS-stake-held")
def test_the_first_stake_is_held_and_later_ones_fill_the_pool() -> None:
    table = Table().contested()
    third, stake = Trace(((9, 3),)), table.game.parameters.levels[0].stake
    table.accept(table.admit(third), table.root(table.lie, EVE), table.root(TRUE), table.root(third))
    ledger = table.game.ledger
    assert (ledger.deposited, ledger.escrow, ledger.pool) == (3 * stake, stake, 2 * stake)


@pytest.mark.rule("DIS-refine", "DIS-step-ends")
def test_a_refinement_begins_and_ends_where_the_step_does() -> None:
    table = Table()
    true, false = table.descended()
    good = table.refine(TRUE, true)
    other = table.refine(table.lie, false)
    table.refuse(attrs.evolve(good, before=other.after), Reason.START_PROOF)
    table.refuse(attrs.evolve(good, after=other.after), Reason.END_PROOF)
    table.refuse(attrs.evolve(good, end_root=other.end_root), Reason.END_PROOF)
    table.refuse(attrs.evolve(good, after=other.after, end_root=other.end_root), Reason.END_PROOF)
    table.refuse(attrs.evolve(good, prefix_proof=BAD_PROOF), Reason.PREFIX_PROOF)
    table.refuse(attrs.evolve(good, edge=b"?" * 32), Reason.UNKNOWN_EDGE)
    table.accept(good)
    below = table.refined(TRUE, true)
    assert (below.level, below.origin, below.claim) == (1, true.mutual, true.id)
    assert (below.start_height, below.end_height) == (0, 4)


@pytest.mark.rule("DIS-refine")
def test_only_single_contested_steps_above_the_last_level_are_refined() -> None:
    table = Table().rooted()
    table.refuse(table.refine(TRUE, table.top(TRUE)), Reason.NOT_SINGLE_STEP)
    table = Table()
    true, false = table.descended()
    quiet = next(edge for edge in table.game.edges.values() if edge.length == 1 and edge.mutual != true.mutual)
    table.refuse(table.refine(TRUE, quiet), Reason.UNRIVALLED)
    again = table.refine(TRUE, true)
    table.accept(again, table.refine(table.lie, false, EVE))
    table.refuse(again, Reason.EDGE_EXISTS)
    last = table.to_last_step(true, false)
    table.refuse(attrs.evolve(again, edge=last[0].id), Reason.LAST_LEVEL)


@pytest.mark.rule("DIS-refine", "DIS-rivals")
def test_refinements_of_rivals_are_rivals() -> None:
    table = Table()
    true, false = table.descended()
    table.accept(table.refine(TRUE, true), table.refine(table.lie, false, EVE))
    assert table.refined(TRUE, true).mutual == table.refined(table.lie, false).mutual
    assert table.refined(TRUE, true).id != table.refined(table.lie, false).id


# Cutting.


@pytest.mark.rule("DIS-bisect")
def test_only_a_contested_edge_is_cut() -> None:
    table = Table().alone()
    table.refuse(table.cut(TRUE, table.top(TRUE)), Reason.UNRIVALLED)
    table.accept(table.root(table.lie, EVE), table.cut(TRUE, table.top(TRUE)))
    table.refuse(table.cut(TRUE, table.top(TRUE)), Reason.ALREADY_BISECTED)
    table.refuse(attrs.evolve(table.cut(TRUE, table.top(TRUE)), edge=b"?" * 32), Reason.UNKNOWN_EDGE)


@pytest.mark.rule("DIS-bisect")
def test_a_cut_shows_that_the_middle_begins_the_whole() -> None:
    table = Table().rooted()
    cut = table.cut(TRUE, table.top(TRUE))
    table.refuse(attrs.evolve(cut, proof=BAD_PROOF), Reason.PREFIX_PROOF)
    table.refuse(attrs.evolve(cut, middle_root=table.world.root(TRUE, 0, 0, 1)), Reason.PREFIX_PROOF)
    table.refuse(attrs.evolve(cut, middle_root=table.world.root(wrong_from(2), 0, 0, 2)), Reason.PREFIX_PROOF)
    table.accept(cut)
    lower, upper = table.halves(table.top(TRUE))
    assert [lower.start_height, lower.end_height, upper.start_height, upper.end_height] == [0, 2, 2, 4]


@pytest.mark.rule("DIS-bisect")
def test_a_single_step_is_not_cut() -> None:
    table = Table()
    true, _ = table.descended()
    table.refuse(e.Bisect(true.id, b"m" * 32, None, ALICE), Reason.SINGLE_STEP)


@pytest.mark.rule("DIS-shared-half")
def test_a_half_that_is_there_is_shared_and_keeps_its_age() -> None:
    table = Table(lie=wrong_from(14)).rooted()
    table.accept(table.cut(table.lie, table.top(table.lie), account=EVE)).at(BEGIN + 5)
    table.accept(table.cut(TRUE, table.top(TRUE)))
    lower = table.halves(table.top(TRUE))[0]
    assert lower.id == table.halves(table.top(table.lie))[0].id
    assert (lower.created, lower.mover) == (BEGIN, EVE)
    assert len(table.game.edges) == 2 + 3


@pytest.mark.rule("DIS-bisect", "DIS-rivals")
def test_exactly_one_pair_of_halves_are_rivals() -> None:
    for step in range(1, 17):
        table = Table(lie=wrong_from(step)).rooted()
        table.accept(table.cut(TRUE, table.top(TRUE)), table.cut(table.lie, table.top(table.lie)))
        pairs = zip(table.halves(table.top(TRUE)), table.halves(table.top(table.lie)), strict=True)
        assert [a.mutual == b.mutual and a.id != b.id for a, b in pairs].count(True) == 1


# Timers.


@pytest.mark.rule("DIS-timer-by-children", "DIS-timer-by-claim")
def test_halves_count_by_the_younger_and_nothing_exceeds_infinity() -> None:
    assert timer_by_children(3, 5, 9) == timer_by_children(3, 9, 5) == 8
    assert timer_by_children(3, INFINITE, 9) == 12
    assert timer_by_children(3, INFINITE, INFINITE) == INFINITE
    assert timer_by_claim(3, 9) == 12
    assert timer_by_claim(3, INFINITE) == INFINITE


@pytest.mark.rule("DIS-update-timer", "DIS-timer-monotone")
def test_halves_carry_their_time_up() -> None:
    table = Table().rooted(false_at=BEGIN + 4)
    table.accept(table.cut(TRUE, table.top(TRUE))).at(BEGIN + 34)
    lower, upper = table.halves(table.top(TRUE))
    table.accept(e.UpdateTimer(lower.id)).at(BEGIN + 44).accept(e.UpdateTimer(upper.id))
    table.accept(e.UpdateTimer(table.top(TRUE).id))
    assert [table.edge(name).timer for name in (lower.id, upper.id, table.top(TRUE).id)] == [30, 40, 34]
    table.refuse(e.UpdateTimer(table.top(TRUE).id), Reason.NOTHING_TO_UPDATE)
    table.refuse(e.UpdateTimer(b"?" * 32), Reason.UNKNOWN_EDGE)


@pytest.mark.rule("DIS-claim-link", "DIS-update-timer-by-claim")
def test_a_rival_is_not_credited_what_stands_for_the_other() -> None:
    table = Table()
    true, false = table.descended()
    table.accept(table.refine(TRUE, true)).at(BEGIN + 60)
    below = table.refined(TRUE, true)
    table.accept(e.UpdateTimer(below.id))
    table.refuse(e.UpdateTimerByClaim(false.id, below.id), Reason.NOT_CLAIMED)
    table.refuse(e.UpdateTimerByClaim(true.id, false.id), Reason.NOT_CLAIMED)
    table.refuse(e.UpdateTimerByClaim(true.id, b"?" * 32), Reason.UNKNOWN_EDGE)
    table.accept(e.UpdateTimerByClaim(true.id, below.id))
    assert table.edge(true.id).timer == 60
    table.refuse(e.UpdateTimerByClaim(true.id, below.id), Reason.NOTHING_TO_UPDATE)


@pytest.mark.rule("DIS-assertion-credit", "DIS-decide")
def test_the_first_assertion_brings_its_time() -> None:
    table = Table()
    table.accept(table.admit(TRUE)).at(BEGIN + 30).accept(table.admit(table.lie), table.root(TRUE))
    enough = BEGIN + table.threshold
    table.at(enough - 1).refuse(e.Decide(table.top(TRUE).id), Reason.TIMER_TOO_LOW)
    table.at(enough).accept(e.Decide(table.top(TRUE).id))


@pytest.mark.rule("DIS-assertion-credit", "DIS-decide")
def test_a_later_assertion_brings_no_time() -> None:
    table = Table()
    table.accept(table.admit(table.lie)).at(BEGIN + 30).accept(table.admit(TRUE), table.root(TRUE))
    enough = BEGIN + 30 + table.threshold
    table.at(enough - 1).refuse(e.Decide(table.top(TRUE).id), Reason.TIMER_TOO_LOW)
    table.at(enough).accept(e.Decide(table.top(TRUE).id))


@pytest.mark.rule("DIS-assertion-credit", "DIS-confirm-by-time")
def test_the_time_of_an_assertion_confirms_none_of_its_roots() -> None:
    # A false history with the true end stands for the true assertion too: it must not win against the true history.
    table = Table()
    wolf, late = Trace(((6, 3), (16, 0))), table.threshold - 1
    table.accept(table.admit(TRUE)).at(BEGIN + late).accept(table.admit(table.lie), table.root(wolf, EVE))
    table.at(BEGIN + late + 1).refuse(e.ConfirmByTime(table.top(wolf).id), Reason.TIMER_TOO_LOW)
    table.accept(table.root(TRUE), e.Decide(table.top(wolf).id))
    assert table.game.winner == table.top(TRUE).claim
    assert not table.top(wolf).confirmed


@pytest.mark.rule("DIS-decide")
def test_only_roots_decide_and_once() -> None:
    table = Table().rooted(false_at=BEGIN + 1)
    table.accept(table.cut(TRUE, table.top(TRUE)))
    lower, _ = table.halves(table.top(TRUE))
    table.at(BEGIN + table.threshold + 1).refuse(e.Decide(lower.id), Reason.NOT_A_ROOT)
    table.refuse(e.Decide(b"?" * 32), Reason.UNKNOWN_EDGE)
    true, false = table.top(TRUE), table.top(table.lie)
    table.game = attrs.evolve(table.game, edges=table.game.edges.set(false.id, attrs.evolve(false, timer=10**6)))
    table.give(true, confirmed=True).refuse(e.Decide(false.id), Reason.RIVAL_CONFIRMED)
    table.accept(e.Decide(true.id))
    table.refuse(e.Decide(true.id), Reason.DECIDED)


# Winning.


@pytest.mark.rule("DIS-confirm-by-time")
def test_the_threshold_is_enough_and_a_second_less_is_not() -> None:
    table = Table().alone()
    edge = table.top(TRUE)
    table.at(BEGIN + table.threshold - 1).refuse(e.ConfirmByTime(edge.id), Reason.TIMER_TOO_LOW)
    table.at(BEGIN + table.threshold).accept(e.ConfirmByTime(edge.id))
    assert table.top(TRUE).confirmed
    table.refuse(e.ConfirmByTime(edge.id), Reason.ALREADY_CONFIRMED)
    table.refuse(e.ConfirmByTime(b"?" * 32), Reason.UNKNOWN_EDGE)


@pytest.mark.rule("DIS-one-winner")
def test_of_rivals_one_wins() -> None:
    table = Table().alone().at(BEGIN + 1)
    table.accept(table.root(table.lie)).at(BEGIN + 2)
    stale = attrs.evolve(table.top(TRUE), timer=table.threshold)
    other = attrs.evolve(table.top(table.lie), timer=table.threshold)
    edges = table.game.edges.set(stale.id, stale).set(other.id, other)
    table.game = attrs.evolve(table.game, edges=edges)
    table.accept(e.ConfirmByTime(stale.id))
    table.refuse(e.ConfirmByTime(other.id), Reason.RIVAL_CONFIRMED)
    table.refuse(table.cut(table.lie, other), Reason.RIVAL_CONFIRMED)
    table.refuse(table.cut(TRUE, stale), Reason.ALREADY_CONFIRMED)


@pytest.mark.rule("DIS-confirm-by-one-step")
def test_a_step_is_proved_by_the_machine_alone() -> None:
    table = Table()
    true, false = table.at_last_step()
    table.refuse(table.prove(table.lie, false, base=4), Reason.STEP_PROOF)
    good = table.prove(TRUE, true, base=4)
    table.refuse(attrs.evolve(good, witness=BAD_PROOF), Reason.STEP_PROOF)
    table.refuse(attrs.evolve(good, before_proof=BAD_PROOF), Reason.START_PROOF)
    table.refuse(attrs.evolve(good, after_proof=BAD_PROOF), Reason.END_PROOF)
    table.refuse(attrs.evolve(good, edge=false.id), Reason.END_PROOF)
    table.refuse(attrs.evolve(good, edge=b"?" * 32), Reason.UNKNOWN_EDGE)
    table.accept(good)
    assert (table.edge(true.id).confirmed, table.edge(true.id).timer) == (True, INFINITE)
    table.at(BEGIN + 9).refuse(e.UpdateTimer(true.id), Reason.NOTHING_TO_UPDATE)
    table.refuse(good, Reason.ALREADY_CONFIRMED)


@pytest.mark.rule("DIS-confirm-by-one-step", "DIS-step-ends")
def test_levels_that_are_not_provable_and_longer_edges_are_not_proved() -> None:
    table = Table()
    true, _ = table.descended()
    table.refuse(table.prove(TRUE, true), Reason.NOT_PROVABLE)
    table = Table(heights=(2,), lie=wrong_from(3)).rooted()
    table.refuse(table.prove(TRUE, table.top(TRUE)), Reason.NOT_SINGLE_STEP)
    true, _ = table.descended_again()
    table.accept(table.prove(TRUE, true))


@pytest.mark.rule("DIS-confirm-by-children")
def test_halves_that_won_make_the_whole_win() -> None:
    table = Table()
    true, _ = table.at_last_step()
    table.accept(table.prove(TRUE, true, base=4))
    above = next(edge for edge in table.game.edges.values() if true.id in (edge.lower, edge.upper) and edge.level)
    lower, upper = table.halves(above)
    other = upper if lower.id == true.id else lower
    table.refuse(e.ConfirmByChildren(above.id), Reason.CHILD_NOT_CONFIRMED)
    table.refuse(e.ConfirmByChildren(true.id), Reason.NO_CHILDREN)
    table.refuse(e.ConfirmByChildren(b"?" * 32), Reason.UNKNOWN_EDGE)
    table.accept(table.prove(TRUE, other, base=4), e.ConfirmByChildren(above.id))
    assert table.edge(above.id).confirmed


@pytest.mark.rule("DIS-confirm-by-claim", "DIS-claim-link")
def test_a_refinement_that_won_makes_its_step_win_and_no_rival() -> None:
    table = Table()
    true, false = table.descended()
    table.accept(table.refine(TRUE, true))
    below = table.refined(TRUE, true)
    table.refuse(e.ConfirmByClaim(true.id, below.id), Reason.CLAIM_NOT_CONFIRMED)
    table.at(BEGIN + table.threshold).accept(e.ConfirmByTime(below.id))
    table.refuse(e.ConfirmByClaim(false.id, below.id), Reason.NOT_CLAIMED)
    table.accept(e.ConfirmByClaim(true.id, below.id))
    assert table.edge(true.id).confirmed
    assert table.game.winner is None


@pytest.mark.rule("DIS-decide", "DIS-root", "DIS-admit")
def test_after_the_decision_nobody_joins() -> None:
    table = Table().alone().at(BEGIN + Table().threshold)
    table.accept(e.Decide(table.top(TRUE).id))
    table.refuse(table.root(table.lie), Reason.DECIDED)
    table.refuse(table.admit(wrong_from(2)), Reason.DECIDED)


# Money.


def decided() -> Table:
    """A game in which both players staked on two levels, decided for the truth."""
    table = Table()
    true, _ = table.at_last_step(false_first=True)
    table.accept(table.prove(TRUE, true, base=4))
    table.win()
    return table


@pytest.mark.rule("DIS-mode")
def test_the_mode_is_decided_once() -> None:
    for mode, other in ((Mode.NORMAL, Mode.REFUND), (Mode.REFUND, Mode.NORMAL)):
        table = decided().accept(e.Close(mode))
        table.refuse(e.Close(other), Reason.MODE)
        table.refuse(e.Close(mode), Reason.MODE)
    Table().refuse(e.Close(Mode.NORMAL), Reason.NOT_CONFIRMED)
    Table().refuse(e.Close(Mode.OPEN), Reason.MODE)
    table = Table().contested().accept(e.Close(Mode.REFUND))
    table.refuse(table.root(TRUE), Reason.MODE)


@pytest.mark.rule("DIS-refund")
def test_normally_the_winners_stakes_go_back_and_no_others() -> None:
    table = decided()
    root, lie = table.top(TRUE), table.top(table.lie)
    table.refuse(e.Refund(root.id), Reason.MODE)
    table.accept(e.Close(Mode.NORMAL), e.Refund(root.id))
    assert dict(table.game.ledger.credits) == {ALICE: root.stake}
    table.refuse(e.Refund(root.id), Reason.ALREADY_REFUNDED)
    table.refuse(e.Refund(lie.id), Reason.NOT_CONFIRMED)
    table.refuse(e.Refund(table.halves(root)[0].id), Reason.NO_STAKE)
    table.refuse(e.Refund(b"?" * 32), Reason.UNKNOWN_EDGE)


@pytest.mark.rule("DIS-refund")
def test_by_refund_everybody_gets_exactly_what_was_deposited() -> None:
    table = decided()
    deposits: dict[int, int] = {}
    for edge in table.game.edges.values():
        deposits[edge.mover] = deposits.get(edge.mover, 0) + edge.stake
    table.accept(e.Close(Mode.REFUND))
    roots = [edge.id for edge in table.game.edges.values() if edge.opens_level]
    table.accept(*(e.Refund(name) for name in roots))
    assert dict(table.game.ledger.credits) == deposits
    assert (table.game.ledger.escrow, table.game.ledger.pool) == (0, 0)
    table.refuse(e.Refund(roots[0]), Reason.ALREADY_REFUNDED)
    table.refuse(e.Reimburse(table.top(TRUE).id, None), Reason.MODE)


@pytest.mark.rule("DIS-refund")
def test_a_refund_is_what_was_deposited_even_if_the_stake_of_the_level_changed() -> None:
    table = decided()
    levels = tuple(attrs.evolve(level, stake=level.stake + 1000) for level in table.game.parameters.levels)
    table.game = attrs.evolve(table.game, parameters=attrs.evolve(table.game.parameters, levels=levels))
    root = table.top(TRUE)
    table.accept(e.Close(Mode.NORMAL), e.Refund(root.id))
    assert table.game.ledger.credits[ALICE] == root.stake


@pytest.mark.rule("DIS-useful", "DIS-reimburse")
def test_makers_of_useful_edges_are_paid_from_above_once() -> None:
    table = decided()
    root = table.top(TRUE)
    table.refuse(e.Reimburse(root.id, None), Reason.MODE)
    table.accept(e.Close(Mode.NORMAL))
    lower, upper = table.halves(root)
    table.refuse(e.Reimburse(lower.id, root.id), Reason.NOT_USEFUL)
    table.refuse(e.Reimburse(lower.id, None), Reason.NOT_USEFUL)
    table.refuse(e.Reimburse(table.top(table.lie).id, None), Reason.NOT_USEFUL)
    table.refuse(e.Reimburse(b"?" * 32, None), Reason.UNKNOWN_EDGE)
    table.refuse(e.Reimburse(lower.id, b"?" * 32), Reason.UNKNOWN_EDGE)
    table.accept(e.Reimburse(root.id, None), e.Reimburse(lower.id, root.id), e.Reimburse(upper.id, root.id))
    table.refuse(e.Reimburse(upper.id, root.id), Reason.ALREADY_USEFUL)
    table.refuse(e.Reimburse(table.halves(table.top(table.lie))[1].id, root.id), Reason.NOT_USEFUL)
    assert table.game.ledger.credits[ALICE] == 3 * table.game.parameters.levels[0].reimbursement


@pytest.mark.rule("DIS-useful")
def test_a_refinement_is_useful_only_if_it_won() -> None:
    table = Table(lie=wrong_from(6))
    wolf = Trace(((5, 3), (8, 0)))
    true, _ = table.at_last_step()
    top = next(edge for edge in table.game.edges.values() if edge.level == 1 and edge.opens_level and table.true(edge))
    table.accept(table.refine(wolf, table.edge(top.claim), EVE), table.prove(TRUE, true, base=4))
    table.win().accept(e.Close(Mode.NORMAL))
    path = table.path_to(top.claim)
    table.accept(e.Reimburse(path[0], None), *(e.Reimburse(low, high) for high, low in pairwise(path)))
    false = table.refined(wolf, table.edge(top.claim))
    assert top.claim is not None
    table.refuse(e.Reimburse(false.id, top.claim), Reason.NOT_USEFUL)
    table.accept(e.Reimburse(top.id, top.claim))


@pytest.mark.rule("DIS-reimburse")
def test_reimbursement_is_in_full_or_not_at_all() -> None:
    table = decided().accept(e.Close(Mode.NORMAL))
    pay = table.game.parameters.levels[0].reimbursement
    rich = table.game.ledger
    table.game = attrs.evolve(table.game, ledger=attrs.evolve(rich, pool=pay - 1, paid=rich.pool - pay + 1))
    table.refuse(e.Reimburse(table.top(TRUE).id, None), Reason.POOL_TOO_LOW)
    table.game = attrs.evolve(table.game, ledger=attrs.evolve(rich, pool=pay, paid=rich.pool - pay))
    table.accept(e.Reimburse(table.top(TRUE).id, None))
    assert table.game.ledger.pool == 0


@pytest.mark.rule("DIS-withdraw")
def test_money_is_taken_by_its_owner_once() -> None:
    table = decided().accept(e.Close(Mode.NORMAL))
    table.refuse(e.Withdraw(ALICE), Reason.NOTHING_OWED)
    table.accept(e.Refund(table.top(TRUE).id), e.Withdraw(ALICE))
    assert table.game.ledger.paid == table.top(TRUE).stake
    table.refuse(e.Withdraw(ALICE), Reason.NOTHING_OWED)
    table.refuse(e.Withdraw(EVE), Reason.NOTHING_OWED)
