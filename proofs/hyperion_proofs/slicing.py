"""Slices: of many conditions, those that have to do with a question.

Conditions that share no symbol with the question, not even through others, can't decide it as long as they can hold at
all. Leaving them out is sound for a proof, which then needs less; a counterexample has to be looked for with all.
"""

from collections.abc import Iterable

import attrs

from hyperion.symbolic.expression import Op, Term, postorder


@attrs.frozen(eq=False)
class Slicer:
    """Remembers the symbols of terms: variables, and unknown functions, whose applications constrain each other."""

    known: dict[Term, frozenset[str]] = attrs.field(factory=dict)

    def symbols(self, term: Term) -> frozenset[str]:
        """Names of the term's variables and unknown functions."""
        for part in postorder(term) if term not in self.known else ():
            if part not in self.known:
                own = {str(part.value)} if part.op in (Op.VARIABLE, Op.APPLY) else set()
                self.known[part] = frozenset(own).union(*(self.known[argument] for argument in part.arguments))
        return self.known[term]

    def slice(self, conditions: Iterable[Term], question: Term) -> tuple[Term, ...]:
        """The conditions that are connected with the question, in their order."""
        connected = set(self.symbols(question))
        waiting = [(condition, self.symbols(condition)) for condition in conditions]
        chosen: set[Term] = set()
        grown = True
        while grown:
            grown = False
            for condition, symbols in waiting:
                if condition not in chosen and not connected.isdisjoint(symbols):
                    chosen.add(condition)
                    connected |= symbols
                    grown = True
        return tuple(condition for condition, _ in waiting if condition in chosen)
