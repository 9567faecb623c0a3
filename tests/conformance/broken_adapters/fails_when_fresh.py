"""The first case after a start is answered wrongly: a cache that is not yet warm."""

# mypy: ignore-errors
import toy

SEEN: list[int] = []


def run(message):
    outcome = toy.run(message)
    SEEN.append(1)
    return outcome if len(SEEN) > 1 else outcome | {"refund": "1"}


toy.serve(toy.OPS | {"run": run})
