"""Steps from an old stored shape to the next: dict to dict, one version each, run before construction."""

from __future__ import annotations

from typing import Any


def fed_back_with_handling(data: dict[str, Any]) -> dict[str, Any]:
    """v1 had the public reply only."""
    return {**data, "handling": None}
