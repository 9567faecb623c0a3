"""Greets on standard output before anything was asked."""

# mypy: ignore-errors
import toy

toy.say("Welcome to toy 1.0!")
toy.serve()
