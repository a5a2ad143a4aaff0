"""Schemathesis over the OpenAPI document at the real server: no 5xx, no status and no shape that is not documented.

Every documented operation takes part, new ones by being documented. Each is asked by people of several roles and by
nobody, with data that fits and data that does not, about cases that exist and ids that were made up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.postgres.engine.engine import create_engine
from infra.postgres.record.store import PostgresStore
from tests.support.api_process import ApiProcess, api_process
from tests.support.record import Casebook, world_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ASKING = (
    "intake.370102", "dispatcher.370102", "assigner.market.370102", "handler.market.370102", "supervisor.370102",
    "security.370100",
)  # fmt: skip
ENDLESS = "/api/v1/feed"
"""Its answer has no end when it succeeds; tests/api/cases/test_feed.py reads it."""
SLOW = "/process"
"""Waits for Temporal, which is away here."""
UNBOUNDED = {
    "XIEZHI_ACCOUNT_READS_PER_SECOND": "100000",
    "XIEZHI_ACCOUNT_WRITES_PER_SECOND": "100000",
    "XIEZHI_STRANGER_REQUESTS_PER_SECOND": "100000",
    "XIEZHI_LOGIN_FAILURES": "1000000",
    "XIEZHI_LOGIN_FAILURES_OF_ADDRESS": "1000000",
}
"""One client stands for many: the limits would answer nearly everything."""
SHORT, LONG = 6, 60
"""Examples of each operation, the same in every run. An example takes some 25 ms of one processor, half of it to be
made up: LONG is three minutes where nothing else runs, and what it finds in kind belongs into `edge/test_bounds.py`."""


@dataclass(frozen=True)
class Ground:
    """What is asked, and by whom."""

    process: ApiProcess
    tokens: tuple[str | None, ...]
    cases: tuple[str, ...]


@pytest_asyncio.fixture
async def ground(record_url: str, tmp_path: Path) -> AsyncIterator[Ground]:
    """A server, cases at several stages, tokens of several roles, and nobody's."""
    engine = create_engine(record_url)
    casebook = Casebook(world_of(PostgresStore(engine)))
    cases = [
        await casebook.registered(),
        *[await casebook.driven(until) for until in ("sign_for", "conclude", "archive")],
    ]
    async with api_process(record_url, tmp_path, **UNBOUNDED) as process:
        tokens = await asyncio.gather(*(process.token(account) for account in ASKING))
        yield Ground(process, (*tokens, None), tuple(cases))
    await engine.dispose()


def operations(ground: Ground) -> Iterator[Any]:
    """Every documented operation."""
    document = requests.get(f"{ground.process.url}/openapi.json", timeout=30).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=ground.process.url)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), f"cannot be asked: {found}"
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


def ask(ground: Ground, operation: Any, http: requests.Session, *, examples: int) -> None:
    """Ask one operation in many ways. Raises what does not hold."""
    known: dict[str, Any] = {}
    if "{id}" in operation.path and "/clues/" in operation.path:
        known["path_parameters"] = {"id": ground.cases[len(operation.label) % len(ground.cases)]}
    ways = (
        operation.as_strategy(GenerationMode.POSITIVE, **known),
        operation.as_strategy(GenerationMode.POSITIVE),
        operation.as_strategy(GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(*ways), token=st.sampled_from(ground.tokens), keyed=st.booleans())
    def asked(case: Any, token: str | None, keyed: bool) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if keyed:
            headers["Idempotency-Key"] = uuid4().hex
        case.call_and_validate(session=http, headers=headers, checks=CHECKS, timeout=30)

    asked()


def ask_all(ground: Ground, *, examples: int) -> None:
    """Ask everything; all that does not hold, in one failure."""
    wrong, asked = [], 0
    with requests.Session() as http:
        http.trust_env = False
        for operation in operations(ground):
            asked += 1
            try:
                ask(ground, operation, http, examples=2 if operation.path.endswith(SLOW) else examples)
            except (Exception, FailureGroup) as error:
                wrong.append(f"{operation.label}\n{error}")
    assert asked > 25, "the document was not read"
    assert not wrong, "\n\n".join(wrong)


def test_given_the_document_when_everything_is_asked_then_nothing_undocumented_comes_back(ground: Ground) -> None:
    ask_all(ground, examples=SHORT)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_given_the_document_when_everything_is_asked_at_length_then_nothing_undocumented_comes_back(
    ground: Ground,
) -> None:
    ask_all(ground, examples=LONG)
