"""A store is lost: Temporal's file is damaged, or PostgreSQL is set back to an earlier point with Temporal ahead."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.storm import repair
from tests.e2e.desks import Desk, desk_of
from tests.support.driver import ClientLog, Driver, driving
from tests.support.plans import Plan
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, copy_owned, private_stack

CASES = 10


async def _half_way(desk: Desk, driver: Driver) -> list[Plan]:
    """Cases that stand everywhere between their first step and the archive."""
    cases = await asyncio.gather(*(desk.clue(seed=21) for _ in range(CASES)))
    await asyncio.gather(*(driver.take(plan, 1, _half(number, plan)) for number, plan in enumerate(cases)))
    for plan in cases:
        await desk.until_followed(plan)
    return cases


async def _finish(driver: Driver, cases: list[Plan]) -> None:
    await asyncio.gather(
        *(driver.take(plan, _half(number, plan) + 1, len(plan.steps)) for number, plan in enumerate(cases))
    )


def _half(number: int, plan: Plan) -> int:
    """The last step of the first half of a case: another one in each."""
    return len(plan.steps) * number // (CASES - 1)


async def test_given_a_damaged_temporal_file_when_started_then_it_is_set_aside_and_rebuilt_from_the_record(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with (
        private_stack(seeded_stack) as stack,
        driving([stack.api_url()], stack.passwords(), tmp_path / "log") as driver,
    ):
        cases = await _half_way(desk_of(stack, driver), driver)
        await stack.kill("temporal")
        _damage(stack.temporal.home / "temporal.db")
        await stack.start_temporal()
        assert stack.temporal.set_aside is not None and stack.temporal.set_aside.exists()
        await repair(stack)
        archived = cases[-1].stream  # ended before the loss: the record needs no process for it
        await _audit(stack, driver.log, lambda text: text == f"{archived} is archived, its process is missing")
        await _finish(driver, cases)
        await _audit(stack, driver.log, lambda text: text == f"{archived} is archived, its process is missing")


def _damage(database: Path) -> None:
    """Overwrite the middle of the file and drop the write-ahead log."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 4)
        file.write(bytes(0xA5 for _ in range(size // 2)))
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


async def test_given_a_database_set_back_when_clients_send_again_then_the_record_is_whole_and_nothing_is_done_twice(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    """The folder of the stopped server is copied and put back later: a restore of a file-level backup."""
    async with private_stack(seeded_stack) as stack:
        log = ClientLog(tmp_path / "log")
        async with driving([stack.api_url()], stack.passwords(), log) as driver:
            cases = await _half_way(desk_of(stack, driver), driver)
            backup = await _backup(stack)
            kept = len(log.lines)
            await _finish(driver, cases)
            fresh = await desk_of(stack, driver).clue(seed=22)
            await driver.take(fresh, 1, 3)
            _, before = await settled_audit(stack, log.lines)
            assert before.clean, str(before)

            await _restore(stack, backup)
            lost, log.lines = log.lines[kept:], log.lines[:kept]
            await stack.xiezhi("migrate", "--after-restore")
            await asyncio.gather(stack.start_api(), stack.start_worker())
            await stack.xiezhi("recover")
            await stack.xiezhi("reconcile")
            await _audit(stack, log, lambda text: "was done for no effect" in text)  # told outside, not yet known again
            await _send_again(driver, lost)
            await _audit(stack, log)


async def _backup(stack: PrivateStack) -> Path:
    """Stop what writes, copy the cluster with owners and modes, start again."""
    for part in ("api-1", "worker-1", "postgres"):
        await stack.stop(part)
    copy = stack.folder / "backup"
    copy_owned(stack.postgres.data, copy)
    await stack.start_postgres()
    await asyncio.gather(stack.start_api(), stack.start_worker())
    return copy


async def _restore(stack: PrivateStack, backup: Path) -> None:
    for part in ("api-1", "worker-1", "postgres"):
        await stack.stop(part)
    shutil.rmtree(stack.postgres.data)
    copy_owned(backup, stack.postgres.data)
    await stack.start_postgres()


async def _send_again(driver: Driver, lost: list[dict[str, Any]]) -> None:
    """Clients whose answers were lost repeat them under the same keys, in the order they first did."""
    for line in lost:
        if line["slug"] == "register":
            await driver.register(line["account"], line["body"], key=line["key"])
        else:
            await driver.command(line["account"], line["stream"], line["slug"], line["body"], key=line["key"])


async def _audit(stack: PrivateStack, log: ClientLog, excused: Callable[[str], bool] = lambda _: False) -> None:
    _, findings = await settled_audit(stack, log.lines, seconds=60, excused=excused)
    assert findings.clean, str(findings)


@pytest.mark.proof
async def test_given_a_dump_restored_into_a_new_cluster_when_rebased_then_work_goes_on(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    """Transaction ids of the dump lie ahead of a new cluster: start-up refuses until they are based anew."""
    async with (
        private_stack(seeded_stack) as stack,
        driving([stack.api_url()], stack.passwords(), tmp_path / "log") as driver,
    ):
        cases = await _half_way(desk_of(stack, driver), driver)
        dump = stack.folder / "dump"
        programs = stack.postgres
        admin = programs.url(user="postgres").replace("postgresql+psycopg://", "postgresql://")
        await _run(stack, str(programs.program("pg_dump")), "--format=custom", f"--file={dump}", admin)
        for part in ("api-1", "worker-1", "postgres"):
            await stack.stop(part)
        shutil.rmtree(stack.postgres.data)
        await stack.start_postgres()
        await _run(stack, str(programs.program("pg_restore")), f"--dbname={admin}", str(dump))
        for part in ("api", "worker"):
            code, told = await stack.attempt(part, seconds=30)
            assert code == 1 and "--after-restore" in told, f"{part} did not refuse: {code}\n{told[-500:]}"
        await stack.xiezhi("migrate", "--after-restore")
        await asyncio.gather(stack.start_api(), stack.start_worker())
        await stack.xiezhi("reconcile")
        await _finish(driver, cases)
        await _audit(stack, driver.log)


async def _run(stack: PrivateStack, *argv: str) -> None:
    process = await asyncio.create_subprocess_exec(*argv, cwd=stack.folder)
    assert await process.wait() == 0, argv[0]
