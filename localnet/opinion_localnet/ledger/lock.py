"""One process at a time may use a ledger."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from opinion_localnet.errors import LedgerError


class LedgerLock:
    """Holds DIR/lock for as long as the process lives; a crash releases it."""

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise LedgerError(
                f"The ledger {directory} is in use by process {holder or 'unknown'}; "
                "stop that one or give another --ledger."
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another process have the ledger."""
        os.close(self._file)
