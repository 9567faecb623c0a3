"""A foreign validator beside the model's, one event at a time: where they part, and in what.

After each event both answers and both states are compared. Effects in another order, other timers, and other proofs of
what has happened do not change what is done next: the session goes on. Where that may change, or where a message is
another one, the two have parted and the session ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from hyperion_conformance.bft.session import acted, node_json, opened
from hyperion_conformance.harness import Adapter, Broken
from hyperion_conformance.protocol.messages import (
    Answer,
    Json,
    Skip,
    act_request,
    close_request,
    open_request,
    snapshot_request,
)
from hyperion_conformance.vectors.generators.assembly import Draw
from hyperion_conformance.vectors.generators.bft import random_case

TARGET: Final = "bft.node"
FORK: Final = "HYPERION"

Degree: TypeAlias = Literal["equal", "order", "timers", "proofs", "parted"]
DEGREES: Final[tuple[Degree, ...]] = ("equal", "order", "timers", "proofs", "parted")
"""From the best to the worst: in order, in another order, with other timers, proofs, or messages and states."""
PROOFS: Final = frozenset({"evidence", "certificate"})
"""What is kept to show others: evidence, and the precommits of a decision."""


class Unanswered(Exception):
    """The adapter broke, or answered with an error."""


class Declined(Exception):
    """The adapter says why it has no answer."""


@attrs.frozen(slots=True)
class Parting:
    """What was different where two validators parted, without the names of the case."""

    event: str
    lacks: tuple[str, ...]
    """Effects of the model that the other does not have."""
    adds: tuple[str, ...]
    """Effects of the other that the model does not have."""
    state: tuple[str, ...]
    """Fields of the state that differ."""


@attrs.frozen(slots=True)
class Beside:
    """How one session went: its worst degree, and how many of the events until its end had which."""

    worst: Degree
    degrees: Counter[Degree]
    parting: Parting | None = None
    declined: str = ""


def named(effect: Json) -> str:
    """An effect by its kind, a vote with whether it is for a value."""
    assert isinstance(effect, Mapping)
    [(kind, fields)] = effect.items()
    assert isinstance(fields, Mapping)
    if kind == "timer":
        return f"timer {fields['step']}"
    return f"{kind} {'nil' if fields['value'] is None else 'value'}" if kind.startswith("pre") else kind


def effects_of(answer: Mapping[str, Json]) -> list[Json]:
    """The effects of an answer; of a refusal, the rule that it names."""
    effects = answer.get("effects")
    return list(effects) if isinstance(effects, Sequence) else [{"rejected": {"value": answer.get("rejected")}}]


def beyond(these: Sequence[Json], those: Sequence[Json]) -> list[Json]:
    """What the first has and the second has not, each as often as it is too much."""
    rest, more = list(those), []
    for effect in these:
        if effect in rest:
            rest.remove(effect)
        else:
            more.append(effect)
    return more


def decided(state: Mapping[str, Json]) -> list[Json]:
    """What a state has decided, without the proofs."""
    chain = state.get("chain")
    assert isinstance(chain, Sequence)
    return [{**one, "certificate": None} for one in chain if isinstance(one, Mapping)]


def apart(here: Mapping[str, Json], there: Mapping[str, Json]) -> frozenset[str]:
    """Fields in which two states differ; decisions that differ in their precommits only differ in ``certificate``."""
    fields = {field for field in here if here[field] != there.get(field)}
    if "chain" in fields and decided(here) == decided(there):
        fields = fields - {"chain"} | {"certificate"}
    return frozenset(fields)


def degree(ours: Sequence[Json], theirs: Sequence[Json], fields: frozenset[str]) -> Degree:
    """How far two answers, and two states with these fields apart, agree."""
    alone = [*beyond(ours, theirs), *beyond(theirs, ours)]
    if fields - PROOFS or not all(named(effect).startswith("timer") for effect in alone):
        return "parted"
    if fields:
        return "proofs"
    return "timers" if alone else "equal" if list(ours) == list(theirs) else "order"


class Peer:
    """A session of a foreign validator."""

    def __init__(self, adapter: Adapter, opening: Mapping[str, Json]) -> None:
        self.adapter = adapter
        self.name = str(self._ask(open_request(0, TARGET, FORK, opening))["session"])

    def act(self, event: Mapping[str, Json]) -> Mapping[str, Json]:
        """Its answer to an event."""
        return self._ask(act_request(0, self.name, event))

    def state(self) -> Mapping[str, Json]:
        """What it shows."""
        return self._ask(snapshot_request(0, self.name))

    def close(self) -> None:
        """End the session."""
        self._ask(close_request(0, self.name))

    def _ask(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        reply = self.adapter.ask(request)
        if isinstance(reply, Skip):
            raise Declined(reply.why)
        if not isinstance(reply, Answer):
            why = reply.detail if isinstance(reply, Broken) else reply.message
            raise Unanswered(f"{request['op']}: {why}")
        return reply.value


def beside(adapter: Adapter, given: Mapping[str, Any]) -> Beside:
    """One session of both, until they part. A proof that differs counts once. Raises ``Unanswered``."""
    model, degrees, known = opened(given["open"], True), Counter[Degree](), frozenset[str]()
    try:
        peer = Peer(adapter, given["open"])
        for event in given["events"]:
            model, answer = acted(model, event, True)
            ours, theirs = effects_of(answer), effects_of(peer.act(event))
            fields = apart(node_json(model.node), peer.state()) - known
            found = degree(ours, theirs, fields)
            degrees[found] += 1
            known |= fields & PROOFS
            if found == "parted":
                alone, other = kinds(beyond(ours, theirs)), kinds(beyond(theirs, ours))
                return Beside(found, degrees, Parting(next(iter(event)), alone, other, tuple(sorted(fields))))
        peer.close()
    except Declined as why:
        return Beside(worst(degrees), degrees, declined=str(why))
    return Beside(worst(degrees), degrees)


def random_session(
    seed: int, index: int, certificates: bool = True, liars: bool = True, restarts: bool = False
) -> dict[str, Any]:
    """A random session of the target.

    If so wished without certificates; with leaders that propose once a round; with a restart on the way and at the end.
    """
    given: dict[str, Any] = dict(random_case(Draw(seed, "beside", index), index).input)
    events, led = [], set[str]()
    for event in given["events"]:
        round = event["proposal"]["round"] if "proposal" in event else ""
        if (certificates or "certificate" not in event) and (liars or round not in led):
            events.append(event)
        led |= {round} - {""}
    if restarts:
        place = 1 + index % len(events)
        events = [*events[:place], {"restart": {}}, *events[place:], {"restart": {}}]
    return {**given, "events": events}


def worst(degrees: Iterable[Degree]) -> Degree:
    """The worst of some degrees; without any, equal."""
    return max(degrees, key=DEGREES.index, default="equal")


def kinds(effects: Sequence[Json]) -> tuple[str, ...]:
    """Effects by their kinds, in order of names."""
    return tuple(sorted(map(named, effects)))
