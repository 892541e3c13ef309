"""Squads v3 (squads-mpl). Layouts from its IDL."""
