"""A process dies exactly between two things that cannot be one: the work is done once all the same.

The four deaths follow each other on one stack and are judged together at the end, because an activity whose worker died
is only tried again when its time is over, and waiting for that once is long enough.
"""

from contextlib import suppress
from pathlib import Path

import pytest

from infra.stack.children import StartFailed
from tests.e2e.desks import Desk, desk_of
from tests.support.driver import driving
from tests.support.plans import Plan
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack, until

KILLED = 137
SETTLING_SECONDS = 100.0


@pytest.mark.timeout(240)
async def test_given_processes_that_die_between_act_and_mark_then_everything_is_done_once(tmp_path: Path) -> None:
    async with private_stack(serve=False, XIEZHI_RULES_PACK="training", XIEZHI_RELAY_LEASE_SECONDS="3") as stack:
        await stack.start_api()
        async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
            desk = desk_of(stack, driver)
            left = await desk.clue(seed=14)
            await _worker_dies_after_handing_over_a_reply(stack, desk, tmp_path / "replied")
            await _api_dies_between_commit_and_signal(stack, desk, tmp_path / "untold")
            await _worker_dies_between_signal_and_outbox(stack, desk, tmp_path / "told")
            await _worker_dies_after_recording_what_time_brought(stack, tmp_path / "recorded")
            _, findings = await settled_audit(stack, driver.log.lines, seconds=SETTLING_SECONDS)
            assert findings.clean, str(findings)
            answer = await driver.get(left.steps[0].account, f"/clues/{left.stream}")
            assert answer.json()["clocks"][0]["reached"][:1] == ["warned"]


async def _worker_dies_after_handing_over_a_reply(stack: PrivateStack, desk: Desk, once: Path) -> None:
    await stack.start_worker(XIEZHI_FAILPOINT=f"feedback.deposited:1:{once}")
    await desk.driver.live(await desk.clue(seed=11))
    await _dies(stack, "worker-1", once)
    assert len(list((stack.data_dir / "feedback").glob("*.json"))) == 1
    await stack.start_worker()


async def _api_dies_between_commit_and_signal(stack: PrivateStack, desk: Desk, once: Path) -> None:
    plan = await _begun(desk, seed=12)
    await stack.stop("api-1")
    await stack.start_api(XIEZHI_FAILPOINT=f"deliver.before_signal:1:{once}")
    try:
        await desk.driver.take(plan, 2, 2)
    finally:
        await _dies(stack, "api-1", once)
        await stack.start_api()
    await desk.until_followed(plan)
    await desk.driver.take(plan, 3, len(plan.steps))


async def _worker_dies_between_signal_and_outbox(stack: PrivateStack, desk: Desk, once: Path) -> None:
    """Temporal is away while the API answers, and the API is killed before it can try again: the relay has to tell."""
    await stack.stop("worker-1")
    await stack.kill("temporal")
    plan = await desk.clue(seed=13)
    await desk.driver.take(plan, 1, 3)
    await stack.kill("api-1")
    await stack.start_temporal()
    with suppress(StartFailed):  # it may die before it was ever healthy
        await stack.start_worker(XIEZHI_FAILPOINT=f"relay.after_signal:1:{once}")
    await _dies(stack, "worker-1", once)
    await stack.start_worker()
    await stack.start_api()
    await desk.driver.take(plan, 4, len(plan.steps))
    await desk.until_followed(plan)


async def _worker_dies_after_recording_what_time_brought(stack: PrivateStack, once: Path) -> None:
    """At the next mark of the clue that was left alone: its warning, or half a minute later its expiry."""
    await stack.stop("worker-1")
    await stack.start_worker(XIEZHI_FAILPOINT=f"record.committed:1:{once}")
    await _dies(stack, "worker-1", once)
    await stack.start_worker()


async def _begun(desk: Desk, *, seed: int) -> Plan:
    """A clue with its first step taken and its process up to date."""
    plan = await desk.clue(seed=seed)
    await desk.driver.take(plan, 1, 1)
    await desk.until_followed(plan)
    return plan


async def _dies(stack: PrivateStack, part: str, once: Path) -> None:
    """Wait until the part has stopped at its failpoint."""

    async def dead() -> bool:
        return stack.children[part].exit_code is not None

    await until(dead, f"{part} stops at its failpoint", seconds=60)
    assert stack.children.pop(part).exit_code == KILLED
    assert once.exists()
