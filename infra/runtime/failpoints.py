"""Tests only: places at which a process stops as if it had been killed. Without `XIEZHI_FAILPOINT` they are a no-op.

`XIEZHI_FAILPOINT=name` stops at the first arrival, `name:3` at the third, `name:1:/path/once` only while that file does
not exist, which the stop creates: so a process that is started again gets past.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

KILLED = 137
"""What a shell reports for SIGKILL."""

NAMES = (
    "deliver.before_signal",  # recorded, its process does not know yet
    "relay.after_signal",  # its process knows, the outbox row still there
    "record.committed",  # what time brought is recorded, the process not yet answered
    "feedback.deposited",  # handed over outside, not yet marked
    "postman.after_send",  # a letter handed over, its row not yet settled
    "ask.answered",  # another stream has answered, not yet written down
    "export.made",  # the file in its place, not yet recorded
)


def failpoints(setting: str) -> Callable[[str], None]:
    """What to call at a named place; does nothing at all when nothing is set."""
    if not setting:
        return _pass
    name, count, once = [*setting.split(":", 2), "", ""][:3]
    if name not in NAMES:
        raise ValueError(f"XIEZHI_FAILPOINT names no failpoint: {name}. There are: {', '.join(NAMES)}")
    return _Armed(name, int(count or 1), Path(once) if once else None)


def _pass(_name: str) -> None:
    return


class _Armed:
    def __init__(self, name: str, count: int, once: Path | None) -> None:
        self._name, self._left, self._once = name, count, once

    def __call__(self, name: str) -> None:
        if name != self._name or (self._once is not None and self._once.exists()):
            return
        self._left -= 1
        if self._left == 0:
            if self._once is not None:
                self._once.touch()
            os._exit(KILLED)
