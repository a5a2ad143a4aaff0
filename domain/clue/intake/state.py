"""What the dossier keeps of intake."""

from __future__ import annotations

from typing import Literal

from domain.clue.values import Category, Channel, Entity
from domain.record.vault import Sealed
from domain.value import Instant, Value

Registration = Category | Instant | Entity | Sealed | None
"""What a correctable fact of the registration may be."""


class Correction(Value):
    """One registered fact that was corrected: both values stand."""

    at: Instant
    by: str
    field: Literal["category", "received_at", "title", "body", "reporter", "entity"]
    before: Registration
    after: Registration
    reason: Sealed


class Supplement(Value):
    """Something the caller added."""

    received_at: Instant
    external_id: str | None
    text: Sealed


class IntakeSlice(Value):
    """What was registered, as it stands after corrections."""

    region: str
    channel: Channel
    external_id: str | None
    number: str | None = None
    category: Category
    title: Sealed
    body: Sealed
    reporter: Sealed | None
    entity: Entity | None
    registered_at: Instant
    received_at: Instant
    migrated: bool = False
    corrections: tuple[Correction, ...] = ()
    supplements: tuple[Supplement, ...] = ()
    reporters: tuple[Sealed, ...] = ()
    """The texts among them that say who reported."""
