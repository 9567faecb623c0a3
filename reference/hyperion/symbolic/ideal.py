"""Ideal functions: a function is replaced by what is assumed of it, for as long as an exploration lasts.

A hash that is computed on unknown bytes has no term; an unknown function stands for it, and each replacement carries
the name of the assumption that justifies it. Replacing a name of a module is a side effect, so it is confined to a
``with`` block that puts back what was there, whatever happens inside.
"""

from __future__ import annotations

from types import ModuleType, TracebackType
from typing import Final

import attrs

ABSENT: Final = "absent: hyperion.symbolic.ideal"
"""Marks a name that the module itself did not have: a built-in function that is shadowed."""


@attrs.frozen(eq=False)
class Ideal:
    """``replacement`` stands for the name in the module or class; ``assumption`` is the id of what is assumed."""

    module: ModuleType | type
    name: str
    replacement: object
    assumption: str


@attrs.frozen(eq=False)
class Idealized:
    """The context in which the replacements are in force; modules are as before when it is left."""

    ideals: tuple[Ideal, ...]
    saved: list[tuple[ModuleType | type, str, object]] = attrs.field(factory=list)

    def __enter__(self) -> Idealized:
        for ideal in self.ideals:
            self.saved.append((ideal.module, ideal.name, getattr(ideal.module, ideal.name, ABSENT)))
            setattr(ideal.module, ideal.name, ideal.replacement)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self.saved:
            module, name, value = self.saved.pop()
            if value is ABSENT:
                delattr(module, name)
            else:
                setattr(module, name, value)
