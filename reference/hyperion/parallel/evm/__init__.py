"""EVM transactions under Block-STM: no second meaning of an instruction, only another way to come by the world.

* ``locations``: what of the world is read and written as a whole; epochs, which make clearing a storage one write;
* ``rules``: what a transaction does with memory, as a value, so that mistakes in it are variants of it;
* ``transaction``: one transaction as an adaptive reader, running the functions of ``hyperion.execution``;
* ``block``: the block for the algorithm, and the commitment of its outcome in the order of the block.
"""
