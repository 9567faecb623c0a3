"""Generators: one module a group of cases; each yields drafts, inputs with their reasons, and no expectations.

A draft's id names its condition, and what is random in it is derived from the seed, the group and its index alone, so
adding a generator or raising a count changes no other case.
"""
