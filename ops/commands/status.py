"""`opinion status`: the overview for those without a screen, and for scripts."""

from typing import Annotated

import typer

from ops.commands._run import run

WATCH_S = 10.0
NEEDS_A_PERSON, UNKNOWN = 1, 4


def status(
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again every 10 s, as plain lines, until Ctrl-C.")] = False,
) -> None:
    """Say how everything is, what needs a person first.

    Exit code 0 when nothing needs a person, 1 when something does, 4 when database or chain could not be asked.
    """
    if code := run(_status(as_json=json, watch=watch)):
        raise typer.Exit(code)


async def _status(*, as_json: bool, watch: bool) -> int:
    import asyncio

    from ops.report import say
    from ops.status import Reader, is_unknown, needs_a_person
    from ops.status_words import lines, report
    from ops.terminal import columns, paragraphs
    from settings import read_settings

    async with Reader(read_settings()) as reader:
        while True:
            seen = await reader.read()
            text = "\n".join(paragraphs([line], columns(), rest=" " * 13) for line in lines(seen))
            say(text, report(seen), as_json=as_json)
            if not watch:
                return UNKNOWN if is_unknown(seen) else NEEDS_A_PERSON if needs_a_person(seen) else 0
            print(flush=True)
            await asyncio.sleep(WATCH_S)
