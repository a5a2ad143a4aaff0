"""Every kind of case, by its noun (the part of a stream's name before the dash)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.clue import CLUE
from domain.decider import Decider

DECIDERS: Mapping[str, Decider[Any]] = {CLUE.kind: CLUE}
