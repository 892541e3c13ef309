"""What the oracle's benchmarks stand on: the whole deployment as real processes, and many markets due at once."""
