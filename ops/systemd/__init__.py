"""The oracle as systemd's units: a watcher, workers of two kinds, and a target that stands for all.

The files beside this one are templates: @OPINION@ is the command, @ROOT@ the checkout, @WANTED@ the units of a host.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from ops.errors import OperatorError

TARGET = "opinion-oracle.target"
ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
# ProtectHome and PrivateTmp hide these from the services.
_HIDDEN = tuple(Path(folder) for folder in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"))  # noqa: S108 - names


def unit_files(command: Path, root: Path, chain: int, analysis: int) -> Mapping[str, str]:
    """Return each unit's text by its file name, for a host that runs so many workers of either kind."""
    wanted = [
        "opinion-oracle-watch.service",
        *(f"opinion-oracle-chain@{number}.service" for number in range(1, chain + 1)),
        *(f"opinion-oracle-analyse@{number}.service" for number in range(1, analysis + 1)),
    ]
    names = {"@OPINION@": str(command), "@ROOT@": str(root), "@WANTED@": " ".join(wanted)}
    files: dict[str, str] = {}
    for path in sorted((*_HERE.glob("*.service"), *_HERE.glob("*.target"))):
        text = path.read_text()
        for name, value in names.items():
            text = text.replace(name, value)
        files[path.name] = text
    return files


def write_units(folder: Path, chain: int, analysis: int) -> list[Path]:
    """Write the units for this installation into `folder` and return their paths.

    Raises OperatorError when the services could not see this installation, OSError when `folder` cannot be written.
    """
    command = Path(sys.executable).parent / "opinion"
    if hidden := [parent for parent in _HIDDEN if parent in command.parents]:
        raise OperatorError(
            f"{command} is under {hidden[0]}, which the services cannot see: install under /opt, and write them there."
        )
    return _write(folder, unit_files(command, ROOT, chain, analysis))


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return [folder / name for name in files]
