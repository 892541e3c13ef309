"""Unmodified clients, run against the localnet and against Agave's own validator."""
