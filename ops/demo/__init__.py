"""One market from creation to a verified payout, told step by step: what `make run` shows a new user."""
