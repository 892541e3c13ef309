"""What processes take, as Linux tells it: processor time and memory of a process and all its descendants."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM = 1, 11, 12, 13, 14
"""Places in /proc/PID/stat, after the name."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes. `rss` counts shared pages in every process, `pss` divides them among those that share."""

    rss: int
    pss: int


def children_of(parent: int) -> list[int]:
    """The process ids of its children."""
    return [pid for pid, fields in _all() if int(fields[_PARENT]) == parent]


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of the children that it waited for."""
    fields = _fields(pid)
    return sum(int(fields[place]) for place in (_USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM)) / _TICK


def command_of(pid: int) -> str:
    """Its command line."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def memory_of(pid: int) -> Memory:
    """What one process has in memory. Raises OSError when it is gone."""
    sizes = {"Rss:": 0, "Pss:": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, *rest = line.split()
        if name in sizes:
            sizes[name] = int(rest[0]) * 1024
    return Memory(sizes["Rss:"], sizes["Pss:"])


def _all() -> Iterator[tuple[int, list[str]]]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                yield int(path.name), _fields(int(path.name))
            except OSError:
                continue


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
