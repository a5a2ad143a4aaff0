"""Whatever is answered before a route is reached, or instead of it, is documented on every route."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.contract import document
from api.deps import MAX_BODY_BYTES, MAX_EVIDENCE_BYTES
from api.edge.limits import MAX_HEAD_BYTES, Limits, Rate
from infra.postgres.engine.faults import StoreUnavailable
from tests.api.desks import INTAKE, Desks, desks_over
from tests.api.memory import PASSWORD, MemoryService

EVIDENCE = "/api/v1/evidence"
"""Takes bytes of any kind."""
PLACES = {"channel": "mail", "account": INTAKE, "id": f"clue-{'0' * 32}", "message": str(UUID(int=0))}
"""Values that fit where a body is read."""


@dataclass(frozen=True)
class Operation:
    """A documented operation: the types of its answers by status, and whether it takes a body and asks who calls."""

    method: str
    path: str
    documented: Mapping[int, Collection[str]]
    body: bool
    secured: bool

    def address(self, place: str | None = None) -> str:
        """Its address with the same value in every place, or with one that fits each."""
        return re.sub(r"{(\w+)}", lambda found: PLACES.get(found[1], "x") if place is None else place, self.path)


def operations() -> Iterator[Operation]:
    for path, methods in json.loads(document())["paths"].items():
        for method, told in methods.items():
            answers = {int(status): answer.get("content", {}).keys() for status, answer in told["responses"].items()}
            yield Operation(method.upper(), path, answers, "requestBody" in told, "security" in told)


OPERATIONS = list(operations())
WITH_BODY = [operation for operation in OPERATIONS if operation.body]
OF_JSON = [operation for operation in WITH_BODY if operation.path != EVIDENCE]
MANY = Limits(reads=Rate(100_000), writes=Rate(100_000), strangers=Rate(100_000))


async def answered(desks: Desks, operation: Operation, address: str = "", **given: Any) -> httpx.Response:
    """An answer that is documented there and no fault of ours."""
    headers = {"Idempotency-Key": "one key", **given.pop("headers", {})}
    answer = await desks.http.request(operation.method, address or operation.address(), headers=headers, **given)
    told = f"{operation.method} {operation.path}: {answer.status_code} {answer.text[:200]}"
    assert answer.status_code in operation.documented, told
    if answer.is_error:
        assert answer.headers["Content-Type"] in operation.documented[answer.status_code], told
    return answer


async def token(desks: Desks) -> dict[str, str]:
    given = {"account": INTAKE, "password": PASSWORD}
    issued = await desks.http.post("/api/v1/token", json=given)
    return {"Authorization": f"Bearer {issued.json()['access_token']}", "Idempotency-Key": "one"}


@pytest.mark.parametrize(("status", "asked"), [
    (400, OPERATIONS), (408, OPERATIONS), (422, OPERATIONS), (431, OPERATIONS), (500, OPERATIONS), (503, OPERATIONS),
    (413, WITH_BODY),
])  # fmt: skip
def test_given_a_status_of_the_edge_then_every_operation_documents_it(status: int, asked: list[Operation]) -> None:
    """Also those of the connection, which answers before there is a route: `infra.runtime.connections`."""
    assert [operation.path for operation in asked if status not in operation.documented] == []


async def test_given_an_address_or_a_head_no_route_looks_at_then_the_answer_is_documented(
    memory: MemoryService,
) -> None:
    async with desks_over(replace(memory.service(), limits=MANY), PASSWORD) as desks:
        for operation in OPERATIONS:
            long = {"X-Long": "x" * MAX_HEAD_BYTES}
            assert (await answered(desks, operation, headers=long)).status_code == 431
            assert (await answered(desks, operation, params={"x": "\0"})).status_code == 422
            for place in ("", "a%2Fb", "%FF", "%2E%2E", "%00") if "{" in operation.path else ():
                assert (await answered(desks, operation, operation.address(place))).is_error


async def test_given_nobody_then_the_answer_is_documented(memory: MemoryService) -> None:
    async with desks_over(replace(memory.service(), limits=MANY), PASSWORD) as desks:
        for operation in OPERATIONS:
            for given in ({}, {"Authorization": "Bearer no token"}, {"Authorization": "Basic eDp5"}):
                answer = await answered(desks, operation, headers=given)
                assert answer.status_code == 401 or not operation.secured


async def test_given_too_many_requests_then_the_answer_is_documented(memory: MemoryService) -> None:
    none_left = Limits(reads=Rate(0.01), writes=Rate(0.01), strangers=Rate(0.01))
    async with desks_over(replace(memory.service(), limits=none_left), PASSWORD) as desks:
        for operation in OPERATIONS:
            if operation.secured:
                assert (await answered(desks, operation)).status_code == 429


async def test_given_no_database_then_the_answer_is_documented(memory: MemoryService) -> None:
    async with desks_over(replace(memory.service(), limits=MANY), PASSWORD) as desks:
        bearer = await token(desks)
        for operation in OPERATIONS:
            memory.away = StoreUnavailable()
            answer = await answered(desks, operation, headers=bearer)
            assert answer.status_code == 503 or not operation.secured


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b'{"a":', b"[]", b"null", b'"\xe4\xb8', b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 200_000, b"{}{}"],
    ids=["no text", "cut off", "a list", "null", "cut character", "NaN", "lone surrogate", "deep", "two"],
)
async def test_given_a_body_that_is_no_json_object_then_it_is_malformed_on_every_route(
    memory: MemoryService, body: bytes
) -> None:
    async with desks_over(replace(memory.service(), limits=MANY), PASSWORD) as desks:
        bearer = await token(desks)
        headers = {**bearer, "Content-Type": "application/json"}
        for operation in OF_JSON:
            answer = await answered(desks, operation, headers=headers, content=body)
            assert answer.status_code == 422, operation.path


async def test_given_a_body_too_large_then_it_is_refused_on_every_route(memory: MemoryService) -> None:
    async with desks_over(replace(memory.service(), limits=MANY), PASSWORD) as desks:
        bearer = await token(desks)
        for operation in WITH_BODY:
            declared = {"Content-Length": str(MAX_EVIDENCE_BYTES + 1)} if operation.path == EVIDENCE else {}
            body = b" " * (MAX_BODY_BYTES + 1)
            answer = await answered(desks, operation, headers={**bearer, **declared}, content=body)
            assert answer.status_code == 413, operation.path


async def test_given_a_body_too_slow_then_it_is_refused_on_every_route(memory: MemoryService) -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.05)
        yield b"{}"

    hasty = replace(MANY, patience_seconds=0.01)
    async with (
        desks_over(replace(memory.service(), limits=MANY), PASSWORD) as patient,
        desks_over(replace(memory.service(), limits=hasty), PASSWORD) as desks,
    ):
        bearer = await token(patient)
        for operation in WITH_BODY:
            answer = await answered(desks, operation, headers=bearer, content=dawdling())
            assert answer.status_code == 408, operation.path
