"""Clients of our programs: accounts, instructions, events, errors, RPC, signers, proofs and verification.

Takes values, never settings. Only `rpc`, what it is made of and what is built on it (`sender`, `market_reader`) load
solana-py, and nothing here loads anchorpy: everything else must keep loading with solders alone, 0.26 and 0.29 alike,
because the programs' tests use it so.
"""
