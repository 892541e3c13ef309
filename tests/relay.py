"""A TCP relay in front of a server, which can be cut, shut and made silent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Relays to one loopback port. `shut` refuses new connections; `silent` takes bytes and passes none on."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self.shut = False
        self.silent = False
        self.port = 0
        self.connections = 0

    def cut(self) -> None:
        """End every connection without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        if self.shut:
            writer.transport.abort()
            return
        self.connections += 1
        with suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
            mine = {writer, there_writer}
            self._writers |= mine
            ways = [self._pass_on(reader, there_writer), self._pass_on(there_reader, writer)]
            await asyncio.gather(*ways)
            self._writers -= mine

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def relaying(target: int) -> AsyncGenerator[Relay]:
    """A relay to the loopback port, on a free one."""
    relay = Relay(target)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.shut = True
        relay.cut()
        await asyncio.sleep(0.05)
