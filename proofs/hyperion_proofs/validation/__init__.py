"""Translation validation: the text of a block and iterated ``step`` are proved to be one, block by block.

Both run on the same general machine. ``containers`` and ``octets`` stand in for its memory, storage and byte strings,
``machines`` builds it, ``cutting`` cuts a block's text at its loop, ``rounds`` says what holds between two rounds,
``blocks`` states what is to be proved, ``equality`` says when two machines are the same, and ``replay`` runs
counterexamples on real machines. ``mutants`` seeds faults, ``corpus`` has the contracts, ``campaign`` goes through
them, and ``cli`` is the command.
"""
