"""The symbolic engine: runs plain Python functions on values that are not known, over all their paths.

It serves the proofs and the staged executor alike, so it knows nothing of the model and uses no solver: whether a path
is possible is asked of an oracle that the caller gives. ``expression`` is the language of terms, ``terms`` builds them,
``proxies`` are the values that functions are run on, ``path`` is one run, ``explore`` runs all of them, ``ideal``
replaces functions that are assumed rather than executed, and ``identity`` reads source for what proxies can't notice.
"""
