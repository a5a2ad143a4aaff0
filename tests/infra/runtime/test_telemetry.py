"""One trace from the request through signal, workflow and activity to SQL, whoever delivered; only allowed fields."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from sqlalchemy import text

from infra.postgres.engine.session import session
from infra.runtime.telemetry import ATTRIBUTES
from tests.api.desks import DISPATCHER, MARKET
from tests.api.real import Running, running_service, spans
from tests.support.servers import running_temporal
from tests.support.stack import until

STEP = "POST /api/v1/clues/{id}/commands/dispatch"


def trace_of(found: Iterable[ReadableSpan], name: str) -> int:
    """The id of the one trace that has a span of this name."""
    traces: set[int] = {span.context.trace_id for span in found if span.context and span.name == name}
    (trace,) = traces
    return trace


def ancestors(found: list[ReadableSpan], span: ReadableSpan) -> list[str]:
    """The names of the spans a span lies under, nearest first."""
    by_id = {known.context.span_id: known for known in found if known.context}
    names, current = [], span
    while current.parent is not None and (parent := by_id.get(current.parent.span_id)) is not None:
        names.append(parent.name)
        current = parent
    return names


@pytest.mark.parametrize("told", [True, False], ids=["told right after the commit", "told by the relay"])
async def test_given_a_step_then_one_trace_reaches_from_the_request_to_the_sql_of_its_effect(
    record_url: str, tmp_path: Path, told: bool
) -> None:
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path, told=told) as running:
        case = await running.desks.given()
        answer = await running.desks.step(DISPATCHER, case, "dispatch", {"department": MARKET})
        assert answer.status_code == 200
        if not told:
            await _lease_ends(running)
            assert await running.relay.turn() > 0

        async def performed() -> bool:
            return any(span.name == "RunActivity:remind" for span in spans())

        await until(performed, "the reminder of the dispatch")
        found = [span for span in spans() if span.context and span.context.trace_id == trace_of(spans(), STEP)]
        names = {span.name for span in found}
        assert {STEP, "HandleSignal:recorded", "RunActivity:remind"} <= names
        assert any(name.startswith("SignalWithStartWorkflow:") for name in names)
        statements = [span for span in found if span.attributes and "db.statement" in span.attributes]
        assert any("RunActivity:remind" in ancestors(found, span) for span in statements)
        assert any(STEP in ancestors(found, span) for span in statements)
        recorded = await _trace_ids(running, case)
        assert f"{trace_of(spans(), STEP):032x}" in recorded


async def test_given_spans_then_they_hold_allowed_attributes_only(record_url: str, tmp_path: Path) -> None:
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path) as running:
        case = await running.desks.given("dispatch")
        await running.desks.get(DISPATCHER, f"/clues/{case}")
    assert spans()
    for span in spans():
        assert set(span.attributes or {}) <= ATTRIBUTES
        assert not span.events
        assert not span.status.description


async def _lease_ends(running: Running) -> None:
    async with session(running.engine) as opened:
        await opened.run(text("UPDATE outbox SET leased_until = NULL"))


async def _trace_ids(running: Running, case: str) -> set[str]:
    async with session(running.engine) as opened:
        rows = await opened.run(text("SELECT body::json ->> 'trace' FROM events WHERE stream = :stream"), stream=case)
        return set(rows.scalars())
