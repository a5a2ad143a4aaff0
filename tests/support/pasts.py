"""Made-up pasts: cases another system handled, as lines of a history file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.clue import CLUE
from tests.support.record import CLERK, STRAIGHT

STAGE_AFTER = {
    "register": "registered",
    "dispatch": "dispatched",
    "sign_for": "signed_for",
    "assign": "assigned",
    "take_up": "taken_up",
    "conclude": "verified",
    "feed_back": "fed_back",
    "complete": "completed",
    "archive": "archived",
}


def past(ticket: str, begun: datetime, until: str, *, apart: timedelta = timedelta(hours=3)) -> dict[str, Any]:
    """A case on the straight path up to a step, its steps so far apart, with what the other system says of it."""
    slugs = [slug for _, slug in STRAIGHT]
    taken = STRAIGHT[: slugs.index(until) + 1] if until != "register" else ()
    return {
        **CLUE.commands["register"].example,
        "external_id": ticket,
        "received_at": begun.isoformat(),
        "registered_at": (begun + timedelta(minutes=5)).isoformat(),
        "registered_by": CLERK.account,
        "steps": [
            {
                "at": (begun + number * apart).isoformat(),
                "by": actor.account,
                "do": slug,
                "with": dict(CLUE.commands[slug].example),
            }
            for number, (actor, slug) in enumerate(taken, 1)
        ],
        "expected": {"stage": STAGE_AFTER[until], "steps": 1 + len(taken)},
    }


def write_pasts(path: Path, pasts: Iterable[Mapping[str, Any]]) -> Path:
    """A history file."""
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in pasts), encoding="utf-8")
    return path
