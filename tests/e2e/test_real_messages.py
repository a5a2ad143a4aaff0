"""The 1,680 real messages with replies go in as clues, 200 come out archived. They never enter the project."""

from pathlib import Path

import pytest

from tests.e2e.lives import check_mix, live, written
from tests.support.messages import real
from tests.support.stack import PrivateStack, private_stack


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_given_the_replied_messages_when_two_hundred_are_driven_to_the_archive_then_every_invariant_holds(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    messages = real()
    async with private_stack(seeded_stack) as stack:
        lived = await live(stack, messages, tmp_path, driven=200, seed=2020, source="teddy")
        print(written(lived))
        check_mix(lived)
        assert len(lived.snapshot.cases) == len(messages) == 1680
        assert lived.findings.clean, str(lived.findings)
        await stack.xiezhi("checkpoint")
        await stack.xiezhi("verify")
