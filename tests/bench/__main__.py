"""`python -m tests.bench [--quick]`: every part in turn, each in a process of its own; ends with a table of them.

A part alone, with more to choose: `python -m tests.bench.lists --help`. The first one that breaks ends the run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

PARTS = ("service", "lists", "search", "exports", "clocks", "oversight", "months", "calendars")


def main() -> int:
    """Run all parts. A missed aim is told, and is no failure of the run; a part that breaks is."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that every part works")
    asked = ["--quick"] if parser.parse_args().quick else []
    seconds: dict[str, float] = {}
    for part in PARTS:
        print(f"\n{part}", flush=True)
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", f"tests.bench.{part}", *asked], check=False)
        if done.returncode:
            print(f"{part} broke (exit code {done.returncode})", file=sys.stderr)
            return 1
        seconds[part] = time.perf_counter() - begun
    print(f"\n{'part':<12} {'seconds':>8}")
    print("\n".join(f"{part:<12} {took:>8.1f}" for part, took in (*seconds.items(), ("all", sum(seconds.values())))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
