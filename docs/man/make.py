"""Writes the man page from the commands themselves: `make man`. tests/test_manual.py fails while the two differ."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from ops.commands import app
from settings import Settings

HERE = Path(__file__).resolve().parent
PAGE = HERE / "opinion.1"
EXITS = (
    ("0", "done; of status: nothing needs a person"),
    ("1", "failed, one sentence on stderr says why; of status: something needs a person"),
    ("2", "wrong usage"),
    ("3", "a verification found something wrong"),
    ("4", "of status: the database or every RPC node could not be asked"),
    ("130, 128 + n", "interrupted, ended by signal n"),
)
FILES = (
    (".env.NETWORK", "settings of a network, looked for in the working directory after the environment"),
    ("~/.config/opinion/console.toml", "theme and keys of the console"),
    ("~/.local/state/opinion/", "reports of the console's own faults"),
)


def page() -> str:
    """Return the page as roff."""
    version = tomllib.loads((HERE.parent.parent / "pyproject.toml").read_text())["project"]["version"]
    root: Any = get_command(app)
    lines = [
        f'.TH OPINION 1 "" "Opinion Markets {version}" "Opinion Markets"',
        ".SH NAME",
        "opinion \\- run Opinion Markets on Solana",
        ".SH SYNOPSIS",
        ".B opinion",
        ".I command",
        "[options]",
        ".SH DESCRIPTION",
        *_paragraphs(root.help),
        "Data goes to stdout, talk to stderr.",
        ".SH COMMANDS",
        *(line for name, command in root.commands.items() for line in _command(f"opinion {name}", command)),
        ".SH EXIT STATUS",
        *_listed(EXITS),
        ".SH ENVIRONMENT",
        *_listed((name.upper(), field.description or "") for name, field in Settings.model_fields.items()),
        ".SH FILES",
        *_listed(FILES),
    ]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    if command.hidden:
        return
    if children := getattr(command, "commands", None):
        for child, its in children.items():
            yield from _command(f"{name} {child}", its)
        return
    options = [param for param in command.params if param.param_type_name == "option"]
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    usage = " ".join(_argument(param) for param in arguments)
    yield f".SS {_roff(name)} {_roff(usage)}".rstrip()
    yield from _paragraphs(command.help)
    yield from _listed((_argument(param), param.help or "") for param in arguments)
    yield from _listed((_option(param), _explained(param)) for param in options)


def _argument(param: Any) -> str:
    name = param.name.upper() + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _option(param: Any) -> str:
    names = ", ".join((*param.opts, *param.secondary_opts))
    return names if param.is_flag else f"{names} {param.name.rstrip('_').upper()}"


def _explained(param: Any) -> str:
    default = param.default
    shown = default is not None and not param.is_flag and default != "" and not callable(default)
    return f"{param.help or ''} Default: {default}." if shown else param.help or ""


def _paragraphs(words: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", words.strip()):
        yield ".PP"
        yield _roff(" ".join(paragraph.split()))


def _listed(rows: Any) -> Iterator[str]:
    for name, words in rows:
        yield ".TP"
        yield f"\\fB{_roff(name)}\\fR"
        yield _roff(words)


def _roff(words: str) -> str:
    """As roff takes it: a hyphen that can be copied, and no line that is a request."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(page())
