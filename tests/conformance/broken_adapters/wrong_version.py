"""Speaks a later protocol."""

# mypy: ignore-errors
import toy

toy.serve(toy.OPS | {"hello": lambda message: toy.hello(message) | {"protocol": "hyperion/9"}})
