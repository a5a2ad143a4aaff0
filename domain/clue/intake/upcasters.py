"""Steps from an old stored shape to the next: dict to dict, one version each, run before construction."""

from __future__ import annotations

from typing import Any


def registered_with_entity(data: dict[str, Any]) -> dict[str, Any]:
    """v1 knew no regulated entity."""
    return {**data, "entity": None}
