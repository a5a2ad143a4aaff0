"""The service's own commands, run by the supervisor as processes of their own."""

import asyncio
import json
from contextlib import suppress

from infra.stack.children import Child, StartFailed, ending, spawn
from infra.stack.plan import Plan


class Commands:
    """Runs commands of `xiezhi` in the environment of the plan, each with a log of its own."""

    def __init__(self, program: tuple[str, ...], plan: Plan) -> None:
        self._program = program
        self._plan = plan

    def spawn(self, name: str, arguments: tuple[str, ...]) -> Child:
        """Start a command and return at once."""
        argv = (*self._program, *arguments)
        return spawn(name, argv, env=self._plan.environment(), log=self._plan.log_of(name))

    async def run(self, name: str, arguments: tuple[str, ...]) -> None:
        """Run a command to its end. Raises `StartFailed` when that is not 0."""
        child = self.spawn(name, arguments)
        try:
            code = await child.exited()
        except BaseException:
            await child.stop()
            raise
        if code != 0:
            raise StartFailed(f"`xiezhi {' '.join(arguments)}` ended with {ending(code)}.{child.tail()}")

    async def first_secret(self) -> str | None:
        """The one-time secret for the first administrators, for the terminal alone: it goes into no file."""
        asked = await asyncio.create_subprocess_exec(
            *self._program,
            "administrators",
            "--json",
            env=self._plan.environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        answer, _ = await asked.communicate()
        with suppress(ValueError):
            secret: str | None = json.loads(answer).get("secret")
            return secret
        return None
