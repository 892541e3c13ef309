"""What is being done and has not ended yet."""

from collections.abc import Generator
from contextlib import contextmanager


class UnderWay:
    """Deeds by name: while there is one, leaving would lose what comes of it."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """What is under way, the oldest first."""
        return tuple(self._names)

    @contextmanager
    def doing(self, name: str) -> Generator[None]:
        """It is under way in here."""
        self._names.append(name)
        try:
            yield
        finally:
            self._names.remove(name)
