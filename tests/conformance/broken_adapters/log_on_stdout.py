"""Prints a log line on standard output before the answer when MUL is executed."""

# mypy: ignore-errors
import toy


def before(message):
    if message["op"] == "run" and toy.multiplies(message):
        toy.say("INFO  executing MUL on the slow path")


toy.serve(before=before)
