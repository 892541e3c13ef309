"""Who may ask for the page: a browser on this machine that was given its address, and no other site's script.

A page on the web can make a browser ask loopback: by a WebSocket, which asks nobody's leave, or under a name of its own
that it lets point to 127.0.0.1 (DNS rebinding). The first is told by Origin, the second by Host. Other users of this
machine can connect too: the secret in the path keeps them out.
"""

import secrets
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Nothing from elsewhere, and in nobody's frame. xterm.js writes its own style elements.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def new_secret() -> str:
    """Return what stands in the path of one run's address."""
    return secrets.token_urlsafe(24)


def refusal(host: str, origin: str | None, *, socket: bool) -> str | None:
    """Return why a request with these headers is refused, or None. `host` may name any port: SSH forwards from one."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in LOOPBACK:
        return "this page is for browsers on its own machine: open the address that opinion console printed"
    if origin is None:
        return "a socket is for the page alone" if socket else None
    return None if origin == f"http://{host}" else "another site's page asks for this one"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what is not this machine's own page (403)."""
    socket = request.headers.get("Upgrade", "").lower() == "websocket"
    why = refusal(request.host, request.headers.get("Origin"), socket=socket)
    if why is not None:
        raise web.HTTPForbidden(text=why)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Say to the browser what the page may load, and that it keeps and tells nothing of it."""
    response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
