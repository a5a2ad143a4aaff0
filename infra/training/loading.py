"""The training set: made-up cases, taken in as histories through the ordinary commands, each at its own times.

Nobody gets a notice of what lies in the past; the clocks of open cases go on from now. A case taken in once stays
as it is, however much later the set is loaded again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.clue import CLUE
from domain.errors import KeyReused, XiezhiError
from domain.record.handler import HandlerPorts
from domain.record.takeover import Adoption, adopt
from infra.importing.migrating import key_prefix
from infra.processes.throttle import each
from infra.reference import regions
from infra.reference.installation import INSTALLATION
from infra.training.stories import Tale, tales

BATCH = "training"
"""Every event of the set carries this as the name of its migration."""
TRAINING_PACK = "training"
"""The rules with clocks of a minute."""
HOTLINE = "source.hotline"
"""Whose messages come in under these rules."""


class NotForTraining(XiezhiError):
    """The database is not one to try things out in."""

    code = "not_for_training"


@dataclass
class TrainingReport:
    """Cases by what became of them."""

    loaded: int = 0
    already: int = 0


Keep = Callable[[AsyncIterator[bytes]], Awaitable[str]]
"""Puts a file into the evidence store."""


async def load(
    ports: HandlerPorts,
    keep: Keep,
    now: datetime,
    on_progress: Callable[[int, float], None] = lambda _rows, _share: None,
) -> TrainingReport:
    """Take in every case as it stands at `now`; the regions side by side, since their numbers do not meet."""
    every, report = tales(now, ports.calendars.national), TrainingReport()

    async def one_after_another(some: Iterable[Tale]) -> None:
        for tale in some:
            await _keep_files(keep, tale)
            if await _adopt_tale(ports, tale):
                report.loaded += 1
            else:
                report.already += 1
            rows = report.loaded + report.already
            on_progress(rows, rows / len(every))

    await each(_by_region(every), one_after_another, at_once=len(regions()))
    return report


async def _by_region(every: Sequence[Tale]) -> AsyncIterator[list[Tale]]:
    """The cases of each region, in their order."""
    for region in regions():
        yield [tale for tale in every if tale.story.region == region.code]


async def _adopt_tale(ports: HandlerPorts, tale: Tale) -> bool:
    """Take in one case; False when it is there already, with the times of an earlier day."""
    key = f"{key_prefix(BATCH)}{tale.story.name}"
    try:
        return not (await adopt(ports, CLUE, Adoption(INSTALLATION, key, BATCH, tale.steps))).repeated
    except KeyReused:
        return False


async def _keep_files(keep: Keep, tale: Tale) -> None:
    for content in tale.files.values():
        await keep(_as_one_chunk(content))


async def _as_one_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content
