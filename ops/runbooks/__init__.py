"""Runbooks: what to do when something is wrong, and every day; with live checks, and a record of who went through."""
