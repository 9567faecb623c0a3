"""A target as a value: what cases of one kind ask, what is compared, and how the model answers.

Everything that differs between kinds of cases stands in the target; whoever fills, loads, runs or judges cases asks it
and knows no target by name.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeAlias, TypeVar

import attrs

from hyperion.vm.fork import Fork
from hyperion.vm.machine import Machine
from hyperion_conformance.protocol.decode import FieldDecoder, MalformedMessage, plain
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items, record
from hyperion_conformance.vectors.record import Draft

S = TypeVar("S")

Shape: TypeAlias = Mapping[str, tuple[bool, FieldDecoder]]
"""Field of an outcome → (mandatory, decoder), in the order in which a reader wants to hear about a difference."""

Generator: TypeAlias = Callable[[int, int], Iterator[Draft]]
"""From a seed and a number of random cases to drafts; most take neither."""

ForkOf: TypeAlias = Callable[[str], Fork | None]
"""The rules of a fork by its name; a control passes one with a seeded fault."""

Outcome: TypeAlias = Callable[[Mapping[str, Json], str, bool, ForkOf], dict[str, Json]]
"""The model's outcome of an input at the fork of a name, read strictly or not. Refused with ``InputError``."""

PROTOCOL_FORK: Final = "HYPERION"
"""The version of the rules for cases about parts of the protocol that do not depend on a fork of the machine."""


@attrs.frozen(eq=False)
class Session(Generic[S]):
    """A state machine as a target: a state that is opened, acted upon one event at a time, and shown."""

    open: Callable[[Mapping[str, Json], bool], S]
    act: Callable[[S, Mapping[str, Json], bool], tuple[S, dict[str, Json]]]
    """The state after an event, and what is answered: what was done, or by which rule the event is refused."""
    snapshot: Callable[[S], dict[str, Json]]

    def run(self, given: Mapping[str, Json], strict: bool = True) -> dict[str, Json]:
        """All events one after the other: each answer, and the state at the end."""
        record(given, "$.input", ("open", "events"), strict, ("open", "events"))
        state = self.open(_object(given["open"], "$.input.open"), strict)
        answers: list[Json] = []
        for event in items(given["events"], "$.input.events", _object):
            state, answer = self.act(state, event, strict)
            answers.append(answer)
        return {"answers": answers, "final": self.snapshot(state)}


def _object(value: Json, field: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise InputError(field, "an object is needed")
    return value


@attrs.frozen(eq=False)
class Target:
    """One kind of cases."""

    name: str
    rules: tuple[str, ...]
    """Prefixes of the rules that cases of it exercise."""
    forks: tuple[str, ...]
    """Versions of the rules that the model's own adapter claims."""
    shape: Shape
    decode: Callable[[Json, bool], object]
    """Reads an input, strictly or not. Refused with ``InputError``: what is missing, unknown or out of range."""
    outcome: Outcome
    generators: tuple[Generator, ...]
    schema: str | None = None
    """File beside this one: a JSON Schema of that name as ``$id``, with the definitions ``input`` and ``outcome``.

    None where the documents of vectors and protocol hold both themselves.
    """
    machine: Callable[[Mapping[str, Json], Fork, bool], Machine | None] | None = None
    """The machine whose trace a case has; None where nothing is traced."""
    session: Session[Any] | None = None
    """How the target is driven one event at a time; None for one that is asked once."""
    weak: Callable[[Mapping[str, Json]], bool] = lambda _: False
    """Whether an outcome, though right, gave so little that most was not compared."""

    def canonical(self, value: Mapping[str, Json]) -> Mapping[str, Json]:
        """An outcome in canonical form: numbers as decimal strings, known fields only, in the order of the shape.

        Used for both sides, so that the comparison afterwards is plain equality. Refused with ``MalformedMessage``.
        """
        outcome: dict[str, Json] = {}
        for name, (mandatory, decode) in self.shape.items():
            if value.get(name) is not None:
                outcome[name] = decode(value[name], f"$.ok.{name}")
            elif mandatory:
                raise MalformedMessage(f"$.ok.{name}", "missing")
        return outcome


SESSION_SHAPE: Final[Shape] = {"answers": (True, plain), "final": (True, plain)}
"""The outcome of a session: the answer to each event, then the state."""
