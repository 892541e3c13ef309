"""What is measured of one program at its terminal."""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.console.load import CURSOR, MARK, SOAKED, WARM, WARM_S
from benchmarks.console.terminal import Counter, counted
from benchmarks.stand.processes import cpu_seconds, memory_of

PATIENCE_S = 90.0
SETTLE_S = 4.0
STALL_S = 10.0
GONE_S = 6.0
_MB = 1_000_000
_HOME = b"\x1b[1;1H"
"""Where a frame begins; what the driver sends before it moves no cursor."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A program: `module` with `arguments`. `mark` is on its screen once there is something to see.

    What is to happen while it runs is told to `happening`, where there is one, else to the program by more words.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    mark: str = MARK
    happening: Callable[[Sequence[str]], AbstractContextManager[None]] | None = None

    def command(self, *load: str) -> list[str]:
        """Return what python is to run."""
        return [self.module, *self.arguments, *(load if self.happening is None else ())]


def table_of(name: str, module: str, rows: int) -> Subject:
    """Return one of the two tables."""
    return Subject(name, module, ("--rows", str(rows)))


def command_line(*words: str) -> float:
    """Return the seconds that `opinion` takes for these words: the least of three."""
    took: list[float] = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([Path(sys.executable).with_name("opinion"), *words], stdout=subprocess.DEVNULL, check=False)
        took.append(time.monotonic() - began)
    return min(took)


def first_paint(subject: Subject) -> tuple[float, float]:
    """Return the seconds from its start to the first frame, and to the first row on the screen: the least of three."""
    frames: list[float] = []
    rows: list[float] = []
    for _ in range(3):
        with counted(_probed(os.devnull, subject.command())) as counter:
            frames.append(counter.until(lambda seen: _HOME in seen, PATIENCE_S))
            rows.append(frames[-1] + counter.until(lambda seen: subject.mark.encode() in seen, PATIENCE_S))
    return min(frames), min(rows)


def idle(subject: Subject, seconds: float) -> tuple[float, float]:
    """Return bytes a second with a clock showing, and resident MB."""
    with _shown(subject, "--clock") as (counter, _):
        return counter.count(seconds) / seconds, memory_of(counter.pid).rss / _MB


def cells(subject: Subject, rate: int, seconds: float) -> tuple[float, float]:
    """Return bytes a second, and the percentage of a core, while so many shown cells change each second."""
    with _shown(subject, "--cells", str(rate)) as (counter, _):
        before = cpu_seconds(counter.pid)
        sent = counter.count(seconds)
        return sent / seconds, (cpu_seconds(counter.pid) - before) / seconds * 100


def keys(subject: Subject, changes: int, presses: int) -> tuple[float, float]:
    """Return the median and the 95th percentile of the milliseconds from a key to the first bytes that answer it,
    which are known by the cursor's colour, while rows change. Half the presses scroll."""
    red, green, blue = (int(CURSOR[place : place + 2], 16) for place in (1, 3, 5))
    answer = f"48;2;{red};{green};{blue}".encode()
    chance = random.Random(7)
    took: list[float] = []
    with _shown(subject, "--changes", str(changes)) as (counter, _):
        for number in range(presses):
            counter.count(chance.uniform(0.05, 0.25))
            counter.press("j" if number % 100 < 60 else "k")
            took.append(counter.until(lambda seen: answer in seen, PATIENCE_S) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def stall(subject: Subject) -> float:
    """Return the longest delay of its event loop, in ms, while the terminal reads nothing for ten seconds and two
    hundred shown cells change in each. Keys are typed too, so that any program has something to paint."""
    with _shown(subject, "--cells", "200") as (counter, log):
        began = time.monotonic()
        while time.monotonic() - began < STALL_S:
            counter.press("j")
            time.sleep(0.1)
        ended = time.monotonic()
        # A loop that hung notes it only once it goes on.
        counter.count(3.0)
        return max(_delays(log, began, ended)) * 1000


def gone(subject: Subject) -> float:
    """Return the seconds from the terminal's end to the process's; infinite where it lives on."""
    with _shown(subject, "--changes", "10") as (counter, _):
        counter.hang_up()
        took = counter.ended_within(GONE_S)
        return float("inf") if took is None else took


def soak(subject: Subject, updates: int, bindings: int) -> float:
    """Return by how many MB it grows over so many updates and refreshes of the bindings, after a tenth as many."""
    load = ("--updates", str(updates), "--bindings", str(bindings))
    with counted(_probed(os.devnull, subject.command(*load))) as counter:
        counter.until(lambda seen: WARM.encode() in seen, 10 * PATIENCE_S)
        counter.count(WARM_S / 2)
        before = memory_of(counter.pid).rss
        counter.until(lambda seen: SOAKED.encode() in seen, 20 * PATIENCE_S)
        counter.count(WARM_S / 2)
        return (memory_of(counter.pid).rss - before) / _MB


@contextmanager
def _shown(subject: Subject, *load: str) -> Generator[tuple[Counter, Path]]:
    """The program with its first screen painted and settled, and the log of its loop's delays."""
    with tempfile.TemporaryDirectory(prefix="opinion-bench-") as folder:
        log = Path(folder) / "delays"
        log.touch()
        happening = nullcontext() if subject.happening is None else subject.happening(load)
        with happening, counted(_probed(str(log), subject.command(*load))) as counter:
            counter.until(lambda seen: subject.mark.encode() in seen, PATIENCE_S)
            counter.count(SETTLE_S)
            yield counter, log


def _probed(log: str, command: list[str]) -> list[str]:
    return ["-m", "benchmarks.console.probe", log, *command]


def _delays(log: Path, began: float, ended: float) -> list[float]:
    """The delays noted in that time, and the first after it, for a loop that hung until then."""
    noted = [(float(at), float(delay)) for at, delay in (line.split() for line in log.read_text().splitlines())]
    during = [delay for at, delay in noted if began <= at <= ended]
    after = next((delay for at, delay in noted if at > ended), ended - began)
    return [*during, after]
