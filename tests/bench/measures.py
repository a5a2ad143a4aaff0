"""Numbers and their noise: quantiles, spread between blocks, what other programs took of the processors."""

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

import psutil


@dataclass
class Block:
    """One timed stretch: how many cases and commands, how long each command took, and how long until all was done."""

    cases: int
    commands: int
    answered_seconds: float
    done_seconds: float
    millis: list[float] = field(default_factory=list)
    foreign_cpu: float = 0.0

    @property
    def acknowledged(self) -> float:
        """Cases per second, counted when the last answer was in."""
        return self.cases / self.answered_seconds

    @property
    def processed(self) -> float:
        """Cases per second, counted when nothing was left to do."""
        return self.cases / self.done_seconds


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """Largest over smallest, less one: 0.1 means that blocks of the same thing differed by a tenth."""
    return max(values) / min(values) - 1 if values and min(values) > 0 else 0.0


class ForeignCpu:
    """The share of all processors that programs other than ours (this process and its descendants) took."""

    def __enter__(self) -> "ForeignCpu":
        self.share = 0.0
        self._at, self._all, self._ours = time.monotonic(), _busy(), _own()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        elapsed = (time.monotonic() - self._at) * (psutil.cpu_count() or 1)
        foreign = (_busy() - self._all) - (_own() - self._ours)
        self.share = max(0.0, foreign / elapsed) if elapsed else 0.0


def _busy() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(sum(times)) - float(idle) - float(getattr(times, "guest", 0.0))


def _own() -> float:
    """Seconds of this process, its descendants, and those that have ended and were waited for."""
    me, total = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


def rss(pids: Sequence[int]) -> float:
    """Resident memory of some processes and their descendants, in MiB."""
    total = 0
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            total += sum(member.memory_info().rss for member in (process, *process.children(recursive=True)))
    return total / 2**20
