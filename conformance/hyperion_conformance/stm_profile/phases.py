"""The life of a transaction as a state machine, and how often each of its arrows was taken in a run."""

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Final

import attrs

from hyperion.parallel.counter import Pc
from hyperion.parallel.scheduler import Phase
from hyperion_conformance.stm_profile.picture import STYLE, text
from hyperion_conformance.stm_profile.simulation import Moment, SimulatedRun


@attrs.frozen
class Arrow:
    """A change of a transaction's status: where it stands in the algorithm, and which steps are it."""

    source: Phase
    target: Phase
    name: str
    taken: Callable[[Moment], bool]


ARROWS: Final = (
    Arrow(Phase.READY, Phase.EXECUTING, "a worker starts it", lambda step: step.after is Pc.TASK_EXECUTE),
    Arrow(Phase.EXECUTING, Phase.EXECUTED, "recorded", lambda step: step.before.pc is Pc.FINISH),
    Arrow(Phase.EXECUTED, Phase.ABORTING, "a read is not valid",
          lambda step: step.before.pc is Pc.ABORT and step.after is not Pc.RELEASE),
    Arrow(Phase.EXECUTING, Phase.ABORTING, "met an ESTIMATE", lambda step: step.before.pc is Pc.SUSPEND),
    Arrow(Phase.ABORTING, Phase.READY, "next incarnation", lambda step: step.before.pc in (Pc.REOPEN, Pc.RESUME)),
)  # fmt: skip
"""All that may happen to a status."""


def taken(run: SimulatedRun) -> tuple[int, ...]:
    """How often each arrow was taken."""
    return tuple(sum(arrow.taken(moment) for moment in run.moments) for arrow in ARROWS)


# --- the drawing -----------------------------------------------------------------------------------------------------

BOX: Final = (150, 46)
PLACES: Final[Mapping[Phase, tuple[int, int]]] = {
    Phase.READY: (40, 40), Phase.EXECUTING: (400, 40), Phase.EXECUTED: (760, 40), Phase.ABORTING: (400, 180),
}  # fmt: skip
"""The upper left corners."""
PATHS: Final = (
    ("M190 63 H392", (294, 53), "middle"),
    ("M550 63 H752", (654, 53), "middle"),
    ("M835 86 V203 H558", (654, 193), "middle"),
    ("M475 86 V172", (485, 128), "start"),
    ("M400 203 H115 V94", (294, 193), "middle"),
)
"""Arrow by arrow: its path, and where its name stands."""
FRAME: Final = (950, 262)


def phases_drawn(run: SimulatedRun) -> str:
    """The state machine, as an SVG document, with the counts of a run."""
    label = "the states of a transaction, with how often each change happened"
    counts = zip(ARROWS, PATHS, taken(run), strict=True)
    arrows = [piece for arrow, path, count in counts for piece in arrow_drawn(arrow, path, count)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="stm-run" viewBox="0 0 {FRAME[0]} {FRAME[1]}" role="img" '
            f'aria-label="{escape(label)}">',
            f"<style>{STYLE}\n.stm-run .arrow {{ fill: none; stroke: var(--soft); stroke-width: 1.6; }}\n"
            ".stm-run .head { fill: var(--soft); }\n"
            ".stm-run .box { fill: var(--track); stroke: var(--line); }</style>",
            '<defs><marker id="stm-head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
            f'<rect class="paper" width="{FRAME[0]}" height="{FRAME[1]}" rx="6"/>',
            *arrows,
            *boxes(),
            "</svg>",
        ]
    )


def boxes() -> Iterator[str]:
    """The states."""
    for phase, (x, y) in PLACES.items():
        yield f'<rect class="box" x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="8"/>'
        yield text(x + BOX[0] / 2, y + BOX[1] / 2 + 5, phase.name, "", "middle")


def arrow_drawn(arrow: Arrow, path: tuple[str, tuple[int, int], str], count: int) -> Iterator[str]:
    """An arrow with its name, and below that how often it was taken."""
    line, (x, y), anchor = path
    yield f'<path class="arrow" d="{line}" marker-end="url(#stm-head)"/>'
    yield text(x, y, arrow.name, "soft", anchor)
    yield text(x, y + 28 if anchor == "middle" else y + 18, f"{count:,} ×", "", anchor)
