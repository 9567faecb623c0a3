"""Statements: plain functions that ask for inputs, run the model on them, and claim something of the outcome.

A statement sees its inputs through ``Given`` alone, so the same function is run on unknown values for the proof, and on
known ones when a counterexample is replayed. Inputs are typed as what they stand for: an unknown word is an ``int``.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias, cast

import attrs

from hyperion.symbolic.expression import number
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import (
    truth_term,
    unknown_integer,
    unknown_result,
    unknown_truth,
)
from hyperion_proofs.translate import Model


class Given(Protocol):
    """Where a statement gets its inputs, and to what it makes its claims."""

    @property
    def symbolic(self) -> Path | None:
        """The path, if inputs are unknown."""

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """An integer in the interval."""

    def truth(self, name: str) -> bool:
        """A truth value."""

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """What an unknown function gives for the arguments."""

    def fresh(self, stem: str) -> str:
        """A name that was not used."""

    def assume(self, condition: bool) -> None:
        """Restrict the statement to inputs for which the condition holds."""

    def claim(self, label: str, condition: bool) -> None:
        """The condition holds."""

    def lemma(self, label: str, condition: bool) -> None:
        """The condition follows from what holds so far; it is proved by itself, and then serves for the rest."""

    def note(self, label: str, value: object) -> None:
        """Something to show beside a counterexample."""


MANY_INPUTS = 8
"""A trace with more inputs than this shows only those that are not 0."""
MOST_TOLD = 40
"""A trace shows no more inputs than this: where there are hundreds, the statement's notes say what matters."""

Statement: TypeAlias = Callable[[Given], None]


def word(given: Given, name: str) -> int:
    """A 256-bit word."""
    return given.integer(name, 0, 2**256 - 1)


def claim_equal(given: Given, label: str, found: int, expected: int) -> None:
    """The two integers are equal; both are shown beside a counterexample."""
    given.note(label, found)
    given.note("by definition", expected)
    given.claim(f"{label} as defined", found == expected)


@attrs.frozen(eq=False)
class Unknown:
    """The inputs of a proof: unknown values on a path."""

    path: Path

    @property
    def symbolic(self) -> Path | None:
        """The path."""
        return self.path

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """An unknown integer."""
        return cast(int, unknown_integer(self.path, name, low, high))

    def truth(self, name: str) -> bool:
        """An unknown truth value."""
        return cast(bool, unknown_truth(self.path, name))

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """What an unknown function gives."""
        return cast(int, unknown_result(self.path, name, arguments, low, high))

    def fresh(self, stem: str) -> str:
        """A name that this run has not used."""
        return self.path.fresh(stem)

    def assume(self, condition: bool) -> None:
        """Restrict the path."""
        self.path.assume(truth_term(self.path, condition, "assume"))

    def claim(self, label: str, condition: bool) -> None:
        """Note what must hold on the path."""
        self.path.check(label, truth_term(self.path, condition, "claim"))

    def lemma(self, label: str, condition: bool) -> None:
        """Note what must follow, and use it."""
        self.path.lemma(label, truth_term(self.path, condition, "lemma"))

    def note(self, label: str, value: object) -> None:
        """Nothing is known yet that could be shown."""


PART_END: Final = " :: "
"""Between the name of a part and what it claims."""


def part_of(label: str) -> str:
    """The part that made the claim; empty if the run itself did."""
    return label.partition(PART_END)[0] if PART_END in label else ""


@attrs.frozen(eq=False)
class Part:
    """A theorem's part of a run that several share: what it claims carries its name, all else is the run's."""

    given: Given
    name: str

    @property
    def symbolic(self) -> Path | None:
        """The run's path."""
        return self.given.symbolic

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """The run's integer."""
        return self.given.integer(name, low, high)

    def truth(self, name: str) -> bool:
        """The run's truth value."""
        return self.given.truth(name)

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """The run's unknown function."""
        return self.given.result(name, arguments, low, high)

    def fresh(self, stem: str) -> str:
        """A name that the run has not used."""
        return self.given.fresh(stem)

    def assume(self, condition: bool) -> None:
        """Not for a part: it would restrict the others."""
        raise ValueError(f"{self.name} shares its run, and restricts it")

    def claim(self, label: str, condition: bool) -> None:
        """The condition holds, says this part."""
        self.given.claim(f"{self.name}{PART_END}{label}", condition)

    def lemma(self, label: str, condition: bool) -> None:
        """The condition follows, says this part; the others must not rest on it."""
        self.claim(label, condition)

    def note(self, label: str, value: object) -> None:
        """Shown beside counterexamples."""
        self.given.note(label, value)


class NotMet(BaseException):
    """The inputs violate a hypothesis: no counterexample. Not an Exception, so that no code of the model handles it."""


@attrs.frozen(eq=False)
class Known:
    """The inputs of a replay: values from a solver's model; an input that it leaves open is as small as it may be."""

    model: Model
    inputs: dict[str, int | bool] = attrs.field(factory=dict)
    notes: list[tuple[str, str]] = attrs.field(factory=list)
    failed: list[str] = attrs.field(factory=list)
    names: dict[str, int] = attrs.field(factory=dict)
    results: dict[tuple[str, tuple[int, ...]], int] = attrs.field(factory=dict)
    """What unknown functions gave, by name and arguments."""

    @property
    def symbolic(self) -> Path | None:
        """None: everything is known."""
        return None

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int:
        """The model's integer."""
        value = int(self.model.values.get(name, max(low or 0, 0) if high is None or high >= 0 else high))
        if (low is not None and value < low) or (high is not None and value > high):
            raise NotMet(f"{name} out of its interval")
        self.inputs[name] = value
        return value

    def truth(self, name: str) -> bool:
        """The model's truth value."""
        self.inputs[name] = bool(self.model.values.get(name, False))
        return bool(self.inputs[name])

    def result(self, name: str, arguments: tuple[int, ...], low: int | None = None, high: int | None = None) -> int:
        """The model's result, brought into the interval: where the model is silent, any will do."""
        listed, rest = self.model.tables.get(name, ({}, 0))
        value = listed.get(tuple(int(argument) for argument in arguments), rest)
        value = max(value, low) if low is not None else value
        value = min(value, high) if high is not None else value
        self.inputs[f"{name}({', '.join(number(int(argument)) for argument in arguments)})"] = value
        self.results[name, tuple(int(argument) for argument in arguments)] = value
        return value

    def fresh(self, stem: str) -> str:
        """The same names as on a path."""
        self.names[stem] = self.names.get(stem, -1) + 1
        return f"{stem}#{self.names[stem]}"

    def assume(self, condition: bool) -> None:
        """Stop where a hypothesis is not met."""
        if not condition:
            raise NotMet

    def claim(self, label: str, condition: bool) -> None:
        """Note what fails."""
        if not condition:
            self.failed.append(label)

    def lemma(self, label: str, condition: bool) -> None:
        """A lemma is a claim like any other."""
        self.claim(label, condition)

    def note(self, label: str, value: object) -> None:
        """Keep it for the trace."""
        self.notes.append((label, shown(value)))


def shown(value: object) -> str:
    """A value for people."""
    if isinstance(value, int):
        return number(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(shown, value))})"
    return str(value)


@attrs.frozen
class Counterexample:
    """A replay on known values: what went in, what came out, and which claims fail; none if it is spurious."""

    inputs: Mapping[str, int | bool]
    notes: tuple[tuple[str, str], ...]
    failed: tuple[str, ...]

    @property
    def real(self) -> bool:
        """Whether the statement fails for these inputs."""
        return bool(self.failed)

    def lines(self) -> list[str]:
        """The replay as a trace: a line an input, an observation, a claim that fails; of many inputs only some."""
        many = len(self.inputs) > MANY_INPUTS
        told = {name: value for name, value in self.inputs.items() if value or not many}
        zeros, further = len(self.inputs) - len(told), len(told) - MOST_TOLD
        return [
            *(f"{name} = {number(value)}" for name, value in list(told.items())[:MOST_TOLD]),
            *([f"and {further} inputs that are not shown"] if further > 0 else []),
            *([f"and {zeros} inputs that are 0"] if zeros else []),
            *(f"{label}: {value}" for label, value in self.notes),
            *(f"fails: {label}" for label in self.failed),
        ]


def replay(statement: Statement, model: Model, allowed: tuple[type[Exception], ...] = ()) -> Counterexample | None:
    """Run the statement on the model's values; None if they violate a hypothesis, so that it says nothing of them."""
    known = Known(model)
    failed = known.failed
    try:
        statement(known)
    except NotMet:
        return None
    except allowed:
        pass
    except Exception as error:
        failed = [*failed, f"raises {type(error).__name__}: {error}"]
    return Counterexample(known.inputs, tuple(known.notes), tuple(dict.fromkeys(failed)))
