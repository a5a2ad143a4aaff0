"""Compute provisional clocks anew after a calendar came into force: by event, some cases a transaction.

The key of each command is made of case, its version, and the calendars: run again after an interruption, what was done
is not done twice, and what has moved since is looked at again. Processes are told as always, in the bulk lane.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from domain.errors import XiezhiError
from domain.nouns import DECIDERS
from domain.people.actors import SYSTEM
from domain.record.batch import handle_together
from domain.record.handler import Handled, HandlerPorts, Request
from domain.record.ids import kind_of
from domain.time.calendar import Calendars
from infra.calendars.loading import calendars_in_force
from infra.importing.errors import ImportStopped
from infra.importing.patience import patiently
from infra.postgres.clocks.calendars import ClocksToSettle, Unsettled
from infra.processes.throttle import each

PAGE = 2_000
TOGETHER = 25
"""Cases a transaction: people who work on one of them wait for a fraction of a second."""
AT_ONCE = 2
SHOWN = 20

OnProgress = Callable[[int, float], None]
"""Cases looked at, and their share of all (0 to 1)."""


@dataclass
class Recomputed:
    """Cases with provisional clocks: those whose clocks moved or became firm, those that stay as they are."""

    cases: int = 0
    recomputed: int = 0
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)

    def count(self, handled: Handled) -> None:
        """One more case."""
        self.cases += 1
        if handled.outcome.status == "recorded":
            self.recomputed += 1
        else:
            self.unchanged += 1

    def fail(self, stream: str, error: XiezhiError) -> None:
        """A case that cannot be decided; it keeps its clocks as they are."""
        self.cases += 1
        self.failed.append(f"{stream}: {error.code}")

    def summary(self) -> dict[str, object]:
        """For the person who ran it."""
        more = [f"… {len(self.failed) - SHOWN} more"] if len(self.failed) > SHOWN else []
        return {
            "ok": not self.failed,
            "cases": self.cases,
            "recomputed": self.recomputed,
            "unchanged": self.unchanged,
            "failed": [*self.failed[:SHOWN], *more],
        }


async def recompute(
    ports: HandlerPorts, clocks: ClocksToSettle, on_progress: OnProgress = lambda *_: None, *, together: int = TOGETHER
) -> Recomputed:
    """Recompute every running clock that is provisional under an older calendar than the one in force for it.

    Raises `ImportStopped` when the database stays away; run again, it goes on.
    """
    await clocks.settled()
    calendars, total, report = await calendars_in_force(ports), await clocks.count(), Recomputed()
    seen = 0

    async def batches() -> AsyncIterator[Sequence[Request]]:
        nonlocal seen
        after = ""
        while page := await clocks.page(after, PAGE):
            asked = [case for case in page if case.behind(calendars)]
            for requests in _batches(asked, calendars, together):
                yield requests
            seen, after = seen + len(page), page[-1].stream
            on_progress(report.cases, min(1.0, seen / max(total, 1)))

    async def settle(requests: Sequence[Request]) -> None:
        await _settle(ports, requests, report)
        on_progress(report.cases, min(1.0, max(seen, report.cases) / max(total, 1)))

    await each(batches(), settle, at_once=AT_ONCE)
    return report


def _batches(cases: Sequence[Unsettled], calendars: Calendars, together: int) -> Iterator[Sequence[Request]]:
    """Requests of one noun each, so many together."""
    for _, of_one in groupby(cases, key=lambda case: kind_of(case.stream)):
        requests = [_request(case, calendars) for case in of_one]
        for start in range(0, len(requests), together):
            yield requests[start : start + together]


def _request(case: Unsettled, calendars: Calendars) -> Request:
    versions = "+".join(sorted(edition.version for edition in calendars.regions))
    return Request(
        actor=SYSTEM,
        key=f"recalculate:{case.stream}:{case.version}:{versions}",
        slug="recalculate",
        body={},
        stream=case.stream,
        lane="bulk",
    )


async def _settle(ports: HandlerPorts, requests: Sequence[Request], report: Recomputed) -> None:
    """All of them in one transaction; where one case cannot be decided, each alone, so that the others are."""
    stream = requests[0].stream or ""
    decider = DECIDERS[kind_of(stream)]
    try:
        done = await patiently(lambda: handle_together(ports, decider, requests))
    except ImportStopped:
        raise
    except XiezhiError as error:
        if len(requests) == 1:
            report.fail(stream, error)
        else:
            for request in requests:
                await _settle(ports, [request], report)
    else:
        for handled in done:
            report.count(handled)
