"""The API in this process over real PostgreSQL, wired as `xiezhi api` wires it; Temporal is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.runtime.settings import Settings
from infra.wiring.bootstrap import Application
from tests.api.desks import Desks, client_of
from tests.support.record import DEMO_PASSWORD
from tests.support.servers import any_port


@asynccontextmanager
async def application_over(database_url: str, folder: Path, **given: Any) -> AsyncIterator[tuple[Application, Desks]]:
    """The application with these settings, and desks before it."""
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(database_url),
        temporal_address=f"127.0.0.1:{any_port()}",
        token_secret=SecretStr("a secret of the tests, long enough for HS256"),
        fingerprint_key=SecretStr("another secret of the tests"),
        **{"embedded_database": True, **given},
    )
    application = Application(settings)
    await application.check()
    async with application.asgi.router.lifespan_context(application.asgi), client_of(application.asgi) as http:
        yield application, Desks(http, DEMO_PASSWORD)
