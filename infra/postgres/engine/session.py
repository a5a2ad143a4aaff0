"""A short transaction for everything but the command handler: typed errors, always given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.postgres.engine.faults import told


class Session:
    """One open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def run(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None, /, **named: Any
    ) -> CursorResult[Any]:
        """Execute a statement. Raises the errors of `infra.postgres.engine.faults`."""
        return await told(self.connection.execute(statement, {**(parameters or {}), **named}))


@asynccontextmanager
async def session(engine: AsyncEngine) -> AsyncIterator[Session]:
    """Commits on normal exit, rolls back on an exception."""
    connection = await told(engine.connect().start())
    try:
        yield Session(connection)
        await told(connection.commit())
    finally:
        await asyncio.shield(told(connection.close()))
