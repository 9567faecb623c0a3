"""Floor 1: accounts, the world state, and the Merkle-Patricia tries that commit to them."""
