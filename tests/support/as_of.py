"""Run the tests as of another time: `pytest --as-of 2027-02-08T10:00:00+08:00`, or `make dates`.

From then on it ticks as ever: the clock that Python reads in the test process, that of every database the tests make,
that which processes read in Temporal's histories, and that of programs started by `program()`. Two clocks stay, because
programs of others read them: a server's own (Temporal ends a timer after so many seconds, whatever the date) and the
file system's. A private stack (`tests/support/stack.py`) and `xiezhi up` run on the machine's date as a whole.
"""

from __future__ import annotations

import os
import runpy
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from temporalio.worker import _workflow_instance as running

_VARIABLE = "TESTS_AHEAD_SECONDS"


def ahead() -> timedelta:
    """How far this run is ahead of the machine's clock: nothing, unless it was asked for."""
    return timedelta(seconds=float(os.environ.get(_VARIABLE, "0")))


def start(at: datetime) -> None:
    """From now on it is `at`, here and in what is started from here."""
    os.environ[_VARIABLE] = str((at - datetime.now(UTC)).total_seconds())
    _travel()


def program() -> tuple[str, ...]:
    """The `xiezhi` program for a database whose clock is the run's."""
    return (sys.executable, "-m", "tests.support.as_of" if ahead() else "infra.cli")


def _travel() -> None:
    later = ahead()
    time_machine.travel(datetime.now(UTC) + later, tick=True).start()
    instance: Any = running._WorkflowInstanceImpl
    activate = instance.activate

    def activate_later(self: Any, act: Any) -> Any:
        act.timestamp.FromNanoseconds(act.timestamp.ToNanoseconds() + later // timedelta(microseconds=1) * 1000)
        return activate(self, act)

    instance.activate = activate_later


if __name__ == "__main__":
    _travel()
    runpy.run_module("infra.cli", run_name="__main__")
