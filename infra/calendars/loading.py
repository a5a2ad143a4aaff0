"""Put an edition of a calendar into force: its days are kept first, by digest, then the record names it.

Every process learns of it with its next command: the digest of what is in force comes with the lock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.actors import Actor, Role
from domain.record.handler import HandlerPorts, Request, handle
from domain.rulebook import RULEBOOK, edition_of
from domain.time.calendar import NATIONAL, Calendar, Calendars
from domain.time.holiday_notice import CalendarInvalid, Notice, revised
from infra.postgres.clocks.calendars import CalendarShelf, RecordPosition
from infra.reference import region_named

OPERATOR = Actor(account="operator", department="system", region="000000", roles=(Role.SYSTEM,))
"""Whoever runs the commands of this machine; the build's own editions are adopted by the installation."""


@dataclass(frozen=True)
class Loaded:
    """What became of a notice: the edition, whether it is another one than before, and the known days it changes."""

    edition: Calendar
    another: bool
    changed: list[str]

    def summary(self) -> dict[str, Any]:
        """For the person who loads it: how many days a year, so that they can be held against the notice."""
        years = Counter((special.day.year, special.working) for special in self.edition.days)
        return {
            "region": self.edition.region,
            "edition": self.edition.version,
            "in_force": "another" if self.another else "unchanged",
            "known_until": str(self.edition.known_until),
            "years": [
                f"{year}: 放假 {years[year, False]} 天,调休上班 {years[year, True]} 天"
                for year in range(self.edition.known_until.year - 2, self.edition.known_until.year + 1)
            ],
            "changed": self.changed,
        }


async def calendars_in_force(ports: HandlerPorts) -> Calendars:
    """What decisions rest on now. Raises `CalendarMissing`."""
    async with ports.store.transaction() as tx:
        return await tx.calendars(ports.calendars)


async def load(
    ports: HandlerPorts, engine: AsyncEngine, notice: Notice, *, replace: bool = False, check: bool = False
) -> Loaded:
    """Take a notice into the calendar of its region; with `check` nothing is written.

    Raises as `domain.time.holiday_notice.revised` does, and `PreconditionFailed` when somebody else was first.
    """
    place = await CalendarShelf(engine).place(notice.region)
    calendars = await calendars_in_force(ports)
    revision = revised(calendars, notice, replace=replace)
    before, edition = calendars.edition(notice.region), revision.edition
    if not check and before != edition:
        await adopt(ports, engine, edition, place, OPERATOR)
    return Loaded(edition, before != edition, [str(change) for change in revision.changed])


async def adopt(
    ports: HandlerPorts, engine: AsyncEngine, edition: Calendar, place: RecordPosition, actor: Actor
) -> None:
    """Put an edition into force by an event. The key says what is put in the place of what.

    `place`: where its record stood when the edition was made; raises `PreconditionFailed` when it moved since.
    """
    body = edition_of(edition)
    await CalendarShelf(engine).keep(edition)
    key = f"calendar-{body['digest']}-{place.head}"
    request = Request(actor=actor, key=key, slug="adopt_edition", body=body, if_match=place.editions)
    await handle(ports, RULEBOOK, request)


def describe_calendar(calendars: Calendars, region: str, year: int | None) -> dict[str, Any]:
    """A calendar for people: what it is made of, how far it reaches, and the days that do not follow their weekday.

    Raises `CalendarInvalid` for a region that GB/T 2260 does not know.
    """
    name = "全国" if region == NATIONAL else region_named(region)
    if name is None:
        raise CalendarInvalid([f"没有行政区划“{region}”(GB/T 2260)"])
    known = calendars.national if region == NATIONAL else calendars.of(region)
    days = [special for special in known.days if year is None or special.day.year == year]
    return {
        "region": region,
        "name": name,
        "version": known.version,
        "known_from": str(known.known_from),
        "known_until": str(known.known_until),
        "days": [f"{special.day} {special.name} {'调休上班' if special.working else '放假'}" for special in days],
    }
