"""Mutants: a function of the model with one piece of its source exchanged, for controls."""

import functools
import inspect
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast

from hyperion.symbolic.ideal import Ideal

F = TypeVar("F", bound=Callable[..., Any])


class NoSuchCode(BaseException):
    """The source does not contain the piece exactly once: the control would not test what it says.

    Not an ``Exception``: it must not pass for something that the model raises.
    """


def mutant(function: F, old: str, new: str) -> F:
    """The mutant, made when it is first called: a change of the model makes its control fail, and nothing else."""
    made: list[F] = []

    @functools.wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        if not made:
            made.append(mutated(function, old, new))
        return made[0](*arguments, **named)

    return cast(F, run)


def mutated(function: F, old: str, new: str) -> F:
    """The function with ``old``, which must stand in it once, replaced by ``new``."""
    plain = cast(FunctionType, inspect.unwrap(function))
    source = textwrap.dedent(inspect.getsource(plain))
    if source.count(old) != 1:
        raise NoSuchCode(f"{old!r} stands {source.count(old)} times in {plain.__qualname__}")
    compiled = compile(source.replace(old, new), f"<mutant of {plain.__qualname__}>", "exec")
    code = next(
        constant
        for constant in compiled.co_consts
        if isinstance(constant, CodeType) and constant.co_name == plain.__name__
    )
    made = FunctionType(code, plain.__globals__, plain.__name__, plain.__defaults__, plain.__closure__)
    made.__kwdefaults__ = plain.__kwdefaults__
    return cast(F, made)


def in_place(function: Callable[..., Any], old: str, new: str) -> Ideal:
    """The mutant standing where the function does, as long as a control is tried."""
    module = inspect.getmodule(inspect.unwrap(function))
    if module is None:
        raise NoSuchCode(f"{function!r} has no module")
    return Ideal(module, function.__name__, mutant(function, old, new), "seeded fault")
