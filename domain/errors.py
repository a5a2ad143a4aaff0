"""What can go wrong, as types.

    Refused                 a value: the rule says no, and which rule (kept in the record of commands)
    XiezhiError             an exception: the request cannot be decided at all
    ├── Malformed           the body does not fit the command's schema
    ├── UnknownCommand      no such command for this kind of case
    ├── UnknownCase         no such stream
    ├── UnknownClock        no such deadline of a case
    ├── KeyReused           this idempotency key was used with another body
    ├── PreconditionFailed  If-Match names a state that is no longer current
    ├── Conflict            another writer was first (retried by the handler)
    ├── UnknownEvent        the record holds an event this build cannot read
    ├── BrokenChain         the record does not hash to what its head says
    ├── CalendarMissing     a calendar is in force whose days are not kept (domain/time/calendar)
    ├── RuleMissing         no deadline rule for that kind and day (domain/time/rules)
    └── RulePackInvalid     a rule file breaks a check, with file and row (domain/time/rules)

Codes are stable; only the API knows status numbers. Texts for people are Simplified Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.value import Value


class Refused(Value):
    """A command a rule forbids. `code` names the rule, `detail` tells the person what to do instead.

    `params` never repeats what was submitted: a refusal is kept, and the caller may have put a phone number anywhere.
    """

    code: str
    detail: str
    params: Mapping[str, str] = {}


class XiezhiError(Exception):
    """Base of every typed failure; `code` is stable and safe to show, log and send."""

    code = "error"


class Malformed(XiezhiError):
    """The body does not fit; `problems` holds place and reason, never the rejected value."""

    code = "malformed"

    def __init__(self, problems: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("请求内容不符合要求")
        self.problems = tuple(problems)


class UnknownCommand(XiezhiError):
    code = "unknown_command"


class UnknownCase(XiezhiError):
    code = "unknown_case"


class UnknownClock(XiezhiError):
    code = "unknown_clock_id"


class KeyReused(XiezhiError):
    code = "key_reused"


class PreconditionFailed(XiezhiError):
    code = "precondition_failed"

    def __init__(self, current: str) -> None:
        super().__init__("案件状态已变化,请刷新后重试")
        self.current = current


class Conflict(XiezhiError):
    code = "conflict"


class UnknownEvent(XiezhiError):
    code = "unknown_event"


class BrokenChain(XiezhiError):
    code = "broken_chain"
