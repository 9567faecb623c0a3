# ruff: noqa: D103 - the name of a wrong function says what it does
"""Seeded mistakes: a mutant replaces one function of the model by a wrong one, for as long as a test runs.

Most were made once by somebody: in a contract, in a draft, or in an early version of a specification. A mutant names
the test that kills it; ``in_force`` puts it in the place of the function wherever that is bound.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs

Wrong = Callable[..., Any]

PLACES: Final = (
    "hyperion.settlement", "hyperion_conformance.dispute", "hyperion_conformance.settlement", "tests.",
)  # fmt: skip
"""Where functions of the model are bound: in itself, by players, by the sessions of vectors, and by tests."""
MUTANTS: Final = "hyperion_conformance.dispute.mutants"
"""Modules of mutants keep the right functions, which the wrong ones call."""


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
        modules = [module for name, module in sys.modules.items() if name.startswith(PLACES)]
        bound = [
            (module, name, value)
            for module in modules
            for name, value in vars(module).items()
            if value is mutant.right and not module.__name__.startswith(MUTANTS)
        ]
    for place, name, _ in bound:
        setattr(place, name, mutant.wrong)
    try:
        yield
    finally:
        for place, name, value in bound:
            setattr(place, name, value)


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
