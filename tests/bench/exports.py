"""`python -m tests.bench.exports [--rows 50000]`: how long a list takes to become a file, and how much memory.

Clues without histories are copied into a database of its own; the maker then runs as in the worker, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import threading
import time
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.export.state import Order
from infra.files.exported_lists import ExportFolder, ListMaker, MadeFile
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from infra.runtime.exit import run_and_leave
from tests.bench.sizes import asked_of
from tests.bench.stock import fill
from tests.support.record import demo, prepared
from tests.support.servers import running_postgres

SUPERVISOR = demo("supervisor.370102")
DISTRICTS = 3
"""The stock spreads over so many; the supervisor sees one."""
_TITLES = text(
    "INSERT INTO vault (ref, stream, field, salt, text) "
    "SELECT gen_random_uuid(), stream, 'title', '\\x00', '某烧烤店占道经营并排放油烟 ' || number FROM cases"
)


class Peak:
    """The most memory this process held inside, beyond what it held before, in MiB."""

    def __enter__(self) -> Peak:
        self._process, self._over = psutil.Process(), threading.Event()
        self.before = self.most = self._process.memory_info().rss
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    @property
    def mib(self) -> float:
        """How much more."""
        return (self.most - self.before) / 2**20

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)


async def bench(rows: int) -> None:
    """Make the same list in both forms and say what it took."""
    async with running_postgres() as postgres:
        url = postgres.create_database()
        await prepared(url)
        await fill(url, rows * DISTRICTS, texts=False)
        engine = create_engine(url)
        async with session(engine) as opened:
            await opened.run(_TITLES)
        with tempfile.TemporaryDirectory() as folder:
            await _measure(engine, Path(folder), rows)
        await engine.dispose()


async def _measure(engine: AsyncEngine, folder: Path, rows: int) -> None:
    maker = ListMaker(engine, ExportFolder(folder), rows * 2)
    for form in ("csv", "xlsx"):
        order = _order(form)
        with Peak() as peak:
            begun, worked = time.perf_counter(), time.process_time()
            made = await maker.make(f"export-{'0' * 32}", order)
            seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
        told = f"{made.rows} rows, {made.size / 2**20:.1f} MiB" if isinstance(made, MadeFile) else made
        print(f"{form:<5} {told}: {seconds:.1f} s ({cpu:.1f} s of CPU here), {peak.mib:.0f} MiB more memory at most")
    print(f"highest resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _order(form: str) -> Order:
    return Order.model_validate(
        {
            "account": SUPERVISOR.account,
            "department": SUPERVISOR.department,
            "region": SUPERVISOR.region,
            "requested_at": "2026-11-23T02:00:00Z",
            "form": form,
            "filters": {},
            "search": None,
            "purpose": "statistics",
        }
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exports", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    asyncio.run(bench(asked_of(parser, rows=200).rows))
    return 0


if __name__ == "__main__":
    run_and_leave(main)
