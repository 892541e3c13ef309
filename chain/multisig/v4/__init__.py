"""Squads v4. Layouts from its IDL."""
