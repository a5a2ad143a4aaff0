"""`make oracle`: random histories of clocks by the hundred thousand, each lived by both implementations, on all cores.

A history is its seed, so the seeds printed tell everything again. The exit code is 1 when any history differed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from typing import NamedTuple

from tests.domain.time.clock_histories import History

HISTORIES = 100_000
CHUNK = 100
SHOWN = 10
"""How many of the histories that differ are shown."""


class Lived(NamedTuple):
    """What came of some histories."""

    histories: int
    comparisons: int
    faults: tuple[str, ...]


def live(seeds: range) -> Lived:
    """Tell the histories of these seeds."""
    comparisons, faults = 0, []
    for seed in seeds:
        try:
            comparisons += History(seed).tell()
        except Exception as fault:  # an implementation that fails differs from the other
            faults.append(f"seed {seed}: {fault!r}")
    return Lived(len(seeds), comparisons, tuple(faults))


def main() -> None:
    """Tell them all and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.domain.time.oracle", description=__doc__)
    parser.add_argument("--histories", type=int, default=HISTORIES)
    parser.add_argument("--first", type=int, default=0, help="the first seed; the others follow it")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.histories)
    processes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"seeds {seeds.start}..{seeds.stop - 1} in {processes} processes", flush=True)
    begun, told, comparisons, faults = time.monotonic(), 0, 0, list[str]()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for lived in pool.imap_unordered(live, [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]):
            told, comparisons = told + lived.histories, comparisons + lived.comparisons
            faults += lived.faults
            if told * 20 // len(seeds) > (told - lived.histories) * 20 // len(seeds):
                print(f"{told / len(seeds):4.0%}  {told:>7} histories  {len(faults)} differ", flush=True)
    for fault in sorted(faults)[:SHOWN]:
        print(fault)
    seconds = time.monotonic() - begun
    print(
        f"{told} histories (seeds {seeds.start}..{seeds.stop - 1}), {comparisons} comparisons, "
        f"{len(faults)} differ; {seconds:.0f} s on {processes} processors"
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
