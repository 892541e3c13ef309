"""A Solana node for development: JSON-RPC and WebSocket over LiteSVM.

Nothing here knows any program of ours: programs and accounts are given by flags.
"""

__version__ = "0.1.0"
