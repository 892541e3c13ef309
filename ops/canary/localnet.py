"""The canary of a localnet: it prints its own money and lets its day pass at once."""

import tempfile
from pathlib import Path

from ops.canary.course import followed, teller
from ops.demo.market import DemoMarket
from ops.demo.stage import open_stage
from ops.demo.story import VOICES
from ops.errors import UsageError
from ops.localnet import read_keys
from oracle.councils import read_roster
from oracle.texts import texts_of
from settings import Network, Settings, endpoints


async def canary(
    settings: Settings, url: str | None, keys: Path, texts: Path, *, within: float, as_json_lines: bool
) -> bool:
    """Open a market on a localnet, let its day pass, and watch the oracle settle it; returns whether it verifies.

    `texts` is the block store that the workers read. Raises OperatorError when it is not settled `within` so many
    seconds, and what `chain` raises.
    """
    if settings.network is not Network.LOCALNET:
        raise UsageError(
            f"NETWORK is {settings.network}, where a canary takes a day and is paid for: give --wallets FOLDER, and "
            "once its day is over --follow MARKET."
        )
    say = teller(as_json_lines=as_json_lines)
    with tempfile.TemporaryDirectory(prefix="opinion-canary-") as folder:
        address = endpoints(settings, url)[0]
        council = read_roster(settings).settlement
        recorder = None if council is None else council.authority
        journal = Path(folder) / "journal.sqlite3"
        async with open_stage(settings.program, address, read_keys(keys), journal, recorder) as stage:
            market = DemoMarket(stage)
            await _keep_texts(texts)
            async for step in market.opening():
                say(step)
            return await followed(stage.rpc, stage.program, market.address, within, say)


async def _keep_texts(folder: Path) -> None:
    async with texts_of(folder) as texts:
        for voice in VOICES:
            await texts.keep(voice.text)
