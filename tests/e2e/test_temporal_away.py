"""Temporal is away: work goes on, the service says that the process is behind, and the process catches up."""

import time
from pathlib import Path

from tests.e2e.desks import desk_of, ready
from tests.support.driver import driving
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack, until


async def test_given_no_temporal_when_steps_are_taken_then_they_are_recorded_and_the_process_catches_up_later(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with (
        private_stack(seeded_stack) as stack,
        driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver,
    ):
        desk = desk_of(stack, driver)
        known, fresh = await desk.clue(), None
        await driver.take(known, 1, 1)
        await desk.until_followed(known)

        await stack.kill("temporal")
        await driver.take(known, 2, 5)
        fresh = await desk.clue()
        await driver.take(fresh, 1, 2)
        assert {line["status"] for line in driver.log.lines} == {"recorded"}
        slowest = max(line["ms"] for line in driver.log.lines)
        assert slowest < 2_000, f"a step waited {slowest} ms for an absent engine"

        asked = time.monotonic()
        said = await desk.process(known)
        assert time.monotonic() - asked < 2.5
        assert said["behind"] and said["process"] == "unavailable" and said["recorded"] > 0

        async def away() -> bool:
            answer = await ready(stack)
            return answer.status_code == 200 and answer.json()["process"] == "away"

        await until(away, "/readyz tells that Temporal is away", seconds=15)

        await stack.start_temporal()
        await desk.until_followed(known, seconds=90)
        await desk.until_followed(fresh, seconds=90)
        assert (await ready(stack)).json()["process"] == "ok"
        await driver.take(known, 6, len(known.steps))
        _, findings = await settled_audit(stack, driver.log.lines)
        assert findings.clean, str(findings)
