"""Who leads when: a weighted round robin that starts from zero in each epoch.

``slots`` turns stakes into whole slots of a period, ``rotation`` elects, ``leaders`` answers for heights and rounds,
``invariants`` are the bounds.
"""
