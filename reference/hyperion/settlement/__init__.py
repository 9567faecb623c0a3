"""Floor 7: how a claim about the L2 becomes final on the L1: assertions, disputes, one-step proofs, withdrawals."""
