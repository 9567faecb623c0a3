"""Floor 0: 256-bit words, RLP, hashes, signatures and curves. Cryptography comes from libraries; RLP is ours."""
