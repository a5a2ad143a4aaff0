"""Oversight over HTTP: orders on a list until they are settled, and deadlines that were given time afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.postgres.proof.rebuild import rebuild
from infra.postgres.proof.verify import verify
from infra.wiring.bootstrap import Application
from tests.api.alone import application_over
from tests.api.desks import ASSIGNER, ELSEWHERE, HANDLER, HEAD, MARKET, STRAIGHT, SUPERVISOR, Desks


@pytest_asyncio.fixture
async def opened(record_url: str, tmp_path: Path) -> AsyncIterator[tuple[Application, Desks]]:
    """The application as it is wired, Temporal away."""
    async with application_over(record_url, tmp_path) as (application, desks):
        yield application, desks


async def verifying(desks: Desks) -> str:
    """A clue the market regulator is verifying."""
    case = await desks.registered()
    for account, slug, body in STRAIGHT[:5]:
        assert (await desks.step(account, case, slug, body)).status_code == 200
    return case


async def test_given_orders_when_listed_by_state_then_each_stands_where_it_is_until_it_is_settled(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    first, second = await verifying(desks), await verifying(desks)
    for case in (first, second):
        answer = await desks.step(SUPERVISOR, case, "order_oversight", {"demand": "请说明情况。"})
        assert answer.status_code == 200, answer.text
    assert (
        await desks.step(SUPERVISOR, second, "list_oversight", {"order": "order-1", "reason": "久拖未决。"})
    ).is_success
    assert (await desks.step(HANDLER, first, "answer_oversight", {"order": "order-1", "answer": "已安排。"})).is_success

    async def names(account: str = SUPERVISOR, **narrowed: object) -> list[str]:
        page = (await desks.get(account, "/oversight/orders", **narrowed)).json()
        return [line["stream"] for line in page["items"]]

    assert await names() == [second, first]
    assert await names(status="answered") == [first]
    assert await names(listed=True) == [second]
    assert await names(by_ladder=True) == []
    assert await names(department=MARKET, standing=True, region="370100") == [second, first]
    assert await names(ELSEWHERE) == [], "another district's orders are not seen"

    page = (await desks.get(SUPERVISOR, "/oversight/orders", limit=1)).json()
    following = (await desks.get(SUPERVISOR, "/oversight/orders", limit=1, cursor=page["next"])).json()
    assert [line["stream"] for line in (*page["items"], *following["items"])] == [second, first]
    assert following["next"] is None
    assert (
        await desks.get(SUPERVISOR, "/oversight/orders", limit=1, listed=True, cursor=page["next"])
    ).status_code == 422

    assert (await desks.step(SUPERVISOR, first, "accept_oversight_answer", {"order": "order-1"})).is_success
    assert await names(standing=True) == [second]
    stored = (await desks.get(SUPERVISOR, "/oversight/orders")).json()
    await rebuild(application.engine, "orders")
    assert (await desks.get(SUPERVISOR, "/oversight/orders")).json() == stored
    assert (await verify(application.engine, Ed25519PrivateKey.generate().public_key())).clean


async def test_given_time_excluded_afterwards_then_supervisors_find_it_with_who_and_when_and_not_the_document(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    now = datetime.now(UTC)
    case = await desks.registered(received_at=(now - timedelta(days=3)).isoformat())
    for account, slug, body in STRAIGHT[:5]:
        assert (await desks.step(account, case, slug, body)).is_success
    span = {"since": (now - timedelta(days=1)).isoformat(), "until": datetime.now(UTC).isoformat()}
    body = {"ground": "appraisal", **span, "document": "检测报告88号", "reason": "抽样检测。"}
    answer = await desks.step(HEAD, case, "exclude_time", body)
    assert answer.is_success, answer.text

    page = await desks.get(SUPERVISOR, "/oversight/exclusions")
    assert [(line["stream"], line["ground"], line["account"]) for line in page.json()["items"]] == [
        (case, "appraisal", HEAD)
    ]
    assert "检测报告88号" not in page.text
    assert (await desks.get(ELSEWHERE, "/oversight/exclusions")).json() == {"items": [], "next": None}


async def test_given_an_extension_when_asked_for_and_granted_then_the_case_shows_it_with_its_reason(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    case = await verifying(desks)
    before = next(clock for clock in (await desks.get(HANDLER, f"/clues/{case}")).json()["clocks"] if clock["shown"])
    asked = {"clock": before["id"], "amount": 99, "reason": "案情复杂。"}
    refused = await desks.step(ASSIGNER, case, "request_extension", asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "extension_too_long")
    assert refused.json()["params"] == {"most": "15"}
    assert (await desks.step(ASSIGNER, case, "request_extension", {**asked, "amount": 10})).is_success
    shown = (await desks.get(HEAD, f"/clues/{case}")).json()
    assert shown["state"]["extension_requests"][0]["reason"]["text"] == "案情复杂。"
    assert (await desks.step(HEAD, case, "approve_extension", {"clock": before["id"]})).is_success
    after = next(clock for clock in (await desks.get(HANDLER, f"/clues/{case}")).json()["clocks"] if clock["shown"])
    assert after["id"] == before["id"]
    assert after["due_at"] > before["due_at"]
    assert after["extended"] == [{"grade": 1, "amount": 10}]
    assert any("延长10个工作日" in line for line in after["explanation"])
