"""The routes every noun has, made once: `case_routes(Surface(NOUN, prefix="/clues", …))`."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

from api.cases.commands import command_routes
from api.cases.document import document_routes
from api.cases.listing import list_routes
from api.cases.reading import reading_routes
from api.cases.surface import Surface
from api.cases.timeline import timeline_routes


@cache
def case_routes(surface: Surface[Any]) -> tuple[APIRouter, ...]:
    """List, commands, reading, record, process, evidence, timeline, differences, document of a noun's cases, in order.

    Clocks are explained, and changes followed, by the routes of all nouns together. Made once a surface: describing its
    commands takes tenths of a second. Side by side, not one within another, because FastAPI matches nested ones twice.
    """
    listing = (list_routes,) if surface.listed else ()
    made = (*listing, command_routes, reading_routes, timeline_routes, document_routes)
    return tuple(routes_of(surface) for routes_of in made)
