"""Keeps the storage of the case before."""

# mypy: ignore-errors
import toy

KEPT: dict[str, str] = {}


def run(message):
    message["input"]["storage"] = KEPT | message["input"]["storage"]
    outcome = toy.run(message)
    KEPT.update(outcome["storage"])
    return outcome


toy.serve(toy.OPS | {"run": run})
