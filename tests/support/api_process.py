"""One `xiezhi api` as a process of its own on a database of the test, without worker and without Temporal."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.stack.children import Child, spawn
from infra.stack.parts import answers_ok
from tests.support.as_of import program
from tests.support.messages import REPOSITORY
from tests.support.record import DEMO_PASSWORD
from tests.support.servers import any_port
from tests.support.stack import READY_SECONDS, clean_environment


@dataclass(frozen=True)
class ApiProcess:
    """The running process."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def token(self, account: str) -> str:
        """A bearer token of a demo account."""
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as http:
            given = {"account": account, "password": DEMO_PASSWORD}
            answer = await http.post(f"{self.url}/api/v1/token", json=given)
        assert answer.status_code == httpx.codes.OK, answer.text
        token: str = answer.json()["access_token"]
        return token


@asynccontextmanager
async def api_process(database_url: str, folder: Path, **environment: str) -> AsyncIterator[ApiProcess]:
    """Start it, wait until it answers, stop it in the end."""
    port = any_port()
    told = {
        "XIEZHI_DATA_DIR": str(folder / "data"),
        "XIEZHI_TOKEN_SECRET": uuid.uuid4().hex * 2,
        "XIEZHI_FINGERPRINT_KEY": uuid.uuid4().hex * 2,
        "XIEZHI_API_PORT": str(port),
        "XIEZHI_EMBEDDED_DATABASE": "true",
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": f"127.0.0.1:{any_port({port})}",
        "PYTHONPATH": str(REPOSITORY),
    }
    environment = {**clean_environment(), **told, **environment}
    child = spawn("api", (*program(), "api"), env=environment, log=folder / "api.log", cwd=REPOSITORY)
    try:
        await child.until_healthy(lambda: answers_ok(f"http://127.0.0.1:{port}/healthz"), port, READY_SECONDS)
        yield ApiProcess(child, port)
    finally:
        await child.stop()
