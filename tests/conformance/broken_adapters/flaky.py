"""Tosses a coin over the gas of MUL."""

# mypy: ignore-errors
import os

import toy


def run(message):
    outcome = toy.run(message)
    if toy.multiplies(message) and os.urandom(1)[0] & 1:
        return outcome | {"gas_left": str(int(outcome["gas_left"]) + 1)}
    return outcome


toy.serve(toy.OPS | {"run": run})
