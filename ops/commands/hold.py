"""`opinion hold` and `opinion resume`: stop the whole oracle before its next act, and let it go on."""

from typing import Annotated

import typer

from ops.commands._run import run

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def hold(
    why: Annotated[str, typer.Argument(help="Why, for whoever comes next.")],
    json: JsonFlag = False,
) -> None:
    """Stop every act of the oracle, at once and on every host.

    Nothing is signed or sent any more until `opinion resume`; what is on its way on the chain goes on.
    """
    from ops.explanation import plain, utc
    from ops.person import person
    from ops.report import say
    from ops.settlements import hold as place
    from ops.settlements import opened, uncaptured
    from settings import read_settings

    async def act() -> None:
        who = person()
        async with opened(read_settings()) as db:
            placed = await place(db, why, who)
            waiting = await uncaptured(db)
        words = f"The oracle is held since {utc(placed.placed_at)} by {placed.placed_by} ({plain(placed.why)})."
        if (placed.why, placed.placed_by) != (why, who):
            words += " It was held already: yours is kept beside it, and `opinion resume` lifts both."
        if waiting:
            words += (
                f" {waiting} requested slot hashes are not captured yet: each can be for about three minutes, "
                "and one that lapses twice costs its bond."
            )
        report = {"held": True, "since": placed.placed_at.isoformat(), "by": placed.placed_by, "why": placed.why}
        report |= {"uncaptured": waiting}
        say(words, report, as_json=json)

    run(act())


def resume(json: JsonFlag = False) -> None:
    """Lift every hold: the oracle goes on where it stopped."""
    from ops.person import person
    from ops.report import say
    from ops.settlements import opened
    from ops.settlements import resume as lift
    from settings import read_settings

    async def act() -> None:
        async with opened(read_settings()) as db:
            lifted = await lift(db, person())
        words = "The oracle goes on." if lifted else "No hold was placed: the oracle was not stopped by one."
        say(words, {"held": False, "lifted": lifted}, as_json=json)

    run(act())
