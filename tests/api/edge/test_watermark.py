"""The mark of a training stack on everything it answers."""

from __future__ import annotations

from dataclasses import replace

from api.edge.watermark import HEADER
from tests.api.desks import DISPATCHER, Desks, desks_over
from tests.api.memory import PASSWORD, MemoryService

PATHS = ("/healthz", "/readyz", "/docs", "/openapi.json", "/api/v1/clues", "/nowhere")


async def training() -> bool:
    return True


async def test_given_a_training_stack_then_every_answer_says_so_refusals_too(memory: MemoryService) -> None:
    async with desks_over(replace(memory.service(), training=training), PASSWORD) as desks:
        for path in PATHS:
            assert (await desks.http.get(path)).headers[HEADER] == "true", path
        assert (await desks.get(DISPATCHER, "/clues")).headers[HEADER] == "true"


async def test_given_real_work_then_no_answer_has_the_mark(desks: Desks) -> None:
    for path in PATHS:
        assert HEADER not in (await desks.http.get(path)).headers, path
    assert HEADER not in (await desks.get(DISPATCHER, "/clues")).headers
