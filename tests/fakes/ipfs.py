"""An IPFS gateway and a Kubo node's RPC API on one port, over blocks in memory, which misbehave on purpose.

`python -m tests.fakes.ipfs --port 5001 --fault hang` serves until it is stopped; what is put there is lost with it.
"""

import argparse
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from enum import Enum
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from store.cid import Cid, CidUnreadable, Codec, parse_cid


class Fault(Enum):
    """What the server does instead of answering as it should."""

    NONE = "none"
    HANG = "hang"
    DRIP = "drip"
    ENDLESS = "endless"
    WRONG = "wrong"
    REDIRECT = "redirect"
    NOT_FOUND = "not-found"
    TOO_MANY = "too-many"
    ERROR = "error"
    TRUNCATED = "truncated"
    GZIP = "gzip"
    GARBAGE = "garbage"


@dataclass
class FakeIpfs:
    """What the server has and does, and what it was asked; change it while it runs."""

    fault: Fault = Fault.NONE
    blocks: dict[bytes, bytes] = field(default_factory=dict)
    pins: set[Cid] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)
    elsewhere: str = "http://127.0.0.1:9/"
    url: str = ""
    drip_s: float = 0.05
    closing: threading.Event = field(default_factory=threading.Event)

    def add(self, block: bytes, codec: Codec = Codec.RAW) -> Cid:
        """Have the block, as if the network did; returns its CID."""
        digest = sha256(block).digest()
        self.blocks[digest] = block
        return Cid(codec, digest)

    def calls(self, path: str) -> int:
        """How often `path` was asked for, whatever came below or after it."""
        return sum(path in asked for asked in self.asked)


@contextmanager
def fake_ipfs(port: int = 0, fault: Fault = Fault.NONE) -> Iterator[FakeIpfs]:
    """Serve on loopback; yields the state, whose `url` is both a gateway's and an RPC API's."""
    state = FakeIpfs(fault)
    server = _Server(("127.0.0.1", port), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    # A client that keeps its connection must not keep the server.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: that is what is tested."""


def _handler(state: FakeIpfs) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """A gateway: `/ipfs/CID?format=raw`."""
            self._note()
            parts = urlsplit(self.path)
            if not parts.path.startswith("/ipfs/") or parse_qs(parts.query).get("format") != ["raw"]:
                self._reply(400, b"only verifiable responses are supported")
            elif (cid := _cid(parts.path.removeprefix("/ipfs/"))) is None:
                self._reply(400, b"invalid cid")
            elif (block := state.blocks.get(cid.digest)) is None:
                self._reply(404, f"ipld: could not find {cid}".encode())
            else:
                self._reply(200, block, "application/vnd.ipld.raw")

        def do_POST(self) -> None:
            """A node: `/api/v0/block/get` and its like."""
            self._note()
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            cid = _cid(query.get("arg", ""))
            match parts.path:
                case "/api/v0/block/put":
                    cid = state.add(self._upload(body), Codec.RAW if query["cid-codec"] == "raw" else Codec.DAG_PB)
                    if query["pin"] == "true":
                        state.pins.add(cid)
                    self._json({"Key": str(cid), "Size": len(state.blocks[cid.digest])})
                case "/api/v0/block/get" if cid is not None:
                    if cid.digest in state.blocks:
                        self._reply(200, state.blocks[cid.digest], "application/octet-stream")
                    else:
                        # Kubo asks the network until its caller hangs up.
                        state.closing.wait()
                        self._refuse("context canceled")
                case "/api/v0/pin/add" if cid is not None and cid.digest in state.blocks:
                    state.pins.add(cid)
                    self._json({"Pins": [str(cid)]})
                case "/api/v0/pin/ls" if cid in state.pins:
                    self._json({"Keys": {str(cid): {"Type": "recursive", "Name": ""}}})
                case "/api/v0/pin/ls":
                    self._refuse(f"path '{cid}' is not pinned")
                case _:
                    self._reply(404, b"404 page not found")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing."""

        def _note(self) -> None:
            state.asked.append(f"{self.command} {self.path}")
            state.authorizations.append(self.headers.get("authorization"))
            state.cookies.append(self.headers.get("cookie"))

        def _upload(self, body: bytes) -> bytes:
            head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
            (part,) = message_from_bytes(head + body).get_payload()
            return part.get_payload(decode=True)

        def _json(self, answer: object) -> None:
            self._reply(200, json.dumps(answer).encode(), "application/json")

        def _refuse(self, message: str) -> None:
            answer = {"Message": message, "Code": 0, "Type": "error"}
            self._reply(500, json.dumps(answer).encode(), "application/json")

        def _reply(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            with suppress(OSError):
                self._answer(status, body, kind)

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            match state.fault:
                case Fault.NONE:
                    self._send(status, body, kind)
                case Fault.HANG:
                    state.closing.wait()
                    self.close_connection = True
                case Fault.DRIP:
                    self._head(200, len(body), kind)
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        if state.closing.wait(state.drip_s):
                            break
                    self.close_connection = True
                case Fault.ENDLESS:
                    self._head(200, None, kind)
                    while not state.closing.is_set():
                        self.wfile.write(bytes(65_536))
                case Fault.WRONG:
                    self._send(200, bytes(byte ^ 1 for byte in body), kind)
                case Fault.REDIRECT:
                    self._send(302, b"", kind, location=state.elsewhere)
                case Fault.NOT_FOUND:
                    self._send(404, b"not found", kind)
                case Fault.TOO_MANY:
                    self._send(429, b"slow down", kind, retry_after="30")
                case Fault.ERROR:
                    self._send(500, b"internal error", kind)
                case Fault.TRUNCATED:
                    self._head(200, len(body), kind)
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                case Fault.GZIP:
                    self._send(200, gzip.compress(body), kind, content_encoding="gzip")
                case Fault.GARBAGE:
                    self.wfile.write(b"\x00\xff not HTTP\r\n\r\n")
                    self.close_connection = True

        def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
            self._head(status, len(body), kind, **headers)
            self.wfile.write(body)

        def _head(self, status: int, length: int | None, kind: str, **headers: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("set-cookie", "follow=you")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            if length is None:
                self.send_header("connection", "close")
            else:
                self.send_header("content-length", str(length))
            self.end_headers()

    return Handler


def _cid(written: str) -> Cid | None:
    try:
        return parse_cid(written)
    except CidUnreadable:
        return None


def main() -> None:
    """Serve on the port that the command line names until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fault", type=Fault, choices=list(Fault), default=Fault.NONE)
    arguments = parser.parse_args()
    with fake_ipfs(arguments.port, arguments.fault) as state:
        print(state.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
