"""Keeps the read model: what a node notifies of, and full reads that repair whatever was missed or rolled back."""

from oracle.follower.follow import Follower, Pace
from oracle.follower.full_read import read_all

__all__ = ["Follower", "Pace", "read_all"]
