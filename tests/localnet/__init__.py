"""The localnet's own tests; they run in localnet/.venv."""
