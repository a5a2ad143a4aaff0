"""Deadline rules as dated data: one row, whom it binds, and the pack that chooses among rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Literal, get_args

from domain.errors import XiezhiError
from domain.people.actors import region_prefix
from domain.time.rules.terms import Day, Terms, Text
from domain.value import Value

EveryCase = Literal["dispatch", "sign_for", "handling", "feedback", "archive", "oversight"]
"""What every clue is asked for somewhere in its life: 分办, 签收, 核查处理, 反馈, 归档, 督办答复."""
SomeCases = Literal[
    "acceptance",
    "mediation",
    "mediation_notice",
    "answer",
    "result_report",
    "information_check",
    "jurisdiction",
    "designation",
    "coordination",
    "transfer",
    "crime_transfer",
    "filing",
    "preservation",
    "urgent_approval",
    "assistance",
    "legal_review",
    "statement",
    "hearing_request",
    "decision",
    "simple_handover",
    "service",
    "announcement",
    "payment",
    "demand",
    "closing",
    "publication",
    "publication_push",
    "local_publication",
    "publication_withdrawal",
    "display",
    "short_display",
    "enforcement_publication",
    "disclosure",
]
"""What only some cases are asked for, where a row says so; `domain.time.clock_titles.CLOCKS` has each in Chinese."""
ClockKind = Literal[EveryCase, SomeCases]
"""What a clock waits for."""

EVERY_CASE: tuple[ClockKind, ...] = get_args(EveryCase)

Certainty = Literal["S", "S2", "M", "X", "P"]
"""S: text read. S2: second hand. M: from memory. X: sources conflict. P: product default without a legal source."""

Standing = Literal["statutory", "promised", "internal"]
"""Whether the law, a public promise or only the house asks for it."""

Debtor = Literal["lead", "office", "holder", "named", "party"]
"""Who owes a clock: the lead department; the region's dispatching office, while none leads; the holder, whichever of
these answers for the case; the department a step names; the party to the case (当事人), whose lateness is nobody's."""


class RuleMissing(XiezhiError):
    """The pack has no rule of that kind for that day."""

    code = "rule_missing"

    def __init__(self, pack: str, kind: str, on: date) -> None:
        super().__init__(f"规则包 {pack} 没有 {on} 生效的 {kind} 规则")
        self.pack, self.kind, self.on = pack, kind, on


class Circumstances(Value):
    """What a row may ask of a case: where it came from, what it is about, and the day it was received in Shanghai."""

    channel: str | None = None
    category: str | None = None
    received_on: date | None = None


NO_CIRCUMSTANCES = Circumstances()


class Rule(Terms):
    """One dated row: how long a clock of one kind runs, on what ground, and what happens around its end.

    It binds everyone, or only what all of these say: `trade` the kind of department (`market` in `370102.market`),
    `region` a GB/T 2260 code with its subtree, `channel`, `category`. `starts` and `stops` are the events between which
    a clock of this row runs; `owed_by` says whose it is. `waits_for`: those of them that nothing records yet, each
    with the name of the step that will. `effect`: what the law attaches to the expiry, in words.

    `effective_from` and `effective_to` are both included; a clock takes the row in force on the day it starts. With the
    transition `received`, cases received before `effective_from` keep the row that was in force until then.

    Ladder, warnings and grades without a source are product defaults (P), also under a statutory length.
    """

    id: Text
    kind: ClockKind
    trade: Text | None = None
    region: Text | None = None
    channel: Text | None = None
    category: Text | None = None
    title: Text
    source: tuple[Text, ...] = ()
    instrument: Text | None = None
    article: Text | None = None
    certainty: Certainty
    standing: Standing
    starts: tuple[Text, ...]
    stops: tuple[Text, ...]
    waits_for: Mapping[Text, Text] = {}
    owed_by: Debtor
    effect: str = ""
    ladder_note: str = ""
    note: str = ""
    effective_from: Day
    effective_to: Day | None = None
    transition: Literal["start", "received"] = "start"

    @cached_property
    def opening(self) -> tuple[str, ...]:
        """The events that start a clock, none while the row waits for steps to be built.

        One that also stands in `stops` only has the case looked at anew.
        """
        return () if self.waiting else tuple(name for name in self.starts if name not in self.stops)

    @cached_property
    def closing(self) -> tuple[str, ...]:
        """The events that stop it."""
        return tuple(name for name in self.stops if name not in self.starts)

    @property
    def waiting(self) -> bool:
        """Whether no step is taken yet that starts such a clock, or none that stops it."""
        coming = self.waits_for.keys()
        return coming >= set(self.starts) or coming >= set(self.stops)

    @property
    def unconfirmed(self) -> bool:
        """Whether a view must say that the number was not read in the legal text itself."""
        return self.certainty != "S"

    @cached_property
    def scope(self) -> tuple[str, str, str, str]:
        """Whom the row binds: region digits, trade, category, channel; an empty text binds all."""
        region = region_prefix(self.region) if self.region else ""
        return region, self.trade or "", self.category or "", self.channel or ""

    @cached_property
    def precedence(self) -> tuple[bool, int, bool, bool, bool]:
        """What is law comes before what is promised or internal; then the narrower row comes first."""
        region, trade, category, channel = self.scope
        return self.standing == "statutory", len(region), bool(trade), bool(category), bool(channel)

    @cached_property
    def terms(self) -> Terms:
        """What travels with a clock."""
        return Terms(**{name: getattr(self, name) for name in Terms.model_fields})

    def binds(self, department: str, given: Circumstances) -> bool:
        """Whether the row is made for this department (code `region.trade`) and such a case."""
        code, _, trade = department.partition(".")
        region, own_trade, category, channel = self.scope
        return (
            code.startswith(region)
            and own_trade in ("", trade)
            and category in ("", given.category)
            and channel in ("", given.channel)
        )

    def in_force(self, on: date) -> bool:
        """Whether the row is in force on that date in Asia/Shanghai."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def __hash__(self) -> int:
        return hash(self.id)
