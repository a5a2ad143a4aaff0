"""Delivering: signal-with-start, typed failure, and one trace from the command to the effect."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client

from domain.clue import CLUE
from domain.record.handler import Request, handle
from infra.processes.client import DATA_CONVERTER, ProcessesAway, connect
from infra.processes.search_attributes import SEARCH_ATTRIBUTES, SearchAttributesMissing, require_search_attributes
from infra.processes.tell import Deliverer, deliver
from infra.processes.tracing import CaseTracing
from infra.runtime.failpoints import failpoints
from infra.stack.embedded.temporal import SEARCH_ATTRIBUTES as SERVED
from tests.domain.clue.stories import CLERK, DISPATCHER, MARKET
from tests.support.processing import settings_in
from tests.support.servers import TemporalServer, any_port
from tests.workflows.casework import Casework

REGISTERED = "00-" + "a" * 32 + "-" + "1" * 16 + "-01"
DISPATCHED = "00-" + "b" * 32 + "-" + "2" * 16 + "-01"


async def test_given_commands_with_traces_when_delivered_then_each_effect_belongs_to_the_trace_of_its_command(
    temporal_server: TemporalServer,
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    client = await Client.connect(
        temporal_server.address,
        data_converter=DATA_CONVERTER,
        interceptors=[CaseTracing(provider.get_tracer("test"))],
    )
    casework = Casework(client)
    async with casework.working():
        registered = await casework.handle(CLERK, "register")
        assert registered.advances
        await casework.tell(registered.advances[0].model_copy(update={"traceparent": REGISTERED}))
        stream = registered.outcome.stream
        await casework.at_head(stream)
        request = Request(
            actor=DISPATCHER,
            key="traced",
            slug="dispatch",
            body={"department": MARKET},
            stream=stream,
            traceparent=DISPATCHED,
        )
        dispatched = await handle(casework.world, CLUE, request)
        await casework.tell(*dispatched.advances)  # as API and relay do: the outbox row carries the trace
        await casework.at_head(stream)
    names = {_trace(span): set[str]() for span in spans.get_finished_spans()}
    for span in spans.get_finished_spans():
        names[_trace(span)].add(span.name)
    assert "SignalWithStartWorkflow:clue" in names["a" * 32]
    expected = {"SignalWithStartWorkflow:clue", "HandleSignal:recorded", "StartActivity:remind", "RunActivity:remind"}
    assert expected <= names["b" * 32]
    run = next(span for span in spans.get_finished_spans() if span.name == "RunActivity:remind")
    start = next(span for span in spans.get_finished_spans() if span.name == "StartActivity:remind")
    assert run.parent is not None and start.context is not None and run.parent.span_id == start.context.span_id


def _trace(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def test_given_temporal_is_away_when_delivering_then_the_failure_is_typed(tmp_path: Path) -> None:
    client = await connect(settings_in(tmp_path, temporal_address=f"127.0.0.1:{any_port()}"), lazy=True)
    casework = Casework(client)
    registered = await casework.handle(CLERK, "register")
    assert registered.advances
    with pytest.raises(ProcessesAway):
        await Deliverer(client)(registered.advances[0])


async def test_given_temporal_is_away_when_connecting_then_the_address_is_named(tmp_path: Path) -> None:
    address = f"127.0.0.1:{any_port()}"
    with pytest.raises(ProcessesAway, match=address):
        await connect(settings_in(tmp_path, temporal_address=address))


async def test_given_no_worker_when_delivered_then_the_process_waits_for_one(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    registered = await casework.handle(CLERK, "register")
    assert registered.advances
    await deliver(temporal_client, registered.advances[0], revision=casework.revision)
    async with casework.working():
        await casework.at_head(registered.outcome.stream)


async def test_given_the_namespace_has_our_search_attributes_then_a_worker_may_start(temporal_client: Client) -> None:
    await require_search_attributes(temporal_client)
    assert dict(SERVED) == SEARCH_ATTRIBUTES


async def test_given_a_namespace_without_them_then_the_commands_that_make_them_are_told(
    temporal_server: TemporalServer,
) -> None:
    client = await Client.connect(temporal_server.address, namespace="temporal-system")
    with pytest.raises(SearchAttributesMissing, match=r"search-attribute create .* --name XiezhiStage --type Keyword"):
        await require_search_attributes(client)


def test_given_no_failpoint_then_nothing_is_called_and_given_an_unknown_one_then_it_is_refused() -> None:
    assert failpoints("")("record.committed") is None
    with pytest.raises(ValueError, match="names no failpoint"):
        failpoints("nowhere")


async def test_given_a_failpoint_then_the_process_is_gone_at_the_counted_arrival_once(tmp_path: Path) -> None:
    code = "from infra.runtime.failpoints import failpoints\nimport sys\nreached = failpoints(sys.argv[1])\n" + (
        "for number in range(3):\n    reached('record.committed')\n    print(number, flush=True)\n"
    )
    once = tmp_path / "once"
    for expected, told in ((137, "0"), (0, "0 1 2")):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, f"record.committed:2:{once}", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert (process.returncode, " ".join(out.decode().split())) == (expected, told)
