"""Files of a person's own, for what only they should read."""

import os
from pathlib import Path

from ops.errors import OperatorError
from ops.person import is_locked_down


def write_new(name: str, text: str) -> Path:
    """Write a new file, mode 0600, and return its path; `~` is a home folder. Raises OperatorError where there is one
    already, it cannot be written, or the login is locked down to signing."""
    if is_locked_down():
        raise OperatorError("This login writes no files: copy what is shown, or ask an operator for the file.")
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise OperatorError(f"{name} cannot be written ({error}): give another name.") from None
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path
    except FileExistsError:
        raise OperatorError(f"{path} is there already: give another name.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise OperatorError(f"{path} cannot be written ({why}): give another name.") from None
