"""The HTTP application: routes, the error table, and what is seen of each request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import chain
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from api import exports, reports, rulebooks
from api.cases import evidence, feed, why
from api.cases.routes import case_routes
from api.cases.schemas import plain
from api.cases.surface import Surface
from api.clues import CLUES
from api.deps import Service
from api.edge import health
from api.edge.errors import (
    ApiError,
    Problem,
    answer_rules_of,
    describe_edge,
    on_api_error,
    on_bad_parameters,
    on_domain_error,
    on_http_error,
)
from api.edge.limits import Bounded, Turns
from api.edge.metrics import Metrics, Observed
from api.edge.watermark import HEADER, Watermarked
from api.lists import clocks, department_table, filters, oversight, worklists
from api.notices import inbox
from api.notices import settings as notice_settings
from api.people import accounts, administration, departments, identity, lookups
from domain.errors import XiezhiError

_NO_TELEMETRY_OF_ITS_OWN: TelemetryConfig = {
    "auto_configure": False,
    "tracing": False,
    "metrics": False,
    "logs": False,
}
"""FastAPI's own would record validation errors with their inputs, and the environment could switch its export on."""

Opener = Callable[[Metrics], AbstractAsyncContextManager[Service]]
"""Opens the service when the application starts and closes it when it ends."""


SURFACES: Final[Sequence[Surface[Any]]] = (CLUES,)
"""The nouns whose cases are worked on over HTTP."""


def create_app(opener: Opener, surfaces: Sequence[Surface[Any]] = SURFACES) -> FastAPI:
    """The application over whatever service `opener` opens at start-up, with the cases of these nouns."""
    metrics = Metrics()
    for surface in surfaces:
        answer_rules_of(surface.noun)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opener(metrics) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="獬豸 Xiezhi",
        version="1",
        summary="跨部门综合监管:问题线索的登记、办理、督办与审计",
        description=f"响应头 `{HEADER}: true` 表示演练环境:账号、案件和人物均为虚构,不得用于实际办案。",
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY_OF_ITS_OWN,
    )
    app.state.metrics = metrics
    app.state.surfaces = {surface.kind: surface for surface in surfaces}
    for router in (
        identity.router,
        accounts.router,
        administration.router,
        departments.router,
        rulebooks.router,
        worklists.router,
        filters.router,
        *chain.from_iterable(map(case_routes, surfaces)),
        exports.router,
        clocks.router,
        why.router,
        department_table.router,
        oversight.router,
        lookups.router,
        reports.router,
        inbox.router,
        notice_settings.router,
        feed.router,
        evidence.router,
        health.router,
    ):
        app.include_router(router)
    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(XiezhiError, on_domain_error)
    app.add_exception_handler(RequestValidationError, on_bad_parameters)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_middleware(Turns)
    app.add_middleware(Bounded)
    app.add_middleware(Observed, metrics=metrics)
    app.add_middleware(Watermarked)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        document["components"]["schemas"]["Problem"] = plain(
            Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        )
        document["components"]["schemas"] |= document["components"]["schemas"]["Problem"].pop("$defs")
        for path, operations in document["paths"].items():
            for operation in operations.values():
                describe_edge(path, operation)
        app.openapi_schema = document
    return app.openapi_schema
