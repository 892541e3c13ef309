"""The chain's state and its rules: slots, blockhashes, accounts, execution. No I/O here."""
