"""The whole oracle as real processes, with faults injected by a seeded plan, and what must hold afterwards."""
