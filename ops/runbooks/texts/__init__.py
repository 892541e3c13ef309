"""The runbooks themselves, a Markdown file each; `ops/runbooks/book.py` says how they are written."""
