"""Parts of `benchmarks/console_in_terminal.py`."""
