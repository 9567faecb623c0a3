"""Caches as refinements: values beside the machine that change how long a run takes, and nothing that it gives."""
