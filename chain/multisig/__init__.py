"""Squads multisigs, v4 and v3, behind one interface: the rest never knows which."""
