"""What pydantic finds wrong with a rule file, in Chinese for whoever writes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

_SAID: Mapping[str, str] = {
    "missing": "缺少",
    "extra_forbidden": "没有这个字段",
    "literal_error": "只能是 {expected}",
    "union_tag_invalid": "day 只能是 {expected_tags}",
    "union_tag_not_found": "缺少 day",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "int_type": "须为整数",
    "string_type": "须为文字",
    "string_too_short": "不能为空",
    "bool_type": "须为 true 或者 false",
    "date_type": "须为不带引号的日期，如 2026-04-15",
    "tuple_type": "须为列表",
    "model_type": "须为表",
    "model_attributes_type": "须为表",
}
"""By the types of pydantic's errors."""


def said(error: ValidationError) -> Iterator[str]:
    """Each fault with the field it lies in."""
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        reason = _reason(fault["type"], fault.get("ctx", {}), fault["msg"])
        yield f"{place}: {reason}" if place else reason


def _reason(kind: str, context: Mapping[str, Any], message: str) -> str:
    template = _SAID.get(kind)
    return template.format_map(context) if template else message.removeprefix("Value error, ")
