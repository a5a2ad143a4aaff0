"""Every timeout, retry policy and bound of the processes. No such number stands anywhere else in `workflows`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio.common import RetryPolicy

from activities.effects import EFFECTS

PROCESS_REVISION = 1
"""Raise it with every change that makes recorded histories replay differently (tests/golden tells). A revision has
a task queue of its own; `xiezhi recover --revision` restarts older processes on it from the record."""


def task_queue(revision: int = PROCESS_REVISION) -> str:
    """The queue on which workers of one revision listen."""
    return f"xiezhi-r{revision}"


@dataclass(frozen=True)
class ActivityOptions:
    """How one kind of activity is tried. Without `schedule_to_close` it is tried for ever."""

    start_to_close: timedelta
    retry: RetryPolicy
    schedule_to_close: timedelta | None = None
    heartbeat: timedelta | None = None
    """For long ones: how long a worker may be silent before another one takes over."""


RECORD = ActivityOptions(
    start_to_close=timedelta(seconds=10),
    retry=RetryPolicy(
        initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
    ),
)
"""The record is the ground a process stands on: it waits for it as long as it takes. One try takes milliseconds; when
its worker was killed, this is how long until another one takes over."""

EFFECT = ActivityOptions(
    start_to_close=timedelta(seconds=15),
    retry=RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=5)
    ),
    schedule_to_close=timedelta(hours=24),
)
"""An effect that failed for a day is given up and recorded as a dead letter, for people to see."""

LONG_EFFECT = ActivityOptions(
    start_to_close=timedelta(hours=1),
    retry=RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(minutes=1)
    ),
    schedule_to_close=timedelta(hours=24),
    heartbeat=timedelta(seconds=10),
)
"""An effect that makes a file out of many rows."""


def of_effect(kind: str) -> ActivityOptions:
    """How an effect of this kind is tried."""
    return LONG_EFFECT if EFFECTS[kind].long else EFFECT


TOO_EARLY_PAUSE = timedelta(seconds=1)
TOO_EARLY_LONGEST = timedelta(minutes=5)
"""When the record's clock lags behind Temporal's: ask again after a pause that doubles up to the longest."""

REFUSALS_BORNE = 2
"""So often the record may say no to the same alarm at one version before the process stops asking and calls people."""


def too_early_pause(attempt: int) -> timedelta:
    """How long to wait before the next attempt."""
    return min(TOO_EARLY_PAUSE * (1 << min(attempt, 16)), TOO_EARLY_LONGEST)
