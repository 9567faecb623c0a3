"""A transaction: a program in JSON that asks for values of shared locations, and ends with its effects."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

Effects = tuple[dict[str, int], dict[str, int], str]
"""What is written, what is added without having been read, and the result."""
Running = Generator[str, int, Effects]
"""Yields a location, is sent its value."""

NOTHING: Effects = ({}, {}, "reverted")


def start(steps: list[dict[str, Any]]) -> Running:
    """A program that has read nothing yet."""
    names: dict[str, int] = {}
    writes: dict[str, int] = {}
    adds: dict[str, int] = {}
    while True:
        for step in steps:
            if "stop" in step:
                return writes, adds, str(evaluate(step["stop"], names))
            if "revert" in step:
                return NOTHING
            if "if" in step:
                steps = step["then" if holds(step["if"], names) else "else"]
                break
            if "write" in step:
                writes[step["write"]] = evaluate(step["value"], names)
                adds.pop(step["write"], None)
            elif "add" in step:
                into = writes if step["add"] in writes else adds
                into[step["add"]] = into.get(step["add"], 0) + int(step["amount"])
            else:
                location = step["read"] if "read" in step else step["require"]
                value = writes[location] if location in writes else (yield location) + adds.get(location, 0)
                if "read" in step:
                    names[step["as"]] = value
                elif value < int(step["least"]):
                    return NOTHING
        else:
            raise ValueError("a program ends with stop, revert or if")


def evaluate(expression: Any, names: dict[str, int]) -> int:
    """The value of an expression; a name that was not read is 0, a modulus below 1 is 1."""
    if isinstance(expression, str):
        return int(expression) if expression[0] in "-0123456789" else names.get(expression, 0)
    ((operator, operands),) = expression.items()
    left, right = (evaluate(operand, names) for operand in operands)
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    return left % max(right, 1)


def holds(condition: Any, names: dict[str, int]) -> bool:
    """Whether a comparison holds."""
    ((comparison, operands),) = condition.items()
    left, right = (evaluate(operand, names) for operand in operands)
    return left == right if comparison == "==" else left < right if comparison == "<" else left <= right
