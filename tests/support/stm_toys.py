"""Small transition systems whose reachable states and ends one can count by hand."""

from collections.abc import Sequence
from typing import Any

import attrs

Graph = tuple[tuple[tuple[int, int], ...], ...]
"""For each state its edges: actor and target."""


@attrs.frozen
class GraphPlan:
    """A graph that is given edge by edge; state 0 is the first."""

    graph: Graph
    finals: tuple[int, ...] = ()
    bad: tuple[int, ...] = ()

    def build(self) -> "GraphSystem":
        return GraphSystem(self)

    def fields(self) -> dict[str, Any]:
        return {"graph": [[list(edge) for edge in edges] for edges in self.graph]}


class GraphSystem:
    def __init__(self, plan: GraphPlan) -> None:
        self.plan = plan

    def initial(self) -> int:
        return 0

    def successors(self, state: int) -> Sequence[tuple[int, int]]:
        return self.plan.graph[state]

    def fault(self, state: int) -> str | None:
        return "bad" if state in self.plan.bad else None

    def is_final(self, state: int) -> bool:
        return state in self.plan.finals

    def pack(self, states: Sequence[int]) -> Any:
        return tuple(states)

    def unpack(self, packed: Any) -> list[int]:
        return list(packed)

    def canonical(self, state: int) -> int:
        return state
