"""`xiezhi replay`, `diff` and `explain`: a case told from the record alone. Texts appear only as references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.answer import INSTANT, AsJson, finished, print_json, print_lines, settings_in_use
from infra.cli.record_access import read_history, read_watermark, serving_engine

if TYPE_CHECKING:
    from domain.reading.differences import Difference
    from domain.reading.timeline import Timeline, Vantage
    from domain.time.why import Explanation
    from infra.runtime.settings import Settings


def replay(
    case: Annotated[str, typer.Argument(help="The case's id, such as clue-….")],
    at: Annotated[datetime | None, typer.Option(formats=[INSTANT], help="As known then.")] = None,
    happened: Annotated[
        datetime | None, typer.Option(formats=[INSTANT], help="Only what had happened by then.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a case and what was refused, in order, from the record alone."""
    from domain.reading.timeline import Vantage, lines

    settings = settings_in_use()
    timeline = finished(replay_case(settings, case, Vantage(at, happened)), as_json)
    if as_json:
        print_json(timeline)
    else:
        print_lines(lines(timeline), finished(read_watermark(settings), as_json))


def diff(
    case: Annotated[str, typer.Argument(help="The case's id, such as clue-….")],
    before: Annotated[str, typer.Argument(metavar="FROM", help="A version such as v3, or an instant with a zone.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="Likewise.")],
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two points of a case's record, from the record alone."""
    compared = finished(compare_case(settings_in_use(), case, before, after), as_json)
    if as_json:
        print_json(compared)
    else:
        print_lines(compared.lines())


def explain(
    clock: Annotated[str, typer.Argument(help="The clock's id: the case's, a dot and the clock's, clue-….handling-4.")],
    as_json: AsJson = False,
) -> None:
    """Tell why a deadline ends when it ends, step by step, and what became of it, from the record alone."""
    settings = settings_in_use()
    explanation = finished(explain_clock(settings, clock), as_json)
    if as_json:
        print_json(explanation)
    else:
        print_lines(_explanation_lines(explanation), finished(read_watermark(settings), as_json))


@dataclass(frozen=True)
class Compared:
    """Two points of one case and what differs between them."""

    stream: str
    before: int
    after: int
    differences: tuple[Difference, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"案件 {self.stream} 第 {self.before} 版 → 第 {self.after} 版"
        for found in self.differences:
            yield f"  {found.title}: {found.before_title} → {found.after_title}"
        yield f"共 {len(self.differences)} 处不同"


async def replay_case(settings: Settings, case: str, vantage: Vantage) -> Timeline:
    """The timeline of a case, its chain recomputed on the way. Raises `UnknownCase` or `BrokenChain`."""
    from domain.nouns import DECIDERS
    from domain.reading.timeline import Reading, tell
    from domain.record.ids import kind_of
    from infra.postgres.cases.chronicle import Chronicle

    async with serving_engine(settings) as engine:
        rows, chronicle = await read_history(engine, case), Chronicle(engine)
        refusals, departments = await chronicle.refusals(case), await chronicle.departments()
    return tell(DECIDERS[kind_of(case)], case, rows, refusals, vantage, Reading(departments=departments))


async def compare_case(settings: Settings, case: str, before: str, after: str) -> Compared:
    """What differs between two points. Raises `Malformed`, `UnknownCase`, `NotYetKnown` or `BrokenChain`."""
    from domain.nouns import DECIDERS
    from domain.reading.differences import Point, differences
    from domain.reading.timeline import Reading
    from domain.record.envelope import check_chain
    from domain.record.ids import kind_of
    from infra.postgres.cases.chronicle import Chronicle

    earlier, later = Point.of(before, "from"), Point.of(after, "to")
    async with serving_engine(settings) as engine:
        rows, departments = await read_history(engine, case), await Chronicle(engine).departments()
    check_chain(rows)
    older, newer = earlier.known(rows), later.known(rows)
    found = differences(DECIDERS[kind_of(case)], older, newer, Reading(departments=departments))
    return Compared(case, older[-1].version, newer[-1].version, found)


async def explain_clock(settings: Settings, clock: str) -> Explanation:
    """A clock `<case>.<clock>` explained. Raises `UnknownCase`, `UnknownClock` or `BrokenChain`."""
    from domain.nouns import DECIDERS
    from domain.reading.timeline import Reading
    from domain.record.envelope import check_chain
    from domain.record.ids import kind_of
    from domain.time.why import explain as explain_deadline
    from infra.postgres.cases.chronicle import Chronicle
    from infra.reference.packs import find_pack

    case, _, name = clock.partition(".")
    async with serving_engine(settings) as engine:
        rows, departments = await read_history(engine, case), await Chronicle(engine).departments()
    check_chain(rows)
    reading, pack = Reading(departments=departments), find_pack(settings.rules_pack)
    return explain_deadline(DECIDERS[kind_of(case)], case, name, rows, pack, datetime.now(UTC), reading)


def _explanation_lines(explanation: Explanation) -> Iterator[str]:
    """An explanation as lines for people: the sentence, then what can be checked on a wall calendar, then the marks."""
    from domain.value import local

    yield explanation.sentence
    yield "计算:"
    yield from (f"  {step.first} {step.text}" for step in explanation.steps)
    if explanation.provisional_because:
        yield f"暂定: {explanation.provisional_because}"
    yield "经过:"
    yield from (f"  {local(moment.at)} {moment.title}  {moment.text}" for moment in explanation.happened)
    if explanation.citation and explanation.citation.effect:
        yield f"期满后果: {explanation.citation.effect}"
    if explanation.citation and explanation.citation.note:
        yield f"规则说明: {explanation.citation.note}"
