"""One successor of several paths: what differs between them is chosen by the questions on which they parted."""

from __future__ import annotations

from functools import reduce
from typing import Final, TypeVar

import attrs

from hyperion.symbolic.expression import Interval, Op, Term, postorder
from hyperion.symbolic.terms import Terms
from hyperion.vm.staging.draft import Draft, Names
from hyperion.vm.staging.exploring import Leaf, Step
from hyperion.vm.staging.printing import nodes
from hyperion.vm.staging.recording import REFUND, TOUCH, WORD, Effect, State, Unstaged

LONG: Final = 3
LONG_TRUTH: Final = 14
"""A word whose text has more parts goes in a variable of its own; one that stands for a condition may be longer."""
FEW_PATHS: Final = 4
"""So many ways to one word are printed as one conditional expression; more, as statements."""

T = TypeVar("T")


def merge(draft: Draft, state: State, leaves: tuple[Leaf, ...], names: Names, indent: int) -> State:
    """The state after a step whose paths differ in words, gas or refund only."""
    states = [leaf.successor.state for leaf in leaves if leaf.successor.state is not None]
    first = states[0]
    if first.refund is not state.refund:
        draft.use(REFUND)
    if len(states) == 1:
        if leaves[0].successor.effects != writes(leaves[0]):
            raise Unstaged
        return first
    terms = Terms(draft.known)
    spent = [spent_of(state.gas, each.gas, terms) for each in states]
    given = [terms.binary(Op.SUB, each.refund, state.refund) for each in states]
    columns = [spent, given, *(list(column) for column in zip(*(each.words for each in states), strict=True))]
    varying = [column for column in columns if any(term is not column[0] for term in column)]
    touches = any(effect[0] == TOUCH for leaf in leaves for effect in leaf.successor.effects)
    if len(varying) == 1 and not touches and len(leaves) <= FEW_PATHS:
        only = [chosen(terms, list(zip(leaves, varying[0], strict=True)), 0)]
    else:
        only = [draft.variable(hull([term.interval for term in column])) for column in varying]
        rows = [(leaf, tuple(column[index] for column in varying)) for index, leaf in enumerate(leaves)]
        cases(draft, [str(each.value) for each in only], rows, 0, names, indent)
    merged = iter(only)
    one = [column[0] if all(term is column[0] for term in column) else next(merged) for column in columns]
    gas = terms.binary(Op.SUB, state.gas, one[0])
    refund = terms.binary(Op.ADD, state.refund, one[1])
    if refund is not state.refund:
        draft.use(REFUND)
    return attrs.evolve(first, gas=gas, refund=refund, words=tuple(one[2:]))


def chosen(terms: Terms, cases: list[tuple[Leaf, Term]], depth: int) -> Term:
    """The term of the path that is taken, as one conditional expression."""
    if len(cases) == 1:
        return cases[0][1]
    test, yes, no = divided(cases, depth)
    if not yes or not no:
        return chosen(terms, yes or no, depth + 1)
    return terms.choose(test, chosen(terms, yes, depth + 1), chosen(terms, no, depth + 1))


def cases(
    draft: Draft, held: list[str], rows: list[tuple[Leaf, tuple[Term, ...]]], depth: int, names: Names, indent: int
) -> None:
    """Print the terms of the path that is taken, as statements."""
    if len(rows) == 1:
        values = [draft.text(term, names) for term in rows[0][1]]
        draft.out(indent, f"{', '.join(held)} = {', '.join(values)}" if held else "pass")
        for kind, key, _ in rows[0][0].successor.effects:
            if kind == TOUCH:
                draft.use(TOUCH)
                draft.out(indent, f"touched[{draft.text(key, names)}] = True")
        return
    test, yes, no = divided(rows, depth)
    if not yes or not no:
        cases(draft, held, yes or no, depth + 1, names, indent)
        return
    draft.out(indent, f"if {draft.condition(test, names)}:")
    cases(draft, held, yes, depth + 1, names, indent + 1)
    draft.out(indent, "else:")
    cases(draft, held, no, depth + 1, names, indent + 1)


def short(draft: Draft, state: State, names: Names, indent: int) -> State:
    """The state with its long terms in variables, each once."""
    held: dict[Term, Term] = {}

    def shortened(term: Term, most: int) -> Term:
        if term in names:
            return Terms(draft.known).variable(names[term], WORD)
        if term not in held:
            held[term] = draft.bound(term, names, indent) if nodes(term, names) > most else term
        return held[term]

    def most(word: Term) -> int:
        if state.words.count(word) > 1:
            return 1
        return LONG_TRUTH if is_truth(word) else LONG

    words = tuple(shortened(word, most(word)) for word in state.words)
    for part in postorder(state.gas):  # the part of the price that is not known; the rest stays a sum
        if part.op is Op.ITE and part not in held and part not in names:
            held[part] = draft.bound(part, names, indent)
    gas = replaced(state.gas, held, Terms(draft.known))
    return attrs.evolve(state, words=words, gas=gas, refund=shortened(state.refund, LONG))


def plain(step: Step) -> bool:
    """Whether all paths of the step lead to one place and write the same."""
    first = step.leaves[0].successor
    return all(
        leaf.successor.state is not None
        and first.state is not None
        and leaf.successor.state.pc == first.state.pc
        and len(leaf.successor.state.words) == len(first.state.words)
        and leaf.successor.state.below == first.state.below
        and writes(leaf) == writes(step.leaves[0])
        for leaf in step.leaves
    )


def writes(leaf: Leaf) -> tuple[Effect, ...]:
    """The path's writes to memory and storage."""
    return tuple(effect for effect in leaf.successor.effects if effect[0] != TOUCH)


def divided(rows: list[tuple[Leaf, T]], depth: int) -> tuple[Term, list[tuple[Leaf, T]], list[tuple[Leaf, T]]]:
    """The question that the paths ask at ``depth``, and those that answer it with yes and with no."""
    return (
        rows[0][0].trail[depth].condition,
        [row for row in rows if row[0].trail[depth].taken],
        [row for row in rows if not row[0].trail[depth].taken],
    )


def is_truth(term: Term) -> bool:
    """Whether the term says which of two constants it is."""
    return term.op is Op.ITE and term.arguments[1].is_constant and term.arguments[2].is_constant


def hull(intervals: list[Interval]) -> Interval:
    """The smallest interval around all."""
    return reduce(Interval.hull, intervals)


def spent_of(before: Term, after: Term, terms: Terms) -> Term:
    """``before - after``, of which the summands that are in both are left out."""
    counts: dict[Term, int] = {}
    waiting = [(before, 1), (after, -1)]
    while waiting:
        term, sign = waiting.pop()
        if term.op in (Op.ADD, Op.SUB):
            waiting += [(term.arguments[0], sign), (term.arguments[1], sign if term.op is Op.ADD else -sign)]
        elif term.op is Op.NEG:
            waiting.append((term.arguments[0], -sign))
        else:
            counts[term] = counts.get(term, 0) + sign
    total = terms.integer(0)
    for term, count in sorted(counts.items(), key=lambda counted: -counted[1]):
        for _ in range(abs(count)):
            total = terms.binary(Op.ADD if count > 0 else Op.SUB, total, term)
    return total


def replaced(term: Term, held: dict[Term, Term], terms: Terms) -> Term:
    """A sum in which the parts that are held in variables are these."""
    if term in held:
        return held[term]
    if term.op in (Op.ADD, Op.SUB):
        a, b = (replaced(argument, held, terms) for argument in term.arguments)
        return terms.binary(term.op, a, b)
    return term
