"""A deadline rule as people cite it: how long, on what ground, how sure, whom it binds. In Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES
from domain.record.registry import REGISTRY
from domain.time.clock_titles import CLOCK_VALUES
from domain.time.rules import Certainty, DocumentDate, Length, Promptly, Rule, RulePack, Standing, Term, YearlyDate
from domain.time.steps import UNITS
from domain.value import Value


class Citation(Value):
    """A rule with its legal ground. `confirmed`: the number was read in the text itself (certainty S)."""

    rule: str
    title: str
    length: str
    source: tuple[str, ...]
    instrument: str | None
    article: str | None
    certainty: Certainty
    certainty_title: str
    confirmed: bool
    standing: Standing
    standing_title: str
    effect: str
    """What the law attaches to the expiry, in words; empty where nothing follows by itself."""
    effective_from: date
    effective_to: date | None
    pack: str
    """Where it was read, as name@version: the pack in force now, also for a clock that began under an older one."""
    note: str

    @classmethod
    def of(cls, rule: Rule, pack: RulePack) -> Self:
        """The citation of a row."""
        return cls(
            rule=rule.id,
            title=rule.title,
            length=length_told(rule.length),
            source=rule.source,
            instrument=rule.instrument,
            article=rule.article,
            certainty=rule.certainty,
            certainty_title=CLOCK_VALUES["certainty"][rule.certainty],
            confirmed=not rule.unconfirmed,
            standing=rule.standing,
            standing_title=CLOCK_VALUES["standing"][rule.standing],
            effect=rule.effect,
            effective_from=rule.effective_from,
            effective_to=rule.effective_to,
            pack=pack.ref,
            note=rule.note,
        )

    @property
    def told(self) -> str:
        """`法定，《……》第十八条（SAM-01），已核对原文`."""
        return f"{self.standing_title}，{self._ground}{self.certainty_title}"

    @property
    def _ground(self) -> str:
        """Nothing for a product default."""
        if self.instrument is None:
            return ""
        return f"《{self.instrument}》{self.article or ''}（{'、'.join(self.source)}），"


def length_told(term: Term) -> str:
    """`15个工作日`, `90个自然日（末日为休息日的顺延）`, `及时`."""
    match term:
        case Length():
            return f"{term.amount}{UNITS[term.day]}{'（末日为休息日的顺延）' if term.roll else ''}"
        case DocumentDate():
            return "文书载明的日期"
        case YearlyDate():
            return f"每年{term.month}月{term.day_of_month}日"
        case Promptly():
            return "及时（未定天数）"


def scope_told(rule: Rule) -> str:
    """Whom a row binds: `部门类别 market，诉求类别 投诉`."""
    parts = (
        ("行政区划", rule.region),
        ("部门类别", rule.trade),
        ("诉求类别", _named(CATEGORY_NAMES, rule.category)),
        ("来源渠道", _named(CHANNEL_NAMES, rule.channel)),
    )
    return "，".join(f"{name} {value}" for name, value in parts if value) or "所有案件"


def period_told(rule: Rule) -> str:
    """`2020-01-01 至 2026-04-14`, `2026-04-15 起`."""
    return f"{rule.effective_from} 至 {rule.effective_to}" if rule.effective_to else f"{rule.effective_from} 起"


def event_told(name: str, rule: Rule) -> str:
    """The title of an event that a row speaks of; of one the service does not have yet, that it is to come."""
    return REGISTRY.title_of(name) if REGISTRY.knows(name) else f"{rule.waits_for[name]}（待建）"


def _named(names: Mapping[Any, str], code: str | None) -> str | None:
    return None if code is None else names.get(code, code)
