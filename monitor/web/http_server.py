"""The web server as a process: listens, keeps the roll-ups up to date, ends when told.

It runs beside the measuring process, not inside it, so that no visitor can disturb the
probes' timing.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from aiohttp import web

from monitor.clock import Clock
from monitor.config import Config, Web
from monitor.errors import MonitorError, ServiceError
from monitor.heap import share_heaps
from monitor.reason import phrase
from monitor.store import Store
from monitor.store.instants import phase_us
from monitor.store.rollups import Rollups
from monitor.web.app import make_app
from monitor.web.lock.attempts import network
from monitor.web.lock.visitors import MOST_OF_ONE, is_proxy

_log = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 200
IDLE_S: Final = 15.0
"""A connection without a whole request for so long is closed."""
MAX_LINE_BYTES: Final = 16_384
"""Room for the longest names that the database can hold, in a query."""
ROLLUP_EVERY_S: Final = 60.0
ROLLUP_PAUSE_S: Final = 0.05
"""Between two pieces of a long roll-up: room for the one who measures."""
RETRY_S: Final = 10.0
SHUTDOWN_S: Final = 2.0


async def serve(
    config: Config,
    clock: Clock,
    *,
    announce: Callable[[str], None],
    config_path: Path | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set or the task is cancelled.

    Parameters
    ----------
    announce : called with the address once the server listens.
    config_path : the file of the configuration, for what pages set going.

    Raises
    ------
    ServiceError
        The address is taken or cannot be listened on.
    """
    share_heaps()
    stop = stop or asyncio.Event()
    listener = listening_socket(config.web.host, config.web.port)
    store = Store(config.database)
    if not await _database_is_there(store, stop):
        listener.close()
        return
    runner = web.AppRunner(
        make_app(store, config, clock, config_path),
        access_log=None,
        keepalive_timeout=IDLE_S,
        max_line_size=MAX_LINE_BYTES,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    gate = _Gate(runner.server, config.web)
    server = await asyncio.get_running_loop().create_server(gate, sock=listener)
    rolling = asyncio.create_task(_keep_rollups(store, config, clock))
    announce(address(config.web.host, listener.getsockname()[1]))
    try:
        await stop.wait()
    finally:
        server.close()
        rolling.cancel()
        await asyncio.gather(rolling, return_exceptions=True)
        await runner.cleanup()


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises ServiceError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Two may bind at the same time; only one of them listens.
        listener.listen()
    except OSError as error:
        listener.close()
        raise ServiceError(
            phrase(
                "dashboard: cannot listen on {host} port {port}: {why}; set web.port in"
                " the configuration to another one",
                host=host,
                port=str(port),
                why=error.strerror,
            )
        ) from error
    listener.setblocking(False)
    return listener


def address(host: str, port: int) -> str:
    """The URL to open in a browser."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


async def until_told_to_end(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: the daemon that started us is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    _log.info("parent_gone pid=%d", os.getpid())
    stop.set()


class _Gate:
    """Lets connections in: up to a number at once, and up to another one of each peer.

    Idle and slow ones count as well. A proxy asks for many: behind it each visitor's
    requests are counted (`guard.few_at_once`).
    """

    def __init__(self, server: web.Server | None, config: Web) -> None:
        if server is None:
            raise RuntimeError("the runner was not set up")
        self._server = server
        self._config = config

    def __call__(self) -> asyncio.Protocol:
        return _Door(self)

    def let_in(self, transport: asyncio.Transport) -> None:
        """Hand the connection to a handler, or close it."""
        peers = [
            network(_peer(connection.transport))
            for connection in self._server.connections
        ]
        peer = _peer(transport)
        n_own = 0 if is_proxy(peer, self._config) else peers.count(network(peer))
        if len(peers) >= MAX_CONNECTIONS or n_own >= min(MOST_OF_ONE, MAX_CONNECTIONS):
            transport.abort()
            return
        handler = self._server()
        transport.set_protocol(handler)
        handler.connection_made(transport)


class _Door(asyncio.Protocol):
    """Stands before the handler until it is known who has come."""

    def __init__(self, gate: _Gate) -> None:
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._gate.let_in(cast(asyncio.Transport, transport))


def _peer(transport: asyncio.BaseTransport | None) -> str:
    name = None if transport is None else transport.get_extra_info("peername")
    return str(name[0]) if name else ""


async def _database_is_there(store: Store, stop: asyncio.Event) -> bool:
    """Whether the database has its tables; False when told to end before it has."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(store.open)
        except ServiceError as error:
            _log.warning("database_away error=%s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_S)
        else:
            return True
    return False


async def _keep_rollups(store: Store, config: Config, clock: Clock) -> None:
    phase = phase_us(config.timezone, clock.now_utc())
    rollups = store.rollups(phase_us=phase)
    while True:
        await _catch_up(rollups)
        await asyncio.sleep(ROLLUP_EVERY_S)


async def _catch_up(rollups: Rollups) -> None:
    try:
        n_left = await asyncio.to_thread(rollups.refresh)
        while n_left:
            await asyncio.sleep(ROLLUP_PAUSE_S)
            n_left = await asyncio.to_thread(rollups.refresh)
    except MonitorError as error:
        # The database is busy or away: the roll-ups come later.
        _log.warning("rollups_late error=%s", error)
