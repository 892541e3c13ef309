"""What the oracle tells a person in one sentence, beside what the chain and the store do."""


class OracleError(Exception):
    """The oracle cannot do what it is asked to: what happened, to what, what to do."""
