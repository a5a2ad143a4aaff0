"""The supervisor behind `xiezhi up`: starts every part in order, keeps all of them alive, or stops the whole.

    PostgreSQL → migrate → seed ┐
    Temporal                    ┴→ worker, API → repair

Each part is waited for by its own health check. What can start side by side does. `DATABASE_URL` or
`TEMPORAL_ADDRESS` in the environment takes the place of the embedded server of that kind.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from infra.runtime.settings import Settings
from infra.stack.children import StartFailed, ending
from infra.stack.commands import Commands
from infra.stack.display import Board
from infra.stack.options import Preparation, UpOptions
from infra.stack.parts import Part, Parts, together
from infra.stack.plan import Plan
from infra.stack.state_file import StackFile

T = TypeVar("T")

REPAIR_AGAIN_SECONDS = 30.0
_WATCH_SECONDS = 0.1


class StopAsked(Exception):
    """Ctrl-C or SIGTERM came while something was being waited for."""


def up(options: UpOptions) -> int:
    """Run the stack until it is asked to stop (0) or cannot go on (1)."""
    return asyncio.run(_run_alone(options, Settings(data_dir=options.data_dir), Board()))


async def _run_alone(options: UpOptions, given: Settings, board: Board) -> int:
    """Run the one stack of a data folder; the return value is the exit code."""
    stopping = asyncio.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(asked, stopping.set)
    data = options.data_dir.absolute()
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o711 if os.geteuid() == 0 else 0o700)  # root's PostgreSQL is another account: it passes through
    file = StackFile(data)
    try:
        with file.held():
            for name in await asyncio.to_thread(file.end_leftovers):
                board.say(f"Stopped {name}, left over from a supervisor that was killed.")
            plan = Plan(options, given, data)
            return await Stack(plan, Commands(options.program, plan), file, board, stopping).run(options)
    except StartFailed as error:
        board.fail(str(error))
        return 1


class Stack:
    """One run of the whole service on one data folder."""

    def __init__(self, plan: Plan, commands: Commands, file: StackFile, board: Board, stopping: asyncio.Event) -> None:
        self._plan = plan
        self._commands = commands
        self._parts = Parts.of(plan, commands)
        self._file = file
        self._board = board
        self._stopping = stopping
        self._repair_after = 0.0

    async def run(self, options: UpOptions) -> int:
        """Start, watch, stop; the return value is the exit code."""
        self._publish()
        try:
            with self._board:
                await self._unless_stopped(self._start_all(options))
            secret = None if self._plan.for_trying_out() else await self._commands.first_secret()
            self._board.summary(self._description(), secret)
            await self._unless_stopped(self._watch())
        except StopAsked:
            return 0
        except StartFailed as error:
            self._board.fail(str(error))
            return 1
        finally:
            await self._stop_all()
        return 0

    # Starting --------------------------------------------------------------------------------------------------------

    async def _start_all(self, options: UpOptions) -> None:
        self._plan.rotate_logs()
        await together(self._open_record(options), self._start_if_ours(self._parts.temporal))
        postgres, temporal = self._plan.postgres, self._plan.temporal
        if postgres is not None and postgres.created and temporal is not None:
            temporal.repaired()  # a new record has no processes to lose
        await together(self._start(self._parts.worker), self._start(self._parts.api))

    async def _open_record(self, options: UpOptions) -> None:
        await self._start_if_ours(self._parts.postgres)
        if options.empty and self._plan.has_begun("sample"):
            self._board.say("This data folder has demo accounts already; begin real work in another one (--data-dir).")
        for preparation in self._plan.due_preparations():
            await self._prepare(preparation)

    async def _start_if_ours(self, part: Part | None) -> None:
        if part is not None:
            await self._start(part)

    async def _start(self, part: Part) -> None:
        self._board.begin(part.name, "starting")
        part.child = await part.start()
        self._publish()
        self._board.done(part.name, part.where)

    async def _prepare(self, preparation: Preparation) -> None:
        self._board.begin(preparation.name, "running")
        await self._commands.run(preparation.name, preparation.arguments)
        self._plan.mark_done(preparation)
        self._board.done(preparation.name, "done")

    async def _repair(self) -> None:
        """After Temporal lost something, have the record start or nudge its processes. Tried again when it fails."""
        temporal = self._plan.temporal
        if temporal is None or (repair := temporal.repair) is None:
            return
        if temporal.set_aside is not None:
            self._board.say(f"Temporal's file was damaged or of another version; it lies at {temporal.set_aside}")
        self._board.begin(repair, "the record starts its processes again")
        try:
            await self._commands.run(repair, (repair,))
        except StartFailed as error:
            self._repair_after = time.monotonic() + REPAIR_AGAIN_SECONDS
            self._board.fail(f"{error}\nIt is tried again in {REPAIR_AGAIN_SECONDS:.0f} s.")
        else:
            temporal.repaired()
            self._board.done(repair, "done")

    # Keeping it running ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Start again what dies, and repair beside it; ends only by an exception."""
        repairing = asyncio.create_task(self._repair())
        try:
            while True:
                for part in self._parts.in_order:
                    if part.exit_code is not None:
                        await self._revive(part, part.exit_code)
                if repairing.done():
                    repairing.result()
                    if self._repair_due():
                        repairing = asyncio.create_task(self._repair())
                await asyncio.sleep(_WATCH_SECONDS)
        finally:
            repairing.cancel()
            with suppress(asyncio.CancelledError):
                await repairing

    def _repair_due(self) -> bool:
        temporal = self._plan.temporal
        return temporal is not None and bool(temporal.repair) and time.monotonic() > self._repair_after

    async def _revive(self, part: Part, code: int) -> None:
        """Start a dead part again after a growing pause, or give up on the whole stack."""
        reason = f"{part.name} ended with {ending(code)}"
        while True:
            pause = part.count_death(reason)
            self._board.say(f"{reason}; starting it again in {pause:.2g} s.")
            await asyncio.sleep(pause)
            try:
                await self._start(part)
            except StartFailed as error:
                reason = str(error)
            else:
                return

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, but give it up when the stack is asked to stop."""
        task, asked = asyncio.ensure_future(work), asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise StopAsked
        finally:
            for pending in (task, asked):
                pending.cancel()
                with suppress(asyncio.CancelledError, StartFailed):
                    await pending

    # Stopping --------------------------------------------------------------------------------------------------------

    async def _stop_all(self) -> None:
        """Stop every part, the last started first."""
        with self._board:
            for part in reversed(self._parts.in_order):
                if part.child is not None:
                    self._board.begin(part.name, "stopping")
                    code = await part.child.stop()
                    part.stopped(code)
                    in_time = code != -signal.SIGKILL
                    self._board.done(part.name, "stopped" if in_time else "killed: it did not stop in time")
        self._file.remove()

    # Describing ------------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        children = (part.child for part in self._parts.in_order if part.child is not None)
        self._file.write(self._description(), children)

    def _description(self) -> dict[str, Any]:
        """What scripts and the closing block read of the running stack."""
        running = all(part.runs for part in self._parts.in_order)
        return {
            "state": "running" if running else "starting",
            **self._plan.description(),
            "demo_accounts": self._demo_accounts(),
        }

    def _demo_accounts(self) -> list[dict[str, str]]:
        """What `xiezhi seed` left for people to log in with."""
        if not self._plan.for_trying_out():
            return []
        with suppress(OSError, ValueError):
            accounts: list[dict[str, str]] = json.loads((self._plan.data / "demo-accounts.json").read_text())
            return accounts
        return []
