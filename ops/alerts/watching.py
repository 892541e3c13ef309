"""Asks every Prometheus and Alertmanager of the settings."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from monitoring.clients.alertmanager import Alertmanager
from monitoring.clients.prometheus import Prometheus, Series
from monitoring.clients.server import Merged
from ops.alerts.history import POINTS, History, history_of, span_of, watched
from ops.alerts.seen import AlertsSeen, Readings, ShownAlert, assemble
from ops.errors import OperatorError
from settings import Settings

TIMEOUT_S = 4.0
"""What one server may take for one answer."""


class Watch:
    """Clients of all servers that the settings name; opened by `async with`."""

    def __init__(self, settings: Settings) -> None:
        self._prometheus = Prometheus(settings.prometheus_urls, TIMEOUT_S) if settings.prometheus_urls else None
        urls = settings.alertmanager_urls
        self._alertmanager = Alertmanager(urls, TIMEOUT_S) if urls else None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for client in (self._prometheus, self._alertmanager):
            if client is not None:
                await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def alertmanager(self) -> Alertmanager:
        """What silences. Raises OperatorError where none is configured."""
        if self._alertmanager is None:
            raise OperatorError("No Alertmanager is configured: set ALERTMANAGER_URLS.")
        return self._alertmanager

    async def read(self) -> AlertsSeen:
        """Ask them all at the same time. Raises nothing: what does not answer is told in the answer."""
        prometheus, alertmanager = self._prometheus, self._alertmanager
        rules, alerts, silences = await asyncio.gather(
            _nothing() if prometheus is None else prometheus.rules(),
            _nothing() if alertmanager is None else alertmanager.alerts(),
            _nothing() if alertmanager is None else alertmanager.silences(),
        )
        return assemble(Readings(at=datetime.now(UTC), rules=rules, alerts=alerts, silences=silences))

    async def fired(self, start: datetime, end: datetime, step: timedelta) -> Merged[tuple[Series, ...]] | None:
        """Return what fired when, each `step`; None where no Prometheus is configured. Raises nothing, as `read`."""
        if self._prometheus is None:
            return None
        return await self._prometheus.range('ALERTS{alertstate="firing"}', start, end, step)

    async def history(self, alert: ShownAlert) -> History:
        """Return the values of what the alert's rule watches. Raises OperatorError where they cannot be had."""
        if self._prometheus is None:
            raise OperatorError("No Prometheus is configured: set PROMETHEUS_URLS.")
        if alert.expression is None:
            raise OperatorError("Prometheus does not know the alert's rule: it came from elsewhere.")
        now = datetime.now(UTC)
        span = span_of(alert.since, now)
        expression, threshold = watched(alert.expression)
        found = await self._prometheus.range(expression, now - span, now, span / POINTS)
        if not found.answered:
            raise OperatorError("; ".join(f"{one.server} {one.why}" for one in found.reach))
        return history_of(alert.labels, found.value, now - span, span / POINTS, threshold)


async def _nothing() -> None:
    return None
