"""The public API and pages: builds unsigned transactions, never holds a key."""
