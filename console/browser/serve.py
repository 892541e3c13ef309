"""Serve the console to browsers on this machine: each tab is a console of its own, read-only, that ends with it."""

import asyncio
import html
import shlex
import socket
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.server import Server

from console.browser.door import add_headers, guard, new_secret
from console.config import default_path, read_config
from console.errors import ConsoleError
from console.run import Options, check
from settings import Settings

HOST = "127.0.0.1"
MOST_TABS = 8
"""Each is a process of some 100 MB."""
_ENDING_S = 5.0


class Page(Server):
    """textual-serve, without its own page, which fetches a font from elsewhere, and without its log of variables."""

    def __init__(self, command: str, network: str) -> None:
        super().__init__(command, host=HOST)  # pyright: ignore[reportUnknownMemberType] - PathLike of anything
        self._network = network
        self._page = Template((files("console.browser") / "page.html").read_text())
        self._tabs: set[asyncio.Task[object]] = set()

    def routes(self) -> web.Application:
        """Return what stands behind the secret."""
        app = web.Application()
        # The fonts and scripts of the package, and nothing else of the disk.
        app.add_routes([web.get("/", self.page), web.get("/ws", self.tab), web.static("/static", self.statics_path)])
        app.on_shutdown.append(self.close_tabs)
        return app

    async def page(self, request: web.Request) -> web.Response:
        """The page, whose socket is under the address that the browser came by."""
        named = {"host": request.host, "path": request.path.rstrip("/"), "network": self._network}
        text = self._page.substitute({name: html.escape(value) for name, value in named.items()})
        return web.Response(text=text, content_type="text/html")

    async def tab(self, request: web.Request) -> web.WebSocketResponse:
        """One tab, until it is closed."""
        if len(self._tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_TABS} tabs are open already: close one")
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs in a task
        self._tabs.add(task)
        try:
            return await self.handle_websocket(request)
        finally:
            self._tabs.discard(task)

    async def close_tabs(self, _: web.Application) -> None:
        """End every tab's console, and wait for that."""
        for task in self._tabs:
            task.cancel()
        if self._tabs:
            await asyncio.wait(tuple(self._tabs), timeout=_ENDING_S)


async def serve(settings: Settings, options: Options, port: int) -> None:
    """Serve until cancelled, on loopback alone. Raises ConsoleError where the port is taken, or an option is wrong."""
    check(options)
    read_config(options.config or default_path())
    secret = new_secret()
    app = web.Application(middlewares=[guard])
    app.on_response_prepare.append(add_headers)
    app.add_subapp(f"/{secret}", Page(command(options), settings.network.value).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_ENDING_S)
    await runner.setup()
    try:
        bound = _bound(port)
        await web.SockSite(runner, bound).start()
        print(f"http://{HOST}:{bound.getsockname()[1]}/{secret}/", flush=True)
        print(
            "opinion: Open it in a browser on this machine; whoever has it can look. Ctrl-C ends it.", file=sys.stderr
        )
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def command(options: Options) -> str:
    """Return the shell's line for one tab: what settings hold goes by the environment, where `ps` does not show it."""
    words = [str(Path(sys.executable).with_name("opinion")), "console", "--read-only", "--screen", options.screen]
    if options.words:
        words += ["--filter", options.words]
    if options.theme is not None:
        words += ["--theme", options.theme]
    for name, path in (("--config", options.config), ("--replay", options.replay)):
        if path is not None:
            words += [name, str(path.absolute())]
    return f"exec {shlex.join(words)}"


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise ConsoleError(
            f"port {port} of {HOST} cannot be used ({error.strerror}): say another with --port"
        ) from None
    return listener
