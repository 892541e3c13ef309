"""`opinion completion`: what a shell needs to complete commands, options and values."""

import os
from enum import StrEnum
from typing import Annotated

import typer

VARIABLE = "_OPINION_COMPLETE"
"""By it the shell's script asks this program what could follow."""


class Shell(StrEnum):
    """The shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="Which shell it is for.")]) -> None:
    """Print the script that lets a shell complete this program's commands, options and values.

    bash: opinion completion bash > ~/.local/share/bash-completion/completions/opinion

    zsh: opinion completion zsh > a folder of $fpath, as _opinion

    fish: opinion completion fish > ~/.config/fish/completions/opinion.fish
    """
    from typer.completion import get_completion_script  # pyright: ignore[reportPrivateImportUsage] - documented by --show-completion alone

    print(get_completion_script(prog_name="opinion", complete_var=VARIABLE, shell=shell.value))


def prepare() -> None:
    """Where a shell asks what could follow, know the shells; costs nothing otherwise."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # pyright: ignore[reportPrivateImportUsage] - else only with options that edit rc files

        completion_init()


def screens(incomplete: str) -> list[str]:
    """The console's screens that begin so."""
    from console.screens import ROOMS

    return _beginning((*ROOMS, "market"), incomplete)


def themes(incomplete: str) -> list[str]:
    """The console's themes that begin so."""
    from console.config import THEMES

    return _beginning(THEMES, incomplete)


def queues(incomplete: str) -> list[str]:
    """The oracle's queues that begin so."""
    from store.settlements import Queue

    return _beginning(tuple(Queue), incomplete)


def _beginning(words: tuple[str, ...], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
