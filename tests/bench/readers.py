"""Many readers at the same moment, half of lists and half of cases, each over a connection of its own."""

import asyncio
import time
from collections.abc import Sequence

import httpx

from tests.bench.measures import quantile
from tests.support.driver import Driver
from tests.support.stack import PrivateStack


async def crowd(
    stack: PrivateStack, driver: Driver, accounts: Sequence[str], case: str, readers: int
) -> dict[str, float]:
    """Milliseconds from the common start to each answer, how many were not 200, and one more who came amid them."""
    tokens = [await _token(stack, account) for account in accounts]
    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=f"{stack.api_url()}/api/v1", limits=unlimited, timeout=300.0, trust_env=False
    ) as http:
        begun = time.perf_counter()

        async def read(number: int) -> tuple[int, float]:
            path = f"/clues/{case}" if number % 2 else "/clues?limit=20"
            bearer = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
            status = (await http.get(path, headers=bearer)).status_code
            return status, (time.perf_counter() - begun) * 1000

        reading = asyncio.gather(*map(read, range(readers)))
        await asyncio.sleep(0.5)
        sent = time.perf_counter()
        (await driver.get(accounts[0], "/inbox")).raise_for_status()
        amid = (time.perf_counter() - sent) * 1000
        answers = await reading
    millis = [taken for _, taken in answers]
    return {
        "answered_per_second": readers / (max(millis) / 1000),
        "p50_ms": quantile(millis, 0.5),
        "p99_ms": quantile(millis, 0.99),
        "not_200": sum(status != httpx.codes.OK for status, _ in answers),
        "one_more_amid_ms": amid,
    }


async def _token(stack: PrivateStack, account: str) -> str:
    given = {"account": account, "password": stack.passwords()[account]}
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as http:
        token: str = (await http.post(f"{stack.api_url()}/api/v1/token", json=given)).json()["access_token"]
    return token
