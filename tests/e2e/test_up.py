"""`xiezhi up` for real, in a scratch folder: what it shows and tells, how it stops, resumes and keeps parts alive."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.messages import REPOSITORY
from tests.support.servers import server_folder
from tests.support.stack import PROGRAM, clean_environment, until

START_SECONDS = 120.0


@dataclass
class Up:
    """A running `xiezhi up`."""

    process: asyncio.subprocess.Process
    data: Path
    output: Path

    def told(self) -> dict[str, Any]:
        """What stands in `stack.json` now."""
        try:
            told: dict[str, Any] = json.loads((self.data / "stack.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told

    async def running(self) -> bool:
        if self.process.returncode is not None:
            pytest.fail(f"xiezhi up ended with {self.process.returncode}:\n{self.output.read_text()[-3000:]}")
        told = self.told()
        return told.get("state") == "running" and told["supervisor"]["pid"] == self.process.pid

    async def shown(self) -> bool:
        """Whether the closing block stands in the output to its last line."""
        return "Ctrl-C" in self.output.read_text(encoding="utf-8", errors="replace")

    async def stop(self) -> int:
        """Ctrl-C, as the terminal sends it."""
        os.kill(self.process.pid, signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), 90)


@asynccontextmanager
async def up(data: Path, output: Path, *options: str) -> AsyncIterator[Up]:
    """Start it and wait until it says that it runs."""
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "up",
            "--data-dir",
            str(data),
            *options,
            cwd=data.parent,
            env={**clean_environment(), "PYTHONPATH": str(REPOSITORY)},
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    started = Up(process, data, output)
    try:
        await until(started.running, "the stack runs", seconds=START_SECONDS)
        await until(started.shown, "the closing block", seconds=START_SECONDS)
        yield started
    finally:
        if process.returncode is None:
            await started.stop()


async def _clues(told: dict[str, Any]) -> set[str]:
    """The clues every dispatcher among the demo accounts sees."""
    passwords = {entry["account"]: entry["password"] for entry in told["demo_accounts"]}
    found: set[str] = set()
    async with httpx.AsyncClient(base_url=f"{told['urls']['api']}/api/v1", trust_env=False, timeout=20) as http:
        for account in (name for name in passwords if name.startswith("dispatcher.")):
            login = await http.post("/token", json={"account": account, "password": passwords[account]})
            headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
            found |= {row["id"] for row in (await http.get("/clues", headers=headers)).json()["items"]}
    return found


@pytest.mark.timeout(400)
async def test_given_an_empty_folder_when_started_stopped_and_started_again_then_everything_is_still_there(
    tmp_path: Path,
) -> None:
    with server_folder() as folder:
        data = folder / "data"
        async with up(data, tmp_path / "first") as first:
            told = first.told()
            shown = (tmp_path / "first").read_text(encoding="utf-8", errors="replace")
            for said in (
                told["urls"]["api"],
                told["urls"]["temporal_ui"],
                told["demo_accounts"][0]["account"],
                "Ctrl-C",
            ):
                assert said in shown, f"{said} is missing in the closing block:\n{shown}"
            assert told["data_dir"] == str(data)
            samples = await _clues(told)
            assert samples, "the first start brings sample cases"
            pids = [mark["pid"] for mark in told["processes"].values()]
            assert len(pids) == 4 and all(psutil.pid_exists(pid) for pid in pids)
            await _killed_part_comes_back(first, "api")
            await _killed_part_comes_back(first, "worker")
            pids += [mark["pid"] for mark in first.told()["processes"].values()]
            assert await first.stop() == 0
        assert not (data / "stack.json").exists()
        assert not [pid for pid in pids if psutil.pid_exists(pid)], "a part outlived the stack"

        begun = time.monotonic()
        async with up(data, tmp_path / "second") as second:
            print(f"second start: {time.monotonic() - begun:.1f} s")
            assert await _clues(second.told()) == samples
            assert await second.stop() == 0


async def _killed_part_comes_back(running: Up, part: str) -> None:
    """kill -9 a part by its pid in stack.json; the supervisor starts another."""
    before = running.told()["processes"][part]["pid"]
    os.kill(before, signal.SIGKILL)

    async def replaced() -> bool:
        now = running.told().get("processes", {}).get(part, {}).get("pid")
        return now not in (None, before) and await running.running()

    await until(replaced, f"{part} is started again", seconds=60)


async def test_given_a_running_stack_when_started_again_in_the_same_folder_then_it_is_refused(tmp_path: Path) -> None:
    with server_folder() as folder:
        async with up(folder / "data", tmp_path / "first", "--empty") as first:
            assert await _clues(first.told()) == set()
            process = await asyncio.create_subprocess_exec(
                *PROGRAM,
                "up",
                "--data-dir",
                str(folder / "data"),
                env=clean_environment(),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            printed, _ = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 1
            assert str(first.process.pid) in printed.decode()
