"""A process that lives no longer than its parent, however that one ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


# Loaded before any fork: between fork and exec as little as possible should happen.
_LIBC = _libc()


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which forked it, ends; Linux only.

    Called in the child, right after the fork. It holds through exec. The kernel watches the thread that forked.
    """
    if _LIBC is None:
        return
    if _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent:
        # It ended before we asked, so nobody will tell.
        os.kill(os.getpid(), signal.SIGKILL)
