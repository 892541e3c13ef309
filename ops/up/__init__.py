"""Everything of the oracle on this machine, in one tree of processes that ends with `opinion up`."""
