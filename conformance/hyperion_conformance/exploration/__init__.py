"""Explicit-state exploration: every state that a transition system can reach, breadth first.

``system`` says what a transition system is, ``search`` visits its states, ``liveness`` looks at the graph that is left,
``checkpoint`` keeps a search that was cut. ``stm`` is Block-STM as such a system, with its ``workloads`` and
``mutants``; nothing else here knows of it.
"""
