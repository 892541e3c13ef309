"""What the console tells the person who starts it."""


class ConsoleError(Exception):
    """The console cannot start or go on: says in one sentence why, and what to do."""


class ConfigError(ConsoleError):
    """The console's file is wrong: names the entry and what it can be."""


class RecordingError(ConsoleError):
    """A recording cannot be written or replayed: says why, and what to do."""
