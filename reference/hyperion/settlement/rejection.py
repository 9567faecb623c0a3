"""A refused event is a value: which rule refuses it, and the figures that show it."""

from enum import Enum
from typing import Generic, TypeVar

import attrs

R = TypeVar("R", bound=Enum)


@attrs.frozen
class Rejected(Generic[R]):
    """Why an event is refused: a reason of the part that refuses it, and a detail for people."""

    reason: R
    detail: str = ""
