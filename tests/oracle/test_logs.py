"""A line of the log says which market and phase it is about, and never a secret."""

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from oracle.logs import configure
from settings import Settings

LONG = "abcdefabcdefabcdef"
SECRETS = {
    "ANTHROPIC_API_KEY": "sk-hush",
    "SOLANA_RPC_URL": f"https://rpc.example/v2/{LONG}/?api-key=hushhush",
    "DATABASE_URL": "postgresql://opinion:hushpass@db/opinion",
    "REDIS_URL": "redis://:hushredis@cache/0",
    "IPFS_APIS": "https://user:hushipfs@kubo",
    "ANTHROPIC_BASE_URL": "https://user:hushproxy@proxy",
}


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return Settings()  # type: ignore[call-arg]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_json_and_says_what_it_is_about(settings: Settings) -> None:
    configure(settings, stream := io.StringIO())

    with bound_contextvars(market="M", phase="draw"):
        structlog.stdlib.get_logger("oracle.settlement").info("went on", slot=7)
        logging.getLogger("rq.worker").error("failed %s", "twice")
    structlog.stdlib.get_logger("oracle.settlement").info("after")
    ours, theirs, after = lines(stream)

    assert (ours["message"], ours["slot"], ours["level"]) == ("went on", 7, "info")
    assert (ours["market"], ours["phase"]) == (theirs["market"], theirs["phase"]) == ("M", "draw")
    assert (theirs["message"], theirs["logger"]) == ("failed twice", "rq.worker")
    assert ours["time"].endswith("Z")
    assert "market" not in after


def test_libraries_are_heard_from_warnings_on(settings: Settings) -> None:
    configure(settings, stream := io.StringIO())

    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("oracle.jobs").debug("detail")
    logging.getLogger("oracle.jobs").info("said")

    assert [line["message"] for line in lines(stream)] == ["said"]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_no_secret_is_in_a_line_or_a_traceback(settings: Settings, stream: io.StringIO) -> None:
    configure(settings, stream)
    log = structlog.stdlib.get_logger("oracle.analysis")

    def fails() -> None:
        local = "only" + "inlocals"
        raise ValueError(f"{len(local)} {' '.join(SECRETS.values())} hushhush hushpass hushredis")

    log.info("at %s", SECRETS["SOLANA_RPC_URL"], key=SECRETS["ANTHROPIC_API_KEY"], url=SECRETS["DATABASE_URL"])
    try:
        fails()
    except ValueError:
        log.exception("failed")
        logging.getLogger("other").exception("failed too")
    written = stream.getvalue()

    assert "Traceback" in written
    assert "https://rpc.example" in written, "the host may be told"
    for secret in (*SECRETS.values(), LONG, "hushhush", "hushpass", "hushredis", "hushipfs", "hushproxy"):
        assert secret not in written
    assert "onlyinlocals" not in written


def test_text_with_line_ends_stays_in_one_line(settings: Settings) -> None:
    configure(settings, stream := io.StringIO())

    structlog.stdlib.get_logger("oracle").info("read", text='}\n{"level": "error"}\r\x1b[2J')

    assert len(lines(stream)) == 1


def test_journald_is_told_the_priority(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        about = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{about.st_dev}:{about.st_ino}")
        configure(settings, stream)
        structlog.stdlib.get_logger("oracle").warning("careful")
        structlog.stdlib.get_logger("oracle").info("well")
        stream.seek(0)
        written = stream.read().splitlines()

    assert [line[:3] for line in written] == ["<4>", "<6>"]
    assert json.loads(written[0][3:])["message"] == "careful"


def test_a_terminal_shows_words_and_colours_only_where_wanted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    configure(settings, coloured := Terminal())
    structlog.stdlib.get_logger("oracle").info("went on", market="M")
    monkeypatch.setenv("NO_COLOR", "1")
    configure(settings, plain := Terminal())
    structlog.stdlib.get_logger("oracle").info("went on", market="M")

    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "went on" in plain.getvalue()
    assert "market=M" in plain.getvalue()
