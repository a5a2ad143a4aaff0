"""Desks before the API over the store in memory; a record in PostgreSQL for what needs the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.desks import Desks, desks_over
from tests.api.memory import PASSWORD, MemoryService
from tests.support.record import record_template, record_url


@pytest.fixture
def memory() -> MemoryService:
    """The service behind the desks."""
    return MemoryService()


@pytest_asyncio.fixture
async def desks(memory: MemoryService) -> AsyncIterator[Desks]:
    """People at their desks."""
    async with desks_over(memory.service(), PASSWORD) as opened:
        yield opened


__all__ = ["desks", "memory", "record_template", "record_url"]
