"""The folder in which `opinion up` keeps all that it knows, for one `opinion up` at a time."""

import fcntl
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OperatorError


@dataclass(frozen=True)
class State:
    """Where the parts keep what they know; absolute, since children may run elsewhere."""

    folder: Path

    @property
    def ledger(self) -> Path:
        """The localnet's."""
        return self.folder / "localnet"

    @property
    def valkey(self) -> Path:
        """The queues'."""
        return self.folder / "valkey"

    @property
    def database(self) -> Path:
        """The oracle's SQLite file."""
        return self.folder / "oracle.db"

    @property
    def texts(self) -> Path:
        """The opinions' texts."""
        return self.folder / "texts"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.folder / "logs"

    @property
    def environment(self) -> Path:
        """The settings of what runs, for a shell to read; there only while it runs."""
        return self.folder / "env"

    def log(self, name: str) -> Path:
        """The log of the process `name`."""
        return self.logs / f"{name}.log"


@contextmanager
def opened(folder: Path, *, reset: bool) -> Generator[State]:
    """Take the folder for as long as the context lasts; `reset` forgets everything in it but the localnet's keys.

    Raises OperatorError when another `opinion up` has it or it cannot be written.
    """
    state = State(folder.absolute())
    try:
        state.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (state.folder / "lock").open("a+")
    except OSError as error:
        raise OperatorError(f"{folder} cannot be used ({error.strerror}): name another folder by --state.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(
                f"Another 'opinion up' runs in {folder}: use that one, or give another folder by --state."
            ) from None
        if reset:
            _forget(state)
        for part in (state.valkey, state.texts):
            part.mkdir(exist_ok=True)
        yield state


def _forget(state: State) -> None:
    for part in (state.valkey, state.texts, *_contents(state.ledger), *state.folder.glob("oracle.db*")):
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def _contents(ledger: Path) -> list[Path]:
    return [path for path in ledger.glob("*") if path.name != "keys"]
