"""Squads v4. Layouts, seeds and rules: its IDL, and docs/multisig.md for what the IDL does not say."""
