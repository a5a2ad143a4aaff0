"""Steps from an old stored shape of a clue event to the next: dict to dict, one version each, run before construction.

Each is listed with its event in `domain/record/registry.py`.
"""

from __future__ import annotations

from typing import Any


def registered_with_entity(data: dict[str, Any]) -> dict[str, Any]:
    """v1 knew no regulated entity."""
    return {**data, "entity": None}


def fed_back_with_handling(data: dict[str, Any]) -> dict[str, Any]:
    """v1 had the public reply only."""
    return {**data, "handling": None}
