"""The programs' tests: in process over LiteSVM, and on a real validator in `on_validator/`."""
