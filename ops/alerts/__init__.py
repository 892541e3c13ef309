"""What fires, what is suppressed and why, and the hands on silences.

`seen` assembles what the servers said, `watching` asks them, `silencing` acts, `matching` and `history` are pure.
"""
