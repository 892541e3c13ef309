"""sshd's configuration for a login that signs and does nothing else; docs/signers.md says how it is installed."""

from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parent / "opinion-signers.conf"
