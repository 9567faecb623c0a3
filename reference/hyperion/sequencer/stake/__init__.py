"""Who may order, and what it costs to misbehave: deposits, bonds, exits, sets of epochs, jail, evidence, slashing.

``types`` are the records, ``sets`` fixes who is in an epoch's set, ``slashing`` says what an offence costs, ``rules``
is the transition, ``invariants`` what holds in every state.
"""
