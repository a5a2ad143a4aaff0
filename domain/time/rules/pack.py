"""A pack of rules: the row for a case on a day, and what a pack guarantees."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from domain.time.rules.checks import pack_faults, row_faults
from domain.time.rules.rows import EVERY_CASE, NO_CIRCUMSTANCES, Circumstances, ClockKind, Rule, RuleMissing
from domain.time.rules.terms import Text
from domain.value import Value


class RulePack(Value):
    """A named, versioned set of rules: for every case one row of every kind it is asked for, on every day.

    Beside the rows for everyone, narrower ones may stand; at most one of each scope is in force on a day.
    """

    name: Text
    version: Text
    rules: tuple[Rule, ...]

    @property
    def ref(self) -> str:
        """`name@version`, as clocks remember it."""
        return f"{self.name}@{self.version}"

    def rule_for(
        self,
        kind: ClockKind,
        on: date,
        department: str,
        given: Circumstances = NO_CIRCUMSTANCES,
        among: Collection[str] | None = None,
    ) -> Rule | None:
        """The row for a department and a case on a date in Asia/Shanghai; None when none asks for such a clock.

        `among`: only rows with these ids. Raises RuleMissing before the first row of a kind that every case is asked
        for.
        """
        found = self._in_force(kind, on, department, given, among)
        while found is not None and _keeps_the_row_before(found, given):
            before = self._in_force(kind, found.effective_from - timedelta(days=1), department, given, among)
            if before is None:
                break
            found = before
        if found is None and kind in EVERY_CASE:
            raise RuleMissing(self.ref, kind, on)
        return found

    def _in_force(
        self, kind: ClockKind, on: date, department: str, given: Circumstances, among: Collection[str] | None
    ) -> Rule | None:
        rows = (rule for rule in self._by_kind.get(kind, ()) if rule.in_force(on) and rule.binds(department, given))
        return next((rule for rule in rows if among is None or rule.id in among), None)

    @property
    def kinds(self) -> Collection[ClockKind]:
        """The kinds of clocks that rows speak of."""
        return self._by_kind

    @cached_property
    def asking(self) -> tuple[Rule, ...]:
        """The rows that can ask something of a case."""
        return tuple(rule for rule in self.rules if rule.opening)

    @cached_property
    def _by_kind(self) -> dict[ClockKind, list[Rule]]:
        """The rows of each kind, what comes first before the others."""
        rows: dict[ClockKind, list[Rule]] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.precedence, reverse=True):
            rows.setdefault(rule.kind, []).append(rule)
        return rows

    def model_post_init(self, _context: Any, /) -> None:
        """Refuse what is not whole, once: a validator would run again for each fact that names the pack."""
        for rule in self.rules:
            for fault in row_faults(rule):
                raise ValueError(f"{rule.id}: {fault}")
        for _, fault in pack_faults(self.rules):
            raise ValueError(fault)


def _keeps_the_row_before(rule: Rule, given: Circumstances) -> bool:
    """Whether the transition clause leaves the case to the row that was in force when it was received."""
    received_on = given.received_on
    return rule.transition == "received" and received_on is not None and received_on < rule.effective_from
