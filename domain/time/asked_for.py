"""Which clocks a case is asked for: the rows of the rule pack say it, from what has happened and who owes what.

A row is open while the latest of its `starts` is later than the latest of its `stops`. The same for every kind of case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from domain.time.rules import Circumstances, ClockKind, Rule, RulePack
from domain.time.rules.rows import Debtor
from domain.time.rules.seen import Seen


class Wanted(NamedTuple):
    """A clock that is asked for: its kind, the department that owes it, and what it is about where there are several.

    `until`: the date a document names, instead of the rule's length.
    """

    kind: ClockKind
    owed_by: str
    about: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Debtors:
    """Who owes the clocks of a case now, by what `owed_by` of a row says."""

    lead: str | None = None
    """The department that has the case."""
    office: str | None = None
    """The dispatching office; it owes what rows ask of it only while no department has the case."""
    party: str | None = None
    named: tuple[Wanted, ...] = ()
    """What steps asked of somebody they name; whether it is owed still, rows say."""

    @property
    def everyone(self) -> frozenset[str | None]:
        """All of them."""
        return frozenset((self.lead, self.office, self.party, *(named.owed_by for named in self.named)))

    def owing(self, debtor: Debtor) -> str | None:
        """Who owes what a row asks of this debtor."""
        match debtor:
            case "lead":
                return self.lead
            case "office":
                return self.office if self.lead is None else None
            case "holder":
                return self.lead or self.office
            case "party":
                return self.party
            case "named":
                return None


Asked = Mapping[Wanted, Collection[str]]
"""What is asked of a case, each with the ids of the rows that ask it."""


def asked_for(pack: RulePack, seen: Seen, debtors: Debtors, given: Circumstances) -> Asked:
    """What the rows of a pack ask, in their order: every row that is open for whom it binds.

    Whether a row is in force matters only when a clock starts: what runs then runs to its end.
    """
    asked: dict[Wanted, list[str]] = {}
    for rule in pack.asking:
        for want in _open_wants(rule, seen, debtors):
            if rule.binds(want.owed_by, given):
                asked.setdefault(want, []).append(rule.id)
    return asked


def _open_wants(rule: Rule, seen: Seen, debtors: Debtors) -> Sequence[Wanted]:
    """What an open row asks of whom. What a step named is judged by what happened to it, to its debtor and to the whole
    case."""
    if rule.owed_by == "named":
        named = (want for want in debtors.named if want.kind == rule.kind)
        return [want for want in named if _is_open(rule, seen, (want.about, want.owed_by))]
    debtor = debtors.owing(rule.owed_by) if _is_open(rule, seen) else None
    return [Wanted(rule.kind, debtor)] if debtor is not None else ()


def _is_open(rule: Rule, seen: Seen, about: tuple[str | None, ...] = ()) -> bool:
    """Whether the latest event that starts a clock of this row is later than the latest that stops it."""
    started = seen.last(rule.opening, about)
    return started > 0 and started > seen.last(rule.closing, about)
