"""The routes every noun has, made once: `case_routes(Surface(NOUN, prefix="/clues", …))`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.cases.commands import command_routes
from api.cases.document import document_routes
from api.cases.listing import list_routes
from api.cases.reading import reading_routes
from api.cases.surface import Surface
from api.cases.timeline import timeline_routes


def case_routes(surface: Surface[Any]) -> APIRouter:
    """List, commands, reading, record, process, evidence, timeline, differences and document of a noun's cases.

    Clocks are explained, and changes followed, by the routes of all nouns together.
    """
    router = APIRouter()
    if surface.listed:
        router.include_router(list_routes(surface))
    for routes_of in (command_routes, reading_routes, timeline_routes, document_routes):
        router.include_router(routes_of(surface))
    return router
