"""Waiting out a database that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from domain.errors import XiezhiError
from infra.importing.errors import ImportStopped

RETRIES = 8
"""Tries of one row: with doubling pauses about a minute, then the import stops."""
RETRIED: Final = frozenset({"store_unavailable", "conflict"})

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do it, again while the database is away. Raises `ImportStopped` when it stays away."""
    pause = 0.25
    for _ in range(RETRIES):
        try:
            return await work()
        except XiezhiError as error:
            if error.code not in RETRIED:
                raise
        await asyncio.sleep(pause)
        pause *= 2
    raise ImportStopped("数据库持续不可用,已登记的均已保存;恢复后重新运行同一命令即可继续")
