"""`opinion console`: the screens, for whoever watches and acts."""

from pathlib import Path
from typing import Annotated

import typer


def console(
    screen: Annotated[str, typer.Option(help="The screen to begin with, such as alerts or market.")] = "overview",
    filter_: Annotated[str, typer.Option("--filter", help="What to show of it; a market's address for market.")] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="Without any action that changes something.")] = False,
    theme: Annotated[str | None, typer.Option(help="dark, light or plain.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Theme and keys; ~/.config/opinion/console.toml if not said.")
    ] = None,
    mouse: Annotated[bool, typer.Option(help="Take the mouse's clicks.")] = True,
) -> None:
    """Watch markets, queues and alerts, and act on them, in a terminal of 60x16 or more."""
    from console.run import Options, run
    from settings import read_settings

    options = Options(screen=screen, words=filter_, read_only=read_only, theme=theme, config=config, mouse=mouse)
    code = run(read_settings(), options)
    if code:
        raise typer.Exit(code)
