"""`opinion console`: the screens, for whoever watches and acts."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands.completion import screens, themes


def console(
    screen: Annotated[
        str, typer.Option(help="The screen to begin with, such as alerts or market.", autocompletion=screens)
    ] = "overview",
    filter_: Annotated[str, typer.Option("--filter", help="What to show of it; a market's address for market.")] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="Without any action that changes something.")] = False,
    role: Annotated[
        str | None, typer.Option(help="viewer, operator or signer, of those that are yours; on a localnet any.")
    ] = None,
    theme: Annotated[str | None, typer.Option(help="dark, light or plain.", autocompletion=themes)] = None,
    config: Annotated[
        Path | None, typer.Option(help="Theme and keys; ~/.config/opinion/console.toml if not said.")
    ] = None,
    mouse: Annotated[bool, typer.Option(help="Take the mouse's clicks.")] = True,
    record: Annotated[Path | None, typer.Option(help="Keep all that is shown in this new file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Show such a file, in place of what is now.")] = None,
    web: Annotated[
        bool, typer.Option("--web", help="To browsers on this machine, read-only; prints the address.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port of --web; 0 takes a free one.")] = 8480,
) -> None:
    """Watch markets, queues and alerts, and act on them, in a terminal of 60x16 or more."""
    from console.run import Options, run
    from settings import read_settings

    if record is not None and replay is not None:
        raise typer.BadParameter("--record and --replay exclude each other")
    options = Options(
        screen=screen, words=filter_, read_only=read_only, role=role, theme=theme, config=config, mouse=mouse,
        record=record, replay=replay,
    )  # fmt: skip
    if web:
        if record is not None:
            raise typer.BadParameter("--record and --web exclude each other")
        from console.browser.serve import serve
        from ops.commands._run import run as run_until_signal

        run_until_signal(serve(read_settings(), options, port))
        return
    code = run(read_settings(), options)
    if code:
        raise typer.Exit(code)
