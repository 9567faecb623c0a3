"""Which functions a run executes, and what their source hides from the engine."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Final

import attrs

from hyperion import rules
from hyperion.symbolic.identity import IdentityComparison, identity_comparisons

MODEL: Final = Path(rules.__file__).resolve().parent
ENGINE: Final = MODEL / "symbolic"


@attrs.frozen(eq=False)
class Watch:
    """While the block is entered, collects the code of every function of the model that is called."""

    seen: dict[CodeType, bool] = attrs.field(factory=dict)

    def __enter__(self) -> "Watch":
        sys.setprofile(self.notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(None)

    def notice(self, frame: FrameType, event: str, argument: object) -> None:
        """A call, of whatever function."""
        del argument
        if event == "call":
            self.seen[frame.f_code] = True

    def functions(self) -> tuple[str, ...]:
        """Dotted names of the functions of the model, the engine's own left out."""
        return tuple(sorted({dotted(code) for code in self.seen if of_model(code)}))

    def suspects(self) -> tuple[str, ...]:
        """Comparisons by identity in those functions that unknown values could meet."""
        return tuple(
            f"{dotted(code)}, line {found.line}: {found.code}"
            for code in self.seen
            if of_model(code)
            for found in suspects_in(code.co_filename)
            if code.co_firstlineno <= found.line <= last_line(code)
        )


@lru_cache(maxsize=4096)
def place_of(filename: str) -> Path:
    """The file, whatever links lead to it."""
    return Path(filename).resolve()


def of_model(code: CodeType) -> bool:
    """Whether the function is the model's."""
    place = place_of(code.co_filename)
    return place.is_relative_to(MODEL) and not place.is_relative_to(ENGINE)


def dotted(code: CodeType) -> str:
    """``hyperion.primitives.word.sdiv``."""
    module = place_of(code.co_filename).relative_to(MODEL.parent).with_suffix("")
    return f"{'.'.join(module.parts)}.{code.co_qualname}"


def last_line(code: CodeType) -> int:
    """The last line with code of the function."""
    return max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)


@lru_cache(maxsize=256)
def suspects_in(filename: str) -> tuple[IdentityComparison, ...]:
    """All suspicious comparisons of a file."""
    return tuple(identity_comparisons(Path(filename).read_text(encoding="utf-8")))


def union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Names of all parts, once each."""
    return tuple(sorted({name for part in parts for name in part}))
