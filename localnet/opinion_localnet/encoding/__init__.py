"""How state becomes JSON: accounts, transactions, errors. Pure functions."""
