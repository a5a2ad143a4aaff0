"""Short ways for the tests that look at one thing going wrong: a clue, one step of it, what its process says."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.driver import Driver
from tests.support.messages import registration, synthetic
from tests.support.plans import Offices, Plan, Registered, straight
from tests.support.stack import PrivateStack, until


@dataclass
class Desk:
    """Somebody who registers clues and takes them on."""

    stack: PrivateStack
    driver: Driver
    offices: Offices
    numbers: int = 0

    async def clue(self, *, seed: int = 1) -> Plan:
        """Register a made-up message and plan a straight life for it."""
        self.numbers += 1
        message = next(iter(synthetic(1, seed=seed * 1000 + self.numbers)))
        region = self.offices.busiest(1)[0]
        body = {**registration(message, [region], source="desk"), "external_id": f"desk-{seed}-{self.numbers}"}
        stream = await self.driver.register(f"intake.{region}", body)
        return straight(Registered(stream, region, message["reply"]), self.offices)

    async def process(self, plan: Plan) -> dict[str, Any]:
        """What GET /process says; asserts that it answers."""
        response = await self.driver.get(plan.steps[0].account, f"/clues/{plan.stream}/process")
        assert response.status_code == httpx.codes.OK, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def until_followed(self, plan: Plan, *, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the process has caught up with the record."""

        async def caught_up() -> dict[str, Any] | None:
            said = await self.process(plan)
            return None if said["behind"] else said

        found: dict[str, Any] = await until(caught_up, f"{plan.stream} followed", seconds=seconds)
        return found


def desk_of(stack: PrivateStack, driver: Driver) -> Desk:
    """A desk in the region with most departments."""
    return Desk(stack, driver, Offices.of_accounts(list(stack.passwords())))


async def ready(stack: PrivateStack) -> httpx.Response:
    """What /readyz says."""
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as http:
        return await http.get(f"{stack.api_url()}/readyz")
