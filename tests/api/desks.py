"""Given a stream, when a request, then a response and new events: people at their desks, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from api.app import SURFACES, create_app
from api.cases.surface import Surface
from api.deps import Service
from api.edge.metrics import Metrics
from tests.domain.clue import steps as c

REGION = "370102"
INTAKE, DISPATCHER, SUPERVISOR = f"intake.{REGION}", f"dispatcher.{REGION}", f"supervisor.{REGION}"
ASSIGNER, HANDLER, HEAD = f"assigner.market.{REGION}", f"handler.market.{REGION}", f"head.market.{REGION}"
AUDITOR, SECURITY, SOURCE = "auditor.370100", "security.370100", "source.hotline"
ELSEWHERE = "dispatcher.370103"
MARKET = f"{REGION}.market"

STRAIGHT: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    (DISPATCHER, "dispatch", {"department": MARKET}),
    (ASSIGNER, "sign_for", {}),
    (ASSIGNER, "assign", {"handler": HANDLER}),
    (HANDLER, "take_up", {}),
    (HANDLER, "open_verification", {"plan": "今晚到现场核查。"}),
    (HANDLER, "record_findings", {"findings": "现场有六张桌占用人行道。"}),
    (HANDLER, "conclude", {"conclusion": "substantiated", "summary": "属实。"}),
    (HANDLER, "propose_disposition", {"measure": "order_to_correct", "reason": "情节轻微。"}),
    (HEAD, "approve_disposition", {}),
    (HANDLER, "feed_back", {"reply": "已责令改正。"}),
    (HANDLER, "complete", {}),
    (ASSIGNER, "archive", {}),
)
"""The main path after registration: who, which step, with what."""


class Desks:
    """The API as several people use it, each with an own token."""

    def __init__(self, http: httpx.AsyncClient, password: str) -> None:
        self.http = http
        self._password = password
        self._tokens: dict[str, str] = {}

    async def get(self, account: str, path: str, **params: Any) -> httpx.Response:
        """One GET below /api/v1."""
        return await self.http.get(f"/api/v1{path}", params=params, headers=await self._headers(account))

    async def post(
        self,
        account: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        if_match: str | None = None,
        content: Any = None,
    ) -> httpx.Response:
        """One POST below /api/v1; `key` empty: a fresh one, None: none."""
        headers = await self._headers(account)
        if key is not None:
            headers["Idempotency-Key"] = key or uuid4().hex
        if if_match is not None:
            headers["If-Match"] = if_match
        if content is not None:
            return await self.http.post(f"/api/v1{path}", content=content, headers=headers)
        return await self.http.post(f"/api/v1{path}", json=body if body is not None else {}, headers=headers)

    async def step(self, account: str, case: str, slug: str, body: Any = None, **given: Any) -> httpx.Response:
        """One step of a case."""
        return await self.post(account, f"/clues/{case}/commands/{slug}", body, **given)

    async def registered(self, **changes: Any) -> str:
        """A fresh clue in the region; its id."""
        body = {**c.Register.example, "region": REGION, "external_id": uuid4().hex, **changes}
        answer = await self.post(INTAKE, "/clues", body)
        assert answer.status_code == 201, answer.text
        case: str = answer.json()["outcome"]["stream"]
        return case

    async def given(self, until: str | None = None, **changes: Any) -> str:
        """A clue taken along the main path up to and including the step `until`."""
        case = await self.registered(**changes)
        for account, slug, body in STRAIGHT if until else ():
            answer = await self.step(account, case, slug, body)
            assert answer.status_code == 200, answer.text
            if slug == until:
                break
        return case

    async def _headers(self, account: str) -> dict[str, str]:
        if account not in self._tokens:
            answer = await self.http.post("/api/v1/token", json={"account": account, "password": self._password})
            assert answer.status_code == 200, answer.text
            self._tokens[account] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._tokens[account]}"}


@asynccontextmanager
async def desks_over(
    service: Service, password: str, surfaces: Sequence[Surface[Any]] = SURFACES
) -> AsyncIterator[Desks]:
    """Desks before an application over this service."""

    @asynccontextmanager
    async def opened(_metrics: Metrics) -> AsyncIterator[Service]:
        yield service

    app = create_app(opened, surfaces)
    async with app.router.lifespan_context(app), client_of(app) as http:
        yield Desks(http, password)


def client_of(app: Any) -> httpx.AsyncClient:
    """A client that calls the application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://xiezhi.test")
