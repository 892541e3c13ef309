"""The chain on disk: one SQLite file, written once a slot."""
