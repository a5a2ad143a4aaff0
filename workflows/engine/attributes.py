"""The search attributes of a process, in one list: plain text in Temporal, so codes and numbers only.

They lag behind the run; nothing is decided on them but which process to ask.
"""

from __future__ import annotations

from typing import Any, TypeVar

from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

from workflows.options import PROCESS_REVISION

STAGE = SearchAttributeKey.for_keyword("XiezhiStage")
DEPARTMENT = SearchAttributeKey.for_keyword("XiezhiDepartment")
VERSION = SearchAttributeKey.for_int("XiezhiVersion")
REVISION = SearchAttributeKey.for_int("XiezhiRevision")

KEYS: tuple[SearchAttributeKey[str] | SearchAttributeKey[int], ...] = (STAGE, DEPARTMENT, VERSION, REVISION)


Kind = TypeVar("Kind", str, int)


def at_start(stage: str, department: str, version: int) -> TypedSearchAttributes:
    """What a process shows from its first moment; a running one keeps what it has."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(STAGE, stage),
            SearchAttributePair(DEPARTMENT, department),
            SearchAttributePair(VERSION, version),
            SearchAttributePair(REVISION, PROCESS_REVISION),
        ]
    )


def changes(
    shown: TypedSearchAttributes, stage: str, department: str, version: int
) -> list[SearchAttributeUpdate[Any]]:
    """What differs from what is shown; empty when nothing does."""
    return [*_change(shown, STAGE, stage), *_change(shown, DEPARTMENT, department), *_change(shown, VERSION, version)]


def _change(
    shown: TypedSearchAttributes, key: SearchAttributeKey[Kind], value: Kind
) -> tuple[SearchAttributeUpdate[Any], ...]:
    return () if shown.get(key) == value else (key.value_set(value),)
