"""What happens about intake. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Category, Channel, Entity, ExternalId, Region
from domain.record.vault import Sealed
from domain.value import Instant, Value
from domain.words import Words

SendBackGround = Annotated[
    Literal["not_a_clue", "incomplete", "outside_powers", "duplicate"],
    Words(
        {
            "not_a_clue": "不属于问题线索",
            "incomplete": "材料不全",
            "outside_powers": "超出行政职权",
            "duplicate": "重复",
        }
    ),
]


class ClueRegistered(Value):
    """登记. A clue came in: `received_at` at the channel, the event's own time here."""

    region: Region
    channel: Channel
    external_id: ExternalId | None
    category: Category
    received_at: Instant
    title: Sealed
    body: Sealed
    reporter: Sealed | None
    entity: Entity | None


class ClueNumbered(Value):
    """The case number was given: region, registering office, year, serial without gap."""

    number: str


class ClueCorrected(Value):
    """A registered fact was corrected. What is None stays; what was registered stays readable beside it."""

    category: Category | None
    received_at: Instant | None
    title: Sealed | None
    body: Sealed | None
    reporter: Sealed | None
    entity: Entity | None
    reason: Sealed


class ClueSupplemented(Value):
    """The caller added something, under a ticket number of its own or none."""

    text: Sealed
    received_at: Instant
    external_id: ExternalId | None


class ClueAnswered(Value):
    """Not a clue: answered directly by the dispatching office."""

    reply: Sealed


class ClueSentBack(Value):
    """Not a clue: sent back to where it came from, with reason."""

    ground: SendBackGround
    reason: Sealed
