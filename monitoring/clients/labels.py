"""Labels of an alert or a series."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Labels:
    """Names with their values, sorted by name; comparable and hashable."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, table: Mapping[str, str]) -> Self:
        """Return these; an empty value is as good as no label, in Prometheus too."""
        return cls(tuple(sorted((name, value) for name, value in table.items() if value)))

    def get(self, name: str) -> str:
        """Return the value, empty where there is no such label."""
        return next((value for found, value in self.pairs if found == name), "")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def without(self, name: str) -> "Labels":
        """Return all but this one."""
        return Labels(tuple(pair for pair in self.pairs if pair[0] != name))

    def within(self, others: "Labels") -> bool:
        """Whether the others have every label that these have, with the same value."""
        return set(self.pairs) <= set(others.pairs)
