"""Is it alive, is it ready, how far behind is what. Open to everybody; tells nothing about any case."""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.deps import Service, Svc
from api.edge.metrics import Lag
from domain.errors import XiezhiError

router = APIRouter(tags=["operations"])

ANSWER_SECONDS = 1.5
BEHIND_SECONDS = 30.0
"""An outbox this old means that processes no longer follow the record."""


class Operations(Protocol):
    """The state of the service itself."""

    async def lag(self) -> Lag:
        """The ages behind the alarms. Raises a `XiezhiError` when the database is away."""
        ...


class Readiness(BaseModel):
    """Whether requests can be served. Without Temporal they can: the record leads, the process follows."""

    ready: bool
    database: Literal["ok", "away"]
    process: Literal["ok", "behind", "away", "unknown"]
    lag: Lag | None = None


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(service: Svc) -> Response:
    """503 only when the database is away; a process that is behind is told, not fatal."""
    lag, reachable = await asyncio.gather(lag_or_none(service), _reachable(service))
    if lag is None:
        readiness = Readiness(ready=False, database="away", process="unknown")
        return JSONResponse(readiness.model_dump(), status_code=503, headers={"Retry-After": "2"})
    process: Literal["ok", "behind", "away"] = "away"
    if reachable:
        process = "behind" if lag.outbox_age > BEHIND_SECONDS else "ok"
    return JSONResponse(Readiness(ready=True, database="ok", process=process, lag=lag).model_dump())


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, service: Svc) -> Response:
    """Prometheus metrics of this process and the ages of the whole service."""
    request.app.state.metrics.set_lag(await lag_or_none(service))
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def lag_or_none(service: Service) -> Lag | None:
    """The ages, or None when the database does not answer in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await service.operations.lag()
    except (XiezhiError, TimeoutError):
        return None


async def _reachable(service: Service) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await service.processes.live.reachable()
    except TimeoutError:
        return False
