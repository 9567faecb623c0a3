"""What the proofs of dispute and settlement share: unknown states of the games, and the transitions run on them."""
