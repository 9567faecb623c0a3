"""What is to be proved of a block: on every path, its text gives the machine that ``step`` gives, iterated.

A block without a loop is one statement. Of a block with a loop there are two, and the claim follows by induction over
its rounds: where the first round begins, the variables stand for the machine at the entry (*base*); and from whatever
variables that stand for a machine, a round ends in the machine that ``step`` reaches, or in variables that stand for it
(*round*). ``rounds`` says what standing for a machine means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from hyperion.symbolic.explore import Limits
from hyperion.symbolic.ideal import Idealized
from hyperion.vm.machine import Machine
from hyperion.vm.staging.recording import Code
from hyperion.vm.step import step
from hyperion_proofs.solve import BITWUZLA, INTEGERS, VECTORS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Obligation
from hyperion_proofs.validation.cutting import NoSuchForm, cut_for, pieces_of
from hyperion_proofs.validation.equality import claim_same
from hyperion_proofs.validation.machines import entry_machine
from hyperion_proofs.validation.merging import price_ideals
from hyperion_proofs.validation.octets import octet_ideals
from hyperion_proofs.validation.replay import Looking, replay_on_machines
from hyperion_proofs.validation.rounds import Invariant

MOST_STEPS: Final = 2_000
"""A block that claims to have taken more steps than this at once is wrong, or too long to be looked at."""
LIMITS: Final = Limits(paths=20_000, decisions=2_000)
PORTFOLIO: Final = (INTEGERS, VECTORS, BITWUZLA)


@attrs.frozen
class Subject:
    """A block to be validated: the code, the entry, and its text."""

    code: Code
    entry: int
    text: str


def claim_reached(given: Given, before: Machine, after: Machine) -> None:
    """The machine ``after`` is the one that ``step`` reaches from ``before`` in as many steps as it has more."""
    if isinstance(given, Looking):
        given.machines.append(before)
    taken = after.steps - before.steps
    if type(taken) is not int or not 0 <= taken <= MOST_STEPS:
        given.claim("a number of steps", False)
        return
    machine = before
    for _ in range(taken):
        machine = step(machine)
    claim_same(given, after, machine)


def whole(subject: Subject, given: Given) -> None:
    """A block without a loop."""
    before = entry_machine(given, subject.code, subject.entry)
    after = cut_for(given, subject.text).start(before)
    if not isinstance(after, Machine):
        raise NoSuchForm("the text ends without a machine")
    claim_reached(given, before, after)


def base(subject: Subject, given: Given) -> None:
    """Where the first round begins, the variables stand for the machine at the entry, and nothing is cached."""
    block = cut_for(given, subject.text)
    before = entry_machine(given, subject.code, subject.entry)
    found = block.start(before)
    claim_reached(given, before, found if isinstance(found, Machine) else block.machine(found))


def one_round(subject: Subject, given: Given) -> None:
    """A round from any variables that stand for a machine."""
    block = cut_for(given, subject.text)
    invariant = Invariant(given, block.pieces, entry_machine(given, subject.code, subject.entry))
    found = block.start(invariant.at_entry())
    if isinstance(found, Machine):
        return
    variables = invariant.variables(found)
    before = invariant.machine(variables)
    claim_same(given, block.machine(variables), before)
    end = block.turn(variables)
    if isinstance(end, Machine):
        claim_reached(given, before, end)
        return
    after = block.machine(end)
    claim_reached(given, before, after)
    invariant.claim_kept(end, after)


def statement_of(part: Callable[[Subject, Given], None], subject: Subject) -> Statement:
    """The part as a statement; on known values it is also run on real machines, which have the last word."""

    def run(given: Given) -> None:
        with Idealized((*octet_ideals(given), *price_ideals(given))):
            part(subject, given)

    def statement(given: Given) -> None:
        if given.symbolic is None:
            replay_on_machines(run, subject.code, subject.text, given)
        else:
            run(given)

    return statement


def obligations_of(subject: Subject) -> tuple[Obligation, ...]:
    """All that has to be proved of a block."""
    loops = pieces_of(subject.text, True).turn is not None
    parts = (("base", base), ("round", one_round)) if loops else (("whole", whole),)
    return tuple(Obligation(name, statement_of(part, subject), PORTFOLIO, limits=LIMITS) for name, part in parts)
