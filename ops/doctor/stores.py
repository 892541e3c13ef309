"""The database, Redis, and the disk under what is kept here."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from ops.doctor.finding import MOST_SKEW_S, Finding, Findings, note, ok, tried, wrong
from settings import Settings, shown
from store import by_hand, holds, migrations
from store.database import Database, missing_file
from store.errors import StoreError, WrongRevision

TIMEOUT_S = 5.0
LEAST_FREE = 1_000_000_000
"""Bytes."""


async def look_at_database(settings: Settings) -> Findings:
    """Its tables, and whether a hold is placed."""
    try:
        if (missing := missing_file(settings.database_url)) is not None:
            words = f"there is no database {missing}"
            yield wrong("database", words, "correct DATABASE_URL, or make one by 'opinion store migrate'")
            return
        async with Database(settings.database_url) as db:
            if (problem := await _problem(db)) is not None:
                yield problem
                return
            yield ok("database", f"{db.name}, revision {await migrations.revision(db)} of {migrations.HEAD}")
            yield judged_clock(await db.now() - datetime.now(UTC))
            held = await holds.current(db)
            if held is None:
                yield ok("hold", "none is placed")
            else:
                words = f"nothing acts since {held.placed_at:%Y-%m-%d %H:%M} UTC: {held.why} ({held.placed_by})"
                yield note("hold", words, "when its reason is gone, run 'opinion resume'")
    except OSError as error:
        yield wrong("database", f"it cannot be used ({error.strerror})", "check DATABASE_URL and the file's owner")


def judged_clock(ahead: timedelta) -> Finding:
    """What it means that the database's clock is so far ahead of this host's; leases and waits go by the database's."""
    seconds = round(ahead.total_seconds())
    if seconds == 0:
        return ok("database clock", "as this host's")
    words = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} this host's"
    if abs(seconds) <= MOST_SKEW_S:
        return ok("database clock", words)
    return wrong("database clock", words, "see that both hosts' time is kept (timedatectl)")


async def kept_genesis(settings: Settings) -> str | None:
    """Return which cluster the database is of; None where it keeps none, or cannot be asked (told by itself)."""
    if missing_file(settings.database_url) is not None:
        return None
    with suppress(StoreError, SQLAlchemyError, OSError):
        async with Database(settings.database_url) as db:
            return await by_hand.genesis_hash(db)
    return None


async def _problem(db: Database) -> Finding | None:
    """What keeps this version from working with it."""
    try:
        await migrations.check(db)
    except WrongRevision as error:
        words, _, remedy = str(error).partition(": ")
        return wrong("database", words, remedy)
    except StoreError as error:
        return wrong("database", str(error), "see that it runs, and check DATABASE_URL")
    return None


async def look_at_redis(settings: Settings) -> Findings:
    """Whether it answers, keeps what it is given, and throws nothing away."""
    async with Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
        settings.redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    ) as redis:
        address = settings.redis_url if settings.redis_url.startswith("unix:") else shown(settings.redis_url)
        remedy = f"start it at {address}, or correct REDIS_URL"
        asking = redis.info()  # pyright: ignore[reportUnknownMemberType] - as above
        info: Mapping[str, Any] | Finding = await tried("redis", asking, remedy)
    if isinstance(info, Finding):
        yield info
    else:
        yield judged_redis(info)


def judged_redis(info: Mapping[str, Any]) -> Finding:
    """What its INFO means for the queues."""
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction" and int(info.get("maxmemory", 0)):
        return wrong(
            "redis", f"it throws queued jobs away when it is full ({policy})", "set maxmemory-policy noeviction"
        )
    if info.get("aof_enabled") and info.get("aof_last_write_status", "ok") != "ok":
        return wrong("redis", "it cannot write its append-only file", "look at its disk and its log")
    version = f"version {info.get('valkey_version') or info.get('redis_version')}"
    if not info.get("aof_enabled"):
        return note("redis", f"{version}, forgets its queues when it ends; they are filled again from the database")
    return ok("redis", f"{version}, keeps its queues in an append-only file, evicts nothing")


async def look_at_disk(settings: Settings) -> Findings:
    """Room where texts and an SQLite file are, and whether texts can be written."""
    texts = settings.texts_path
    try:
        texts.mkdir(parents=True, exist_ok=True)
        probe = texts / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
        yield ok("texts", f"{texts} can be written")
        free = shutil.disk_usage(texts).free
    except OSError as error:
        yield wrong("texts", f"{texts} cannot be written ({error.strerror})", "check TEXTS_PATH and the folder's owner")
        return
    words = f"{free / 1e9:.1f} GB free under {texts}"
    yield wrong("disk", words, "make room: below 1 GB nothing is sure") if free < LEAST_FREE else ok("disk", words)
