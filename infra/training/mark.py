"""Whether a record is for training. One fact of the record says so: it has demo accounts, open or closed."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from infra.postgres.engine.session import session

WATERMARK = "演练环境:账号、案件和人物均为虚构,不得用于实际办案"
"""What a training stack says of itself."""

_ASK_SECONDS = 1.5
_ASK_AGAIN_SECONDS = 5.0


async def is_training(engine: AsyncEngine) -> bool:
    """Whether the record has demo accounts: made-up cases may stand there, and real ones may not."""
    async with session(engine) as opened:
        return bool((await opened.run(_MARKED)).scalar_one())


class TrainingMark:
    """The mark as one process knows it. Once seen it stays; until then it is looked for now and then."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._seen = False
        self._ask_after = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self) -> bool:
        """Whether the record is marked, as far as is known. Only the first caller waits for the database, not long."""
        if not self._seen and time.monotonic() >= self._ask_after:
            self._ask_after, first = time.monotonic() + _ASK_AGAIN_SECONDS, self._asking is None
            self._asking = asyncio.create_task(self._ask())
            if first:
                await self._asking
        return self._seen

    async def _ask(self) -> None:
        with suppress(XiezhiError, TimeoutError):
            async with asyncio.timeout(_ASK_SECONDS):
                self._seen = await is_training(self._engine)


_MARKED = text("SELECT EXISTS (SELECT FROM accounts WHERE demo)")
