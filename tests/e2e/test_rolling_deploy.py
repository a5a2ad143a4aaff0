"""Two builds on one database and one Temporal, as in a rolling deploy: the next build is this one with a patch.

Right order: what reads a new event version is released before what writes it; then nobody meets anything unknown. Wrong
order: the old build answers `unknown_event` for just the cases it cannot read, and goes on with everything else.
"""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from infra.postgres.engine.migrate import head_revision
from infra.stack.children import spawn
from infra.stack.parts import answers_ok
from tests.e2e.desks import Desk, desk_of
from tests.support.driver import ClientLog, Driver, driving
from tests.support.messages import REPOSITORY
from tests.support.plans import Plan
from tests.support.servers import any_port
from tests.support.snapshot import unsettled
from tests.support.stack import PROGRAM, READY_SECONDS, PrivateStack, private_stack, until
from workflows.options import PROCESS_REVISION

CASES = 4
PACKAGES = ("domain", "workflows", "activities", "api", "infra")
NEXT_SCHEMA = f"{int(head_revision()) + 1:04}"

MIGRATION = f'''"""What the next build adds."""

from alembic import op

revision = "{NEXT_SCHEMA}"
down_revision = "{head_revision()}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only adds."""
    op.execute("ALTER TABLE cases ADD COLUMN urgency text")
    op.execute("ALTER TABLE clocks ADD COLUMN weight integer NOT NULL DEFAULT 1")
    op.execute("CREATE TABLE urgencies (code text PRIMARY KEY)")
'''

READS_THE_NEW: Sequence[tuple[str, str, str]] = (
    (
        "domain/clue/verification/events.py",
        'class ClueTakenUp(Value):\n    """',
        "class ClueTakenUp(Value):\n"
        "    from pydantic import Field\n\n"
        "    urgency: str | None = Field(default=None, exclude_if=lambda given: given is None)\n"
        '    """',
    ),
    (
        "domain/clue/verification/__init__.py",
        'turns("clue.taken_up", 1, e.ClueTakenUp, Assigned, d.taken_up,',
        'turns("clue.taken_up", 2, e.ClueTakenUp, Assigned, d.taken_up, '
        'upcasters=(lambda shape: {**shape, "urgency": None},),',
    ),
    ("workflows/options.py", f"PROCESS_REVISION = {PROCESS_REVISION}", f"PROCESS_REVISION = {PROCESS_REVISION + 1}"),
)
WRITES_THE_OLD = (
    "domain/record/envelope.py",
    '"type_version": row.version',
    '"type_version": 1 if row.name == "clue.taken_up" else row.version',
)
WRITES_THE_NEW = ("domain/clue/verification/decide.py", "e.ClueTakenUp()", 'e.ClueTakenUp(urgency="high")')


def build(folder: Path, *patches: tuple[str, str, str]) -> Path:
    """A copy of this build with an additive migration and these patches."""
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "infra/postgres/engine/migrations/versions" / f"{NEXT_SCHEMA}_next.py").write_text(MIGRATION)
    for name, before, after in patches:
        source = (folder / name).read_text(encoding="utf-8")
        assert source.count(before) == 1, f"{name} has changed: {before!r}"
        (folder / name).write_text(source.replace(before, after), encoding="utf-8")
    return folder


@dataclass
class Fleet:
    """Processes of several builds on one stack."""

    stack: PrivateStack

    async def start(self, name: str, folder: Path) -> None:
        """Start a part of another build: `api-…` or `worker-…`."""
        kind, port = name.partition("-")[0], any_port(set(self.stack.ports.values()))
        self.stack.ports[name] = port
        ports = {"XIEZHI_API_PORT": str(port), "XIEZHI_WORKER_HEALTH_PORT": str(port)}
        child = spawn(
            name,
            (*PROGRAM, kind),
            env={**self.stack.environment, "PYTHONPATH": str(folder), **ports},
            log=self.stack.logs / f"{name}.log",
            cwd=folder,
        )
        self.stack.children[name] = child
        await child.until_healthy(lambda: answers_ok(f"http://127.0.0.1:{port}/healthz"), port, READY_SECONDS)

    async def run(self, folder: Path, *arguments: str) -> None:
        """Run one command of another build; it must succeed."""
        log = self.stack.logs / f"next-{arguments[0]}.log"
        environment = {**self.stack.environment, "PYTHONPATH": str(folder)}
        child = spawn(arguments[0], (*PROGRAM, *arguments), env=environment, log=log, cwd=folder)
        assert await asyncio.wait_for(child.exited(), 60) == 0, log.read_text(errors="replace")[-2000:]

    async def failures(self, name: str) -> Mapping[str, int]:
        """How often an API answered 5xx, by route."""
        async with httpx.AsyncClient(trust_env=False) as http:
            told = (await http.get(f"{self.stack.api_url(name)}/metrics")).text
        pattern = r'xiezhi_http_requests_total\{method="\w+",route="([^"]+)",status="5\d\d"\} ([0-9.]+)'
        return {route: int(float(count)) for route, count in re.findall(pattern, told)}


async def in_turn(plans: Sequence[Plan], one: Driver, other: Driver) -> None:
    """Take the cases on, each step at the other build than the one before, and cases in opposite turns."""

    async def live(number: int, plan: Plan) -> None:
        for place in range(1, len(plan.steps) + 1):
            await (one, other)[(place + number) % 2].take(plan, place, place)

    await asyncio.gather(*(live(number, plan) for number, plan in enumerate(plans)))


async def clues(desks: Sequence[Desk], *, seed: int) -> list[Plan]:
    """New cases, registered at these desks in turn."""
    return [await desks[number % len(desks)].clue(seed=seed * 10 + number) for number in range(CASES)]


async def ended(stack: PrivateStack, plans: Sequence[Plan]) -> None:
    """Nothing waits to be told or done, and the process of every case has come to its end."""

    async def settled() -> bool:
        return not any((await unsettled(stack.database_url)).values())

    await until(settled, "outbox and effects are done", seconds=60)
    client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
    for plan in plans:
        await asyncio.wait_for(client.get_workflow_handle(plan.stream).result(), 30)


async def test_given_two_builds_at_once_then_the_right_order_shows_nothing_and_the_wrong_one_only_the_unreadable_cases(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    reader = build(tmp_path / "reader", *READS_THE_NEW, WRITES_THE_OLD)
    writer = build(tmp_path / "writer", *READS_THE_NEW, WRITES_THE_NEW)
    async with private_stack(seeded_stack, durable=False) as stack:
        fleet, passwords, log = Fleet(stack), stack.passwords(), ClientLog(tmp_path / "client.jsonl")
        await fleet.run(reader, "migrate")
        await stack.stop("api-1")
        await asyncio.gather(
            stack.start_api("api-1"),  # this build, started on the schema of the next
            fleet.start("api-reader", reader),
            fleet.start("worker-reader", reader),
        )
        async with (
            driving([stack.api_url()], passwords, log) as old,
            driving([stack.api_url("api-reader")], passwords, log) as new,
        ):
            plans = await clues([desk_of(stack, old), desk_of(stack, new)], seed=1)
            await in_turn(plans, old, new)
        await ended(stack, plans)
        assert await fleet.failures("api-1") == await fleet.failures("api-reader") == {}

        # The wrong order: a build that writes the new version beside one that cannot read it.
        for part in ("api-reader", "worker-reader"):
            await stack.stop(part)
        await asyncio.gather(fleet.start("api-writer", writer), fleet.start("worker-writer", writer))
        async with (
            driving([stack.api_url()], passwords, log) as old,
            driving([stack.api_url("api-writer")], passwords, log) as new,
        ):
            newer = await clues([desk_of(stack, old), desk_of(stack, new)], seed=2)
            unread, sound = newer[0], newer[1]
            taken = next(place for place, step in enumerate(unread.steps, 1) if step.slug == "take_up")
            await new.take(unread, 1, taken)
            await _only_this_case_is_unreadable(stack, old, unread)
            await old.live(sound)
            await new.take(unread, taken + 1, len(unread.steps))
            for plan in newer[2:]:
                await new.live(plan)
        await ended(stack, newer)
        assert (await fleet.failures("api-writer")) == {}
        assert set(await fleet.failures("api-1")) == {
            "/api/v1/clues/{id}",
            "/api/v1/clues/{id}/commands/open_verification",
        }

        await fleet.run(writer, "verify")
        async with driving([stack.api_url("api-writer")], passwords, log) as everywhere:
            for plan in (*plans, *newer):
                found = await everywhere.get(plan.steps[0].account, f"/clues/{plan.stream}")
                assert found.json()["state"]["stage"] == "archived"


async def _only_this_case_is_unreadable(stack: PrivateStack, old: Driver, unread: Plan) -> None:
    """Reading it and a step on it are told as what they are; the list that contains it is served."""
    account, step = unread.steps[0].account, next(step for step in unread.steps if step.slug == "open_verification")
    lines = await old.list_clues(account)
    assert unread.stream in {line["id"] for line in lines}
    async with httpx.AsyncClient(base_url=f"{stack.api_url()}/api/v1", trust_env=False) as http:
        for method, path, person, body in (
            ("GET", f"/clues/{unread.stream}", account, None),
            ("POST", f"/clues/{unread.stream}/commands/{step.slug}", step.account, step.body),
        ):
            given = {"account": person, "password": stack.passwords()[person]}
            token = (await http.post("/token", json=given)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "unread"}
            answer = await http.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (500, "unknown_event")
