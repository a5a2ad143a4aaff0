"""A process dies exactly between two things that cannot be one: the work is done once all the same."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.desks import desk_of
from tests.support.driver import driving
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack, until

KILLED = 137


@pytest_asyncio.fixture(scope="module")
async def stack() -> AsyncIterator[PrivateStack]:
    """No worker and no API yet; clocks run in seconds."""
    async with private_stack(serve=False, XIEZHI_RULES_PACK="training") as prepared:
        yield prepared


async def _dies(stack: PrivateStack, part: str, once: Path) -> None:
    """Wait until the part has stopped at its failpoint."""

    async def dead() -> bool:
        return stack.children[part].exit_code is not None

    await until(dead, f"{part} stops at its failpoint", seconds=60)
    assert stack.children.pop(part).exit_code == KILLED
    assert once.exists()


async def _audit(stack: PrivateStack, log: list[dict[str, object]]) -> None:
    _, findings = await settled_audit(stack, log, seconds=60)
    assert findings.clean, str(findings)


async def test_given_a_worker_that_dies_after_handing_over_a_reply_then_it_is_handed_over_once(
    stack: PrivateStack, tmp_path: Path
) -> None:
    once = tmp_path / "once"
    await stack.start_api()
    await stack.start_worker(XIEZHI_FAILPOINT=f"feedback.deposited:1:{once}")
    async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
        plan = await desk_of(stack, driver).clue(seed=11)
        await driver.live(plan)
        await _dies(stack, "worker-1", once)
        assert len(list((stack.data_dir / "feedback").glob("*.json"))) == 1
        await stack.start_worker()
        await _audit(stack, driver.log.lines)
        await stack.stop("worker-1")
        await stack.stop("api-1")


async def test_given_an_api_that_dies_after_the_commit_then_the_relay_tells_the_process(
    stack: PrivateStack, tmp_path: Path
) -> None:
    once = tmp_path / "once"
    await stack.start_worker()
    await stack.start_api()
    async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
        desk = desk_of(stack, driver)
        plan = await desk.clue(seed=12)
        await driver.take(plan, 1, 1)
        await desk.until_followed(plan)
        await stack.stop("api-1")
        await stack.start_api(XIEZHI_FAILPOINT=f"deliver.before_signal:1:{once}")
        try:
            await driver.take(plan, 2, 2)
        finally:
            await _dies(stack, "api-1", once)
            await stack.start_api()
        await desk.until_followed(plan)
        await driver.take(plan, 3, len(plan.steps))
        await _audit(stack, driver.log.lines)
        await stack.stop("worker-1")
        await stack.stop("api-1")


async def test_given_a_worker_that_dies_between_signal_and_outbox_then_the_repeat_changes_nothing(
    stack: PrivateStack, tmp_path: Path
) -> None:
    once = tmp_path / "once"
    await stack.start_api()
    async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
        await stack.kill("temporal")  # the API cannot deliver, so the relay has to
        plan = await desk_of(stack, driver).clue(seed=13)
        await driver.take(plan, 1, 3)
        await stack.start_temporal()
        spawned = stack.start_worker(XIEZHI_FAILPOINT=f"relay.after_signal:1:{once}")
        try:
            await spawned
        except Exception as died:  # it may die before it was ever healthy
            print(died)
        await _dies(stack, "worker-1", once)
        await stack.start_worker()
        await driver.take(plan, 4, len(plan.steps))
        await _audit(stack, driver.log.lines)
        await stack.stop("worker-1")
        await stack.stop("api-1")


@pytest.mark.timeout(120)
async def test_given_a_worker_that_dies_after_recording_what_time_brought_then_it_is_recorded_once(
    stack: PrivateStack, tmp_path: Path
) -> None:
    once = tmp_path / "once"
    await stack.start_api()
    await stack.start_worker(XIEZHI_FAILPOINT=f"record.committed:1:{once}")
    async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
        plan = await desk_of(stack, driver).clue(seed=14)
        await _dies(stack, "worker-1", once)  # half a minute later, at the warning
        await stack.start_worker()
        await _audit(stack, driver.log.lines)
        answer = await driver.get(plan.steps[0].account, f"/clues/{plan.stream}")
        assert answer.json()["clocks"][0]["reached"][:1] == ["warned"]
        await stack.stop("worker-1")
        await stack.stop("api-1")
