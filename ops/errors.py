"""What an operator's command can fail with."""


class OperatorError(Exception):
    """Something an operator can mend; the message is one sentence: what happened, to what, what to do."""


class UsageError(OperatorError):
    """What was typed is not what the command takes."""
