"""Answers with its input and invents the rest."""

# mypy: ignore-errors
import toy


def run(message):
    given = message["input"]
    return {
        "status": "success",
        "gas_left": given["gas"],
        "refund": "0",
        "output": given["calldata"],
        "logs": [],
        "storage": given["storage"],
    } | message.get("expect", {})


toy.serve(toy.OPS | {"run": run})
