"""A small market through everything, settled by the oracle that runs: proof that it works again."""
