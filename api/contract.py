"""The API contract as a file: `python -m api.contract docs/openapi.json` writes it, a test compares it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from api.app import create_app, openapi_of
from api.deps import Service
from api.edge.metrics import Metrics


def document() -> str:
    """The OpenAPI document of this build as text."""
    return json.dumps(openapi_of(create_app(never_opened)), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


@asynccontextmanager
async def never_opened(_metrics: Metrics) -> AsyncIterator[Service]:
    """The document needs no service."""
    raise RuntimeError("this application only describes itself")
    yield


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
