"""Every kind of stream, by its noun (the part of a stream's name before the dash)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.clue import CLUE
from domain.export import EXPORT
from domain.lookup import LOOKUP
from domain.people.account import ACCOUNT
from domain.record.decider import Decider
from domain.report import REPORT
from domain.rulebook import RULEBOOK

DECIDERS: Mapping[str, Decider[Any]] = {noun.kind: noun for noun in (CLUE, EXPORT, LOOKUP, ACCOUNT, RULEBOOK, REPORT)}
