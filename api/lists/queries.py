"""What a list of clues is asked for: one shape for query parameters, saved filters and exports."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from domain.clue.life import StageName
from domain.clue.values import Account, Category, Channel, Department, ExternalId, Region
from domain.errors import Malformed
from domain.lists.search import MAX_QUERY, Search, parse_query
from domain.lists.worklists import AsOf, CannotCombine, CaseFilter, RunningState, Selection, Sort, Worklist, parts_of
from domain.people.actors import Actor
from domain.people.visibility import scope_of, text_scope_of
from domain.time.rules import ClockKind
from domain.value import SHANGHAI

DayOrInstant = AwareDatetime | date


class ListQuery(BaseModel):
    """Conditions on a list of clues. All that are given must hold; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    worklist: Worklist = Field(
        default="stock",
        description="mine: what waits for a step of mine; department: open and my department's; completed; stock: all.",
    )
    stage: list[StageName] = Field(default=[], max_length=30, description="One of these stages.")
    department: Department | None = Field(default=None, description="Who is responsible now.")
    involved: Department | None = Field(default=None, description="Who ever had a part in it.")
    handler: Account | None = None
    region: Region | None = Field(default=None, description="With all regions below it: 370100 includes 370102.")
    channel: Channel | None = None
    category: Category | None = None
    entity: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")] | None = Field(
        default=None, description="Unified social credit code of the regulated entity."
    )
    number: Annotated[str, StringConstraints(pattern=r"^[0-9a-z_-]{1,64}$")] | None = Field(
        default=None, description="The case number."
    )
    external_id: ExternalId | None = Field(default=None, description="The ticket of the source.")
    registered_from: DayOrInstant | None = Field(default=None, description="From this day (Asia/Shanghai) or instant.")
    registered_to: DayOrInstant | None = Field(default=None, description="Before this day (Asia/Shanghai) or instant.")
    clock: RunningState | None = Field(default=None, description="A clock of the case is so now; most urgent first.")
    clock_kind: ClockKind | None = Field(default=None, description="The clock asked for is of this kind.")
    overdue: bool | None = Field(default=None, description="true: as clock=overdue; false: no clock is overdue.")
    sort: Sort | None = Field(default=None, description="due: cases with a clock that runs, most urgent first.")

    def narrowed(self) -> CaseFilter:
        """The filter. Raises `CannotCombine` or `Malformed`."""
        if self.overdue and self.clock not in (None, "overdue"):
            raise CannotCombine("overdue names another state of clocks")
        return CaseFilter(
            worklist=self.worklist,
            stages=tuple(self.stage),
            registered_from=instant_of("registered_from", self.registered_from),
            registered_to=instant_of("registered_to", self.registered_to),
            clock="overdue" if self.overdue else self.clock,
            punctual=self.overdue is False,
            **{name: getattr(self, name) for name in _AS_GIVEN},
        )

    def selection(self, actor: Actor) -> Selection:
        """The list for a reader. Raises `CannotCombine` or `Malformed`."""
        return Selection(scope_of(actor), parts_of(self.worklist, actor), self.narrowed())


_AS_GIVEN = (
    "department", "involved", "handler", "region", "channel", "category", "entity", "number", "external_id",
    "clock_kind", "sort",
)  # fmt: skip


class PageQuery(ListQuery):
    """One page of a list, perhaps searched or as it was."""

    q: str | None = Field(default=None, max_length=MAX_QUERY, description="What a readable text says, or a number.")
    at: AwareDatetime | None = Field(default=None, description="As the cases were known at this recording time.")
    happened: AwareDatetime | None = Field(default=None, description="As the cases stood at this business time.")
    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=200)

    def selection(self, actor: Actor) -> Selection:
        """The list for a reader. Raises `CannotCombine`, `Malformed`, `Unsearchable` or `UseLookup`."""
        if self.at and self.happened:
            raise CannotCombine("a list is seen from one instant")
        instant, axis = self.at or self.happened, "recorded" if self.at else "happened"
        return Selection(
            scope_of(actor),
            parts_of(self.worklist, actor),
            self.narrowed(),
            search=Search(parse_query(self.q), text_scope_of(actor)) if self.q and self.q.strip() else None,
            as_of=AsOf(at=instant, axis=axis) if instant else None,
        )


def instant_of(name: str, given: DayOrInstant | None) -> datetime | None:
    """An instant as it is; a day as its beginning in Shanghai. Raises `Malformed`."""
    if given is None or isinstance(given, datetime):
        return given
    try:
        return datetime.combine(given, time.min, SHANGHAI).astimezone(UTC)
    except OverflowError:
        raise Malformed([{"at": name, "problem": "out_of_range"}]) from None
