"""Blocks on this host's disk, each under its own SHA-256.

No name from outside ever becomes a path: a block lies at `ab/abcdef…` by the hex of its digest. What is read back is
hashed again, so a file that rotted, was torn or was swapped is named as damaged and never handed out.
"""

import errno
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_LEFT_BEHIND_AFTER_S: Final = 3600.0
# Neither a symlink nor a pipe that someone put there is followed or waited for.
_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class BlockError(Exception):
    """The block store could not do what was asked; the sentence says what to do."""


class BlockDamaged(BlockError):  # noqa: N818 - named after what happened
    """A block's file does not hold the bytes that its digest names; another copy of the block heals it."""


class BlockStoreUnusable(BlockError):  # noqa: N818 - named after what happened
    """The folder cannot be read or written."""


class BlockStore:
    """Blocks of at most `limit` bytes in the folder `path`, which is made when the first one is kept.

    Safe for any number of processes at once: a block appears whole or not at all, and equal digests hold equal bytes.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit

    def get(self, digest: bytes) -> bytes | None:
        """Return the block whose SHA-256 is `digest`, None when there is none; raises BlockError."""
        file = self._file(digest)
        with _failures(self._path, "read"):
            try:
                data = self._read(file)
            except FileNotFoundError:
                return None
        if data is None or hashlib.sha256(data).digest() != digest:
            raise BlockDamaged(f"{file} does not hold the text it is named after: look at the disk, and keep it again.")
        return data

    def put(self, block: bytes) -> bytes:
        """Keep `block` on disk, in place of a damaged file too; returns its digest.

        Raises BlockStoreUnusable, and ValueError for a block over the limit.
        """
        if len(block) > self._limit:
            raise ValueError(f"A block has at most {self._limit} bytes, not {len(block)}.")
        digest = hashlib.sha256(block).digest()
        with suppress(BlockDamaged):
            if self.get(digest) is not None:
                return digest
        with _failures(self._path, "write"):
            self._write(self._file(digest), block)
        return digest

    def sweep(self) -> int:
        """Remove what writers that died left behind over an hour ago; returns how many files. Raises BlockError."""
        oldest = time.time() - _LEFT_BEHIND_AFTER_S
        removed = 0
        with _failures(self._path, "clean"):
            for file in self._new.iterdir() if self._new.exists() else ():
                # Another process may be sweeping too.
                with suppress(FileNotFoundError):
                    if file.lstat().st_mtime < oldest:
                        file.unlink()
                        removed += 1
        return removed

    @property
    def _new(self) -> Path:
        return self._path / "new"

    def _file(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._path / name[:2] / name

    def _read(self, file: Path) -> bytes | None:
        """The file's bytes; None when it cannot be a block of ours."""
        try:
            descriptor = os.open(file, _READ_FLAGS)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None
            raise
        with open(descriptor, "rb") as opened:  # noqa: PTH123 - an open descriptor, not a path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = opened.read(self._limit + 1)
        return data if len(data) <= self._limit else None

    def _write(self, file: Path, block: bytes) -> None:
        for folder in (self._new, file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._new)
        try:
            with open(descriptor, "wb") as opened:  # noqa: PTH123 - an open descriptor, not a path
                opened.write(block)
                opened.flush()
                # Texts are public: another user of this host, such as the web server's, may read them.
                os.fchmod(descriptor, 0o644)
                os.fsync(descriptor)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        # The file's name, and its folder's, must outlive a power cut as its bytes do.
        for folder in (file.parent, self._path):
            _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _failures(path: Path, act: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BlockStoreUnusable(
            f"Cannot {act} the texts in {path}: {reason}; check the disk and its rights."
        ) from error
