"""Whom this process trusts over TLS: read once, since that takes tens of milliseconds, and shared by its forks."""

import ssl
from functools import cache

import httpx


@cache
def trust() -> ssl.SSLContext:
    """The certificates that httpx trusts by default, for every client of this process."""
    return httpx.create_ssl_context()
