"""Byzantine agreement on one value a height, as Tendermint's algorithm (arXiv 1807.04938) and Malachite's Quint text.

``consensus`` is the algorithm's rows as data, ``votes`` counts, ``driver`` turns messages into the rows' inputs,
``node`` is what a validator runs, ``log`` makes its restart safe, and ``certificates`` are what others may check.
"""
