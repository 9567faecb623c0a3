"""Declines MUL, with a reason."""

# mypy: ignore-errors
import json

import toy


def write(text):
    message = json.loads(text)
    if message.get("ok") == "declined":
        message = {"id": message["id"], "skip": {"why": "MUL is not built in"}}
    toy.say(json.dumps(message))


toy.serve(toy.OPS | {"run": lambda m: "declined" if toy.multiplies(m) else toy.run(m)}, write=write)
