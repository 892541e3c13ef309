"""An RPC node that relays a real one and lies about single accounts."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Lie = Callable[[str, bytes], bytes]


@contextmanager
def lying_node(truth: str, lie: Lie, simulated: Callable[[dict[str, Any]], None] | None = None) -> Iterator[str]:
    """Serve on loopback what `truth` answers, each account's data through `lie(address, data)`; yields the URL.

    `simulated` is given what a simulation says, to change it.
    """

    class Relay(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = json.loads(body)
            answer = httpx.post(truth, json=request, timeout=30).json()
            if request["method"] == "getMultipleAccounts":
                for address, account in zip(request["params"][0], answer["result"]["value"], strict=True):
                    if account is not None:
                        _change(account, lambda data, address=address: lie(address, data))
            if request["method"] == "simulateTransaction" and simulated is not None:
                simulated(answer["result"]["value"])
            reply = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

    with _serving(Relay) as url:
        yield url


@contextmanager
def answering(body: str) -> Iterator[str]:
    """Serve on loopback what answers this to everything; yields the URL."""

    class Same(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

    with _serving(Same) as url:
        yield url


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _change(account: dict[str, Any], lie: Callable[[bytes], bytes]) -> None:
    data, encoding = account["data"]
    assert encoding == "base64"
    account["data"] = [base64.b64encode(lie(base64.b64decode(data))).decode(), encoding]
