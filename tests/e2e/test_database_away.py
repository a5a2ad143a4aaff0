"""PostgreSQL is away: 503 with Retry-After, nothing half done, and the same key goes through afterwards."""

import time
import uuid
from pathlib import Path

import httpx

from tests.e2e.desks import desk_of, ready
from tests.support.driver import driving
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack


async def test_given_no_database_when_a_step_is_sent_then_it_is_answered_503_and_the_same_key_succeeds_later(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with (
        private_stack(seeded_stack) as stack,
        driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver,
    ):
        desk = desk_of(stack, driver)
        plan = await desk.clue()
        await driver.take(plan, 1, 1)
        step = plan.steps[1]
        password = stack.passwords()[step.account]
        async with httpx.AsyncClient(base_url=f"{stack.api_url()}/api/v1", trust_env=False, timeout=20) as http:
            login = await http.post("/token", json={"account": step.account, "password": password})
            key = uuid.uuid4().hex
            headers = {"Authorization": f"Bearer {login.json()['access_token']}", "Idempotency-Key": key}
            path = f"/clues/{plan.stream}/commands/{step.slug}"

            await stack.kill("postgres")
            sent = time.monotonic()
            refused = await http.post(path, json=step.body, headers=headers)
            assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE, refused.text
            assert time.monotonic() - sent < 15
            assert int(refused.headers["Retry-After"]) > 0
            assert refused.headers["Content-Type"].startswith("application/problem+json")
            assert (await ready(stack)).status_code == httpx.codes.SERVICE_UNAVAILABLE

            await stack.start_postgres()
            outcomes = [await http.post(path, json=step.body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in outcomes] == [200, 200]
        assert outcomes[0].json() == outcomes[1].json()
        assert (await ready(stack)).status_code == httpx.codes.OK

        await driver.take(plan, 3, len(plan.steps))
        _, findings = await settled_audit(stack, driver.log.lines)
        assert findings.clean, str(findings)
