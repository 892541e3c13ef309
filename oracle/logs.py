"""What the oracle writes down while it works: lines for people on a terminal, JSON for everything else.

Whatever is bound by `structlog.contextvars.bound_contextvars(market=…, phase=…)` is on every line, also on those of
libraries. Tracebacks have no locals, and no line has a secret of the settings in it.
"""

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO
from urllib.parse import parse_qsl, urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from settings import Settings, shown

OURS = ("chain", "store", "oracle", "monitoring", "ops")
_HIDDEN = "…"
# Shorter ones would hide words that are no secrets.
_SHORTEST_SECRET = 6
_SHORTEST_KEY_IN_A_PATH = 16
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream`, stderr where left out; calling it again replaces the former."""
    output = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(output)
    handler.setFormatter(_formatter(output, secrets_of(settings)))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # What libraries say below a warning is not for operators; httpx would print whole addresses.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def secrets_of(settings: Settings) -> Mapping[str, str]:
    """Return what no line may hold, and what stands there instead: the key, and what addresses have of keys."""
    found: dict[str, str] = {}
    if settings.anthropic_api_key is not None:
        found[settings.anthropic_api_key.get_secret_value()] = _HIDDEN
    addresses = (
        *settings.solana_rpc_url,
        *settings.ws_urls,
        *settings.ipfs_apis,
        *settings.ipfs_gateways,
        *((settings.anthropic_base_url,) if settings.anthropic_base_url else ()),
        settings.redis_url,
        settings.database_url,
    )
    for address in addresses:
        parts = urlsplit(address)
        if not parts.hostname:
            # A file or a socket of this machine.
            continue
        if address.rstrip("/") != shown(address):
            found[address] = shown(address)
        keys = [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
        found |= {key: _HIDDEN for key in keys if len(key) >= _SHORTEST_SECRET}
        found |= {part: _HIDDEN for part in parts.path.split("/") if len(part) >= _SHORTEST_KEY_IN_A_PATH}
    # The longest first: a whole address is told better than its remains.
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _formatter(output: TextIO, secrets: Mapping[str, str]) -> logging.Formatter:
    terminal = output.isatty()
    shape: list[Processor] = (
        [_console(colors="NO_COLOR" not in os.environ)]
        if terminal
        else [structlog.processors.format_exc_info, _Json(journal=_is_journal(output))]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_common()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shape, _Redact(secrets)],
    )


def _console(*, colors: bool) -> Processor:
    # The default formatter would show the locals of every frame, keys among them.
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _common() -> Iterable[Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )


def _is_journal(output: TextIO) -> bool:
    """Whether `output` goes straight to journald, as systemd's $JOURNAL_STREAM (device:inode) tells."""
    try:
        about = os.fstat(output.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


class _Json:
    """One JSON object a line; for journald its priority stands before it, so that `journalctl -p` works."""

    def __init__(self, *, journal: bool) -> None:
        self._journal = journal
        self._render = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        level = str(event.get("level", "info"))
        prefix = f"<{_PRIORITIES.get(level, 6)}>" if self._journal else ""
        # Renamed only here: structlog wants the words under its own name until then.
        named: dict[str, Any] = {"time": event.pop("timestamp", None), "message": event.pop("event", ""), **event}
        rendered = self._render(logger, name, named)
        return prefix + (rendered if isinstance(rendered, str) else rendered.decode())


class _Redact:
    """Takes the secrets out of the finished line, tracebacks included."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def __call__(self, _: WrappedLogger, __: str, line: Any) -> Any:
        for secret, instead in self._secrets.items():
            line = line.replace(secret, instead)
        return line
