"""Writing sessions of the edge game: moves of players who follow a trace, true or false, as JSON events.

A script knows every name, root and proof of its traces, and keeps the model's session beside the events, so that what
is written down next may depend on what was accepted. It never says what is expected: that is filled in later.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from hyperion.primitives.hashing import keccak256
from hyperion.settlement.dispute.bisection import bisection_height
from hyperion.settlement.dispute.identity import Hash, edge_id, mutual_id
from hyperion.settlement.dispute.parameters import Level, Parameters
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.settlement.edges import EDGES, FIGURES, LEVEL, Played
from hyperion_conformance.settlement.labels import Trace, state, stride_of
from hyperion_conformance.vectors.model import address_json, hexadecimal

ALICE: Final = 0xA11CE
EVE: Final = 0xE7E
ORIGIN: Final = keccak256(b"contest")
BEGIN: Final = 1_000
Place: TypeAlias = tuple[int, int, int, int]
"""Level, machine step at which its history begins, and the heights of the edge's ends."""


def safe(
    heights: tuple[int, ...], provable: tuple[bool, ...] | None = None, censorship: int = 0, more: int = 1
) -> Parameters:
    """The tightest safe parameters for levels of these heights; a threshold of 0 seconds ``more`` would be unsafe."""
    last = tuple(at == len(heights) - 1 for at in range(len(heights)))
    levels = tuple(
        Level(height, stake=11 * (2 * height + 2), reimbursement=10, provable=may)
        for height, may in zip(heights, provable or last, strict=True)
    )
    loose = Parameters(levels, 0, censorship, 0, 12, 10, 110)
    return attrs.evolve(loose, threshold=loose.late + more)


def parameters_json(parameters: Parameters) -> dict[str, Json]:
    """Parameters as the target reads them."""
    levels: list[Json] = [
        {key: value if isinstance(value := getattr(level, key), bool) else str(value) for key in LEVEL}
        for level in parameters.levels
    ]
    return {"levels": levels, **{key: str(getattr(parameters, key)) for key in FIGURES}}


def path_json(path: tuple[Hash, ...]) -> list[Json]:
    """A proof."""
    return [hexadecimal(item) for item in path]


def claim_of(trace: Trace) -> Hash:
    """The name of the assertion of a trace."""
    return keccak256(b"assertion" + repr(trace.lies).encode())


@attrs.define
class Script:
    """A session being written."""

    parameters: Parameters
    events: list[Json] = attrs.field(factory=list)
    now: int = BEGIN
    height: int = 50
    played: Played = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.played = EDGES.open(self.opening, True)

    @property
    def opening(self) -> dict[str, Json]:
        """How the game is opened: it is about the machine's run from its first state."""
        return {
            "parameters": parameters_json(self.parameters), "origin": hexadecimal(ORIGIN),
            "start": hexadecimal(state(0, 0)), "time": str(BEGIN), "height": "50",
        }  # fmt: skip

    @property
    def session(self) -> dict[str, Json]:
        """The input of a case."""
        return {"open": self.opening, "events": list(self.events)}

    def at(self, seconds: int) -> "Script":
        """What follows happens so many seconds after the beginning, in a block of its own."""
        self.now, self.height = BEGIN + seconds, 50 + seconds // 12
        return self

    def send(self, name: str, **fields: Any) -> "Script":
        """An event with these fields, whatever comes of it."""
        event: dict[str, Json] = {"event": name, "time": str(self.now), "height": str(self.height)}
        for key, value in fields.items():
            event[key] = shown(key, value)
        self.events.append(event)
        self.played, _ = EDGES.act(self.played, event, True)
        return self

    def again(self, **changes: Any) -> "Script":
        """The last event once more, with changes."""
        last = self.events[-1]
        assert isinstance(last, Mapping)
        given = {key: value for key, value in last.items() if key not in ("event", "time", "height")}
        return self.send(str(last["event"]), **{**given, **changes})

    # Names and proofs.

    def trace(self, *lies: tuple[int, int]) -> Trace:
        """A trace of this game's machine."""
        return Trace(self.parameters.levels, lies)

    def whole(self, level: int, base: int = 0) -> Place:
        """The place of a level's root."""
        return level, base, 0, 2 ** self.parameters.levels[level].height

    def mutual(self, trace: Trace, place: Place) -> Hash:
        """The name of the question that the edge of the trace at the place answers."""
        level, base, low, high = place
        return mutual_id(level, self.question(trace, level, base), low, trace.history(level, base).root(low), high)

    def question(self, trace: Trace, level: int, base: int) -> Hash:
        """What a level is about."""
        return ORIGIN if level == 0 else self.mutual(trace, self.above(level, base))

    def above(self, level: int, base: int) -> Place:
        """The place of the step that a level's history refines."""
        stride = stride_of(self.parameters.levels, level - 1)
        outer = 0 if level == 1 else base - base % stride_of(self.parameters.levels, level - 2)
        return level - 1, outer, (base - outer) // stride, (base - outer) // stride + 1

    def name(self, trace: Trace, place: Place) -> Hash:
        """The name of the edge of the trace at the place."""
        level, base, _, high = place
        return edge_id(self.mutual(trace, place), trace.history(level, base).root(high))

    def middle(self, place: Place) -> int:
        """Where the edge at a place is cut; the lower end of one that is not."""
        found = bisection_height(place[2], place[3])
        return place[2] if found is None else found

    def halves(self, place: Place) -> tuple[Place, Place]:
        """Where the halves of an edge are."""
        level, base, low, high = place
        middle = self.middle(place)
        return (level, base, low, middle), (level, base, middle, high)

    # Moves.

    def admit(self, *traces: Trace) -> "Script":
        """Assertions of traces."""
        for trace in traces:
            length = stride_of(self.parameters.levels, -1)
            self.send("admit", claim=claim_of(trace), state=trace.at(length))
        return self

    def root(self, trace: Trace, mover: int = ALICE, **changes: Any) -> "Script":
        """A root for the assertion of a trace."""
        level, base, _, steps = self.whole(0)
        whole = trace.history(level, base)
        fields = {
            "claim": claim_of(trace), "end_root": whole.root(steps), "prefix_proof": whole.prefix_proof(0, steps),
            "end_proof": whole.inclusion_proof(steps, steps), "paid": self.parameters.levels[0].stake, "mover": mover,
        }  # fmt: skip
        return self.send("root", **{**fields, **changes})

    def cut(self, trace: Trace, place: Place, mover: int = ALICE, **changes: Any) -> "Script":
        """An edge of the trace is cut."""
        level, base, _, high = place
        middle, whole = self.middle(place), trace.history(level, base)
        fields = {
            "edge": self.name(trace, place), "middle_root": whole.root(middle),
            "proof": whole.prefix_proof(middle, high), "mover": mover,
        }  # fmt: skip
        return self.send("bisect", **{**fields, **changes})

    def ends(self, trace: Trace, place: Place) -> dict[str, Any]:
        """The states before and after a step of the trace, and their proofs."""
        level, base, low, high = place
        stride, whole = stride_of(self.parameters.levels, level), trace.history(level, base)
        return {
            "before": trace.at(base + low * stride), "before_proof": whole.inclusion_proof(low, low),
            "after": trace.at(base + high * stride), "after_proof": whole.inclusion_proof(high, high),
        }  # fmt: skip

    def refine(self, trace: Trace, place: Place, mover: int = ALICE, **changes: Any) -> "Script":
        """A step of the trace is refined, as the trace does it."""
        inner = self.below(place)
        if inner is None:
            fields = {"end_root": bytes(32), "prefix_proof": (), "end_proof": (), "paid": 0}
        else:
            level, base, _, steps = inner
            whole = trace.history(level, base)
            fields = {
                "end_root": whole.root(steps), "prefix_proof": whole.prefix_proof(0, steps),
                "end_proof": whole.inclusion_proof(steps, steps), "paid": self.parameters.levels[level].stake,
            }  # fmt: skip
        head = {"edge": self.name(trace, place), **self.ends(trace, place)}
        return self.send("refine", **{**head, **fields, "mover": mover, **changes})

    def below(self, place: Place) -> Place | None:
        """Where a step is refined; None at the last level."""
        level, base, low, _ = place
        if level + 1 == len(self.parameters.levels):
            return None
        return self.whole(level + 1, base + low * stride_of(self.parameters.levels, level))

    def prove(self, trace: Trace, place: Place, **changes: Any) -> "Script":
        """The proof that a step of the trace is the machine's."""
        level, base, low, _ = place
        witness = trace.witness(base + low * stride_of(self.parameters.levels, level))
        fields = {"edge": self.name(trace, place), **self.ends(trace, place), "witness": witness}
        return self.send("confirm-by-one-step", **{**fields, **changes})

    def about(self, name: str, trace: Trace, place: Place, **more: Any) -> "Script":
        """An event that only names an edge."""
        return self.send(name, edge=self.name(trace, place), **more)


def shown(key: str, value: Any) -> Json:
    """A field as JSON."""
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, tuple):
        return path_json(value)
    if isinstance(value, int):
        return address_json(value) if key in ("mover", "account") else str(value)
    given: Json = value
    return given
