"""Drives clues through their life over HTTP, as many clerks at many desks would, and writes down every answer.

A step whose outcome is unknown (connection lost, 5xx) is sent again under the same Idempotency-Key until it is answered
or the time for one step is over. The log, one JSON line an answer, is what the auditor later holds the record to.
"""

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.plans import Plan, Registered

UNKNOWN_OUTCOME = frozenset({500, 502, 503, 504})
LONGEST_WAIT = 2.0
"""Seconds between two tries at most; `Retry-After` is followed up to here."""


class GaveUp(Exception):
    """A step got no answer in its time; whether it was recorded is unknown."""


class Rejected(Exception):
    """An answer that no plan expects."""

    def __init__(self, step: str, response: httpx.Response) -> None:
        super().__init__(f"{step}: {response.status_code} {response.text[:400]}")
        self.status = response.status_code


@dataclass
class ClientLog:
    """The answers a client got, kept in memory and as JSON lines."""

    path: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path.exists():
            self.lines = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def write(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def of_status(self, *statuses: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["status"] in statuses]


class Driver:
    """A client of one or several API processes (used in turn), one bearer token per account."""

    def __init__(
        self, urls: Sequence[str], passwords: Mapping[str, str], log: ClientLog, *, patience: float = 60.0
    ) -> None:
        self.log = log
        self._urls = itertools.cycle(urls)
        self._passwords = passwords
        self._patience = patience
        self._tokens: dict[str, str] = {}
        self._logging_in: dict[str, asyncio.Lock] = {}
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(15.0), limits=limits, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, account: str, path: str, **params: str) -> httpx.Response:
        """One GET below /api/v1, tried again while the outcome is unknown."""
        return await self._until_known(account, "GET", path, params=params)

    async def register(self, account: str, body: Mapping[str, Any], *, key: str | None = None) -> str:
        """Register a clue; its stream."""
        response = await self._command(account, "register", "/clues", body, "", key)
        stream: str = response["stream"]
        return stream

    async def command(
        self, account: str, stream: str, slug: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """Give one command; the outcome as answered."""
        return await self._command(account, slug, f"/clues/{stream}/commands/{slug}", body, stream, key)

    async def take(self, plan: Plan, first: int, last: int) -> None:
        """Give the steps first..last of a plan, counted from 1."""
        for step in plan.steps[first - 1 : last]:
            await self.command(step.account, plan.stream, step.slug, step.body)

    async def list_clues(self, account: str, *, most: int = 5_000) -> list[dict[str, Any]]:
        """All clues the account sees, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while len(found) < most:
            page = await self.get(account, "/clues", limit="200", **({"cursor": cursor} if cursor else {}))
            found += page.json()["items"]
            cursor = page.json()["next"]
            if cursor is None:
                break
        return found

    async def live(self, plan: Plan) -> None:
        """Take one clue through its plan."""
        await self.take(plan, 1, len(plan.steps))

    async def live_all(self, plans: Iterable[Plan], *, in_flight: int, pace: float = 0.0) -> None:
        """Take clues through their plans, `in_flight` at a time; the first failure stops all. `pace`: pause a clue."""
        waiting = iter(plans)

        async def desk() -> None:
            for plan in waiting:
                await self.live(plan)
                await asyncio.sleep(pace)

        async with asyncio.TaskGroup() as desks:
            for _ in range(in_flight):
                desks.create_task(desk())

    async def _command(
        self, account: str, slug: str, path: str, body: Mapping[str, Any], stream: str, key: str | None
    ) -> dict[str, Any]:
        await self._logged_in(account)
        key, sent = key or uuid.uuid4().hex, time.time()
        asked = {"account": account, "key": key, "slug": slug, "stream": stream, "body": body, "sent_at": sent}
        try:
            response = await self._until_known(account, "POST", path, body=body, key=key)
        except GaveUp:
            self.log.write({**asked, "status": "unknown"})
            raise
        answered = {**asked, "http": response.status_code, "ms": round((time.time() - sent) * 1000, 2)}
        if response.is_success:
            outcome: dict[str, Any] = response.json()["outcome"]
            told = {name: outcome.get(name) for name in ("stream", "first", "last", "head_hash")}
            self.log.write({**answered, **told, "status": outcome["status"]})
            return outcome
        self.log.write({**answered, "status": "refused", "problem": response.json().get("code")})
        raise Rejected(f"{account} {slug} {stream}", response)

    async def _until_known(
        self,
        account: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        deadline, wait, why = time.monotonic() + self._patience, 0.05, ""
        while time.monotonic() < deadline:
            try:
                headers = {"Authorization": f"Bearer {await self._token(account)}"}
                if key is not None:
                    headers["Idempotency-Key"] = key
                url = f"{next(self._urls)}/api/v1{path}"
                response = await self._http.request(method, url, json=body, headers=headers, params=params)
            except httpx.TransportError as lost:
                why = type(lost).__name__
            else:
                if response.status_code == httpx.codes.UNAUTHORIZED:
                    self._tokens.pop(account, None)
                elif response.status_code not in UNKNOWN_OUTCOME and not _lost_race(response):
                    return response
                why = f"{response.status_code} {response.text[:200]}"
                wait = max(wait, _retry_after(response))
            await asyncio.sleep(min(wait, LONGEST_WAIT))
            wait = min(wait * 2, LONGEST_WAIT)
        raise GaveUp(f"{account} {method} {path}: no answer within {self._patience:.0f} s, last: {why}")

    async def _logged_in(self, account: str) -> None:
        """Take the token before the clock of a step starts; what goes wrong here, the step itself will meet again."""
        with suppress(httpx.TransportError):
            await self._token(account)

    async def _token(self, account: str) -> str:
        """The account's token; logged in once, however many desks ask."""
        async with self._logging_in.setdefault(account, asyncio.Lock()):
            if account not in self._tokens:
                given = {"account": account, "password": self._passwords[account]}
                response = await self._http.post(f"{next(self._urls)}/api/v1/token", json=given)
                if response.status_code in UNKNOWN_OUTCOME:
                    raise httpx.ConnectError(f"no token yet: {response.status_code}")
                if not response.is_success:
                    raise Rejected(f"{account} logs in", response)
                self._tokens[account] = response.json()["access_token"]
            return self._tokens[account]


def _lost_race(response: httpx.Response) -> bool:
    """A 409 that took no key: another writer was first three times over."""
    if response.status_code != httpx.codes.CONFLICT:
        return False
    return bool(response.json().get("code") == "conflict")


def _retry_after(response: httpx.Response) -> float:
    given = response.headers.get("Retry-After", "0")
    return float(given) if given.isdigit() else 0.0


@asynccontextmanager
async def driving(
    urls: Sequence[str], passwords: Mapping[str, str], log: Path | ClientLog, *, patience: float = 60.0
) -> AsyncIterator[Driver]:
    """A driver that is closed at the end. Several may write one log."""
    driver = Driver(urls, passwords, ClientLog(log) if isinstance(log, Path) else log, patience=patience)
    try:
        yield driver
    finally:
        await driver.close()


def registered(rows: Sequence[Mapping[str, Any]], replies: Mapping[str, str]) -> list[Registered]:
    """Listed clues as the plans want them; `replies` by external id."""
    return [
        Registered(row["id"], row["region"], replies[row["external_id"]])
        for row in rows
        if row.get("external_id") in replies
    ]
