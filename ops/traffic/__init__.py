"""Life on a localnet: markets that people open, stake on, win and lose, so that there is something to look at."""
