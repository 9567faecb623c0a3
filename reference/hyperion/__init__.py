"""The executable formal model of the Metis Hyperion protocol: pure, typed state-transition functions.

The floors, lowest first; an import never goes up:

``primitives``  words, RLP, hashes, signatures, curves
``state``       accounts, the world state, Merkle-Patricia tries
``vm``          the machine: ``step(machine) -> machine``, instructions, gas, precompiles, forks
``execution``   transactions and blocks, serially: the meaning that all else must equal
"""
