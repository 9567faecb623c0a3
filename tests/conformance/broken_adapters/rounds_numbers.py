"""Passes gas through a floating-point number."""

# mypy: ignore-errors
import toy


def run(message):
    outcome = toy.run(message)
    return outcome | {"gas_left": float(outcome["gas_left"])}


toy.serve(toy.OPS | {"run": run})
