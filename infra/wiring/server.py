"""`xiezhi api`: the HTTP server, one process, stopped without dropping what is under way."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import structlog
import uvicorn
import uvloop

from api.app import SURFACES
from api.cases.surface import Surface
from domain.errors import XiezhiError
from infra.runtime.connections import bounded
from infra.runtime.settings import Settings
from infra.wiring.bootstrap import Application
from workflows import PROCESSES, CaseProcess

_log = structlog.get_logger("server")

GRACE_SECONDS = 10
CHECK_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 65
"""Longer than load balancers keep theirs, so that they, not we, end idle connections."""
FILES_BESIDE_CONNECTIONS = 512
"""Descriptors a process needs besides those of its clients."""


def serve(
    settings: Settings,
    surfaces: Sequence[Surface[Any]] = SURFACES,
    processes: Sequence[type[CaseProcess]] = PROCESSES,
) -> int:
    """Serve until SIGTERM or SIGINT (0), or refuse the database (1)."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, Application(settings, surfaces, processes)))


async def _serve(settings: Settings, application: Application) -> int:
    _allow_open_files(settings.connections + FILES_BESIDE_CONNECTIONS)
    server = _Server(
        application,
        uvicorn.Config(
            application.asgi,
            host=settings.api_host,
            port=settings.api_port,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            http=bounded(settings),
            ws="none",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or None,
        ),
    )
    if not await _accept_database(application):
        return 1
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, _asked_to_stop)  # uvicorn raises the signal again when it is done; that is no failure
    guard = asyncio.ensure_future(_watch(application, server))
    try:
        await server.serve()
    finally:
        guard.cancel()
    if guard.done() and not guard.cancelled() and guard.result():
        return 1
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    """Ends endless answers before it waits for answers to end."""

    def __init__(self, application: Application, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let streams go, finish what is under way."""
        self._application.stopping()
        await super().shutdown(sockets)


def _allow_open_files(wanted: int) -> None:
    """Allow this process as many descriptors as it may need, as far as its own hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _asked_to_stop(_signal: int, _frame: FrameType | None) -> None:
    """The stop was orderly."""


async def _accept_database(application: Application) -> bool:
    """Whether the database is one to stand on. One that is away may come back: requests get 503 until then."""
    try:
        await application.check()
    except XiezhiError as error:
        if error.code != "store_unavailable":
            _log.error("database refused", code=error.code)
            sys.stderr.write(f"{error}\n")
            return False
        _log.warning("database away at start", code=error.code)
    return True


async def _watch(application: Application, server: uvicorn.Server) -> bool:
    """After a start without database: check it as soon as it is back. True when it had to be refused."""
    while not application.checked:
        await asyncio.sleep(CHECK_SECONDS)
        if not await _accept_database(application):
            server.should_exit = True
            return True
    return False
