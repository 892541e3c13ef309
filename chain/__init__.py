"""Clients of our programs: accounts, instructions, events, errors, RPC, signers and proofs.

Takes values, never settings. Only `rpc` and `sender` import solana-py, and nothing here imports anchorpy:
everything else must keep loading with solders alone, 0.26 and 0.29 alike, because the programs' tests use it so.
"""
