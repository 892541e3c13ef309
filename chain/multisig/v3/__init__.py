"""Squads v3 (squads-mpl). Layouts, seeds and rules: its IDL, and docs/multisig.md for what the IDL does not say."""
