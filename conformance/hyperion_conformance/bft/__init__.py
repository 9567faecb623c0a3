"""Finality beside others: traces of the published specification, networks of validators, and scenarios."""
