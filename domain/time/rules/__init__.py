"""Deadline rules as dated data. Rows are TOML files beside this module.

Ids such as SAM-01 in `source` are those of `docs/statutory-status.md`, which says what became of each legal rule.
"""

from domain.time.rules.loading import RulePackInvalid, load_pack, pack_names, parse_pack
from domain.time.rules.pack import RulePack
from domain.time.rules.rows import (
    EVERY_CASE,
    NO_CIRCUMSTANCES,
    Certainty,
    Circumstances,
    ClockKind,
    Rule,
    RuleMissing,
    Standing,
)
from domain.time.rules.terms import (
    RUNNING,
    Act,
    Approver,
    DayType,
    DocumentDate,
    Grade,
    Length,
    PauseGround,
    Promptly,
    Recipient,
    Rung,
    Term,
    Terms,
    YearlyDate,
)

__all__ = [
    "EVERY_CASE",
    "NO_CIRCUMSTANCES",
    "RUNNING",
    "Act",
    "Approver",
    "Certainty",
    "Circumstances",
    "ClockKind",
    "DayType",
    "DocumentDate",
    "Grade",
    "Length",
    "PauseGround",
    "Promptly",
    "Recipient",
    "Rule",
    "RuleMissing",
    "RulePack",
    "RulePackInvalid",
    "Rung",
    "Standing",
    "Term",
    "Terms",
    "YearlyDate",
    "load_pack",
    "pack_names",
    "parse_pack",
]
