"""What the proofs of finality share: unknown states of validators, what they are asked, and what they have received."""
