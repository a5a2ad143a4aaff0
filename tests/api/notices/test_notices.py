"""Inboxes over PostgreSQL, and where people want to be told besides: each sees and changes only what is one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.notices.keys import NoticeKeys
from infra.postgres.engine.session import session
from infra.postgres.record.effects import Effects
from tests.api.alone import application_over
from tests.api.desks import ASSIGNER, DISPATCHER, HANDLER, HEAD, MARKET, Desks

KEYS = NoticeKeys("another secret of the tests")
MAIL = {"address": "zhang@market.test", "groups": ["clocks"], "digest_hour": 8}


@dataclass
class Notified:
    """The API over a record whose notices a test performs itself."""

    desks: Desks
    engine: AsyncEngine

    async def perform(self) -> None:
        """What the processes would do."""
        effects = Effects(self.engine)
        async with session(self.engine) as opened:
            undone = await opened.run(
                text("SELECT id FROM effects WHERE kind = 'notify' AND done_at IS NULL ORDER BY created_at")
            )
            ids = [row.id for row in undone]
        for id in ids:
            pending = await effects.pending(id)
            assert pending is not None
            await effects.remind(pending)

    async def inbox(self, account: str, **asked: Any) -> list[dict[str, Any]]:
        answer = await self.desks.get(account, "/inbox", **asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def put(self, account: str, channel: str, body: dict[str, Any]) -> httpx.Response:
        headers = await self.desks._headers(account)
        return await self.desks.http.put(f"/api/v1/notice-settings/{channel}", json=body, headers=headers)

    async def drop(self, account: str, channel: str) -> int:
        headers = await self.desks._headers(account)
        return (await self.desks.http.delete(f"/api/v1/notice-settings/{channel}", headers=headers)).status_code

    async def confirm(self, account: str, channel: str, code: str) -> httpx.Response:
        return await self.desks.post(account, f"/notice-settings/{channel}/confirm", {"code": code})

    async def settings(self, account: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.desks.get(account, "/notice-settings")).json()["items"]
        return items

    async def code(self, account: str) -> str:
        """The code that was sent to the account's mail address."""
        async with session(self.engine) as opened:
            found = await opened.run(
                text("SELECT ref FROM notice_settings WHERE account = :account AND channel = 'mail'"), account=account
            )
            ref: UUID = found.scalar_one()
        return KEYS.code(ref)

    async def run(self, statement: str) -> None:
        async with session(self.engine) as opened:
            await opened.run(text(statement))


@pytest_asyncio.fixture
async def notified(record_url: str, tmp_path: Path) -> AsyncIterator[Notified]:
    """The API with a mail server configured; nothing is sent."""
    given = {"smtp_host": "mail.example", "smtp_from": "xiezhi@notices.test"}
    async with application_over(record_url, tmp_path, **given) as (application, desks):
        yield Notified(desks, application.engine)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# Inbox -------------------------------------------------------------------------------------------------------------


async def test_given_notices_then_they_read_as_sentences_and_are_found_by_subject_and_case(notified: Notified) -> None:
    desks = notified.desks
    first, second = await desks.given("dispatch"), await desks.given("dispatch")
    returned = await desks.step(ASSIGNER, second, "return", {"ground": "not_our_remit", "reason": "不属本部门。"})
    assert returned.status_code == 200
    await notified.perform()
    messages = await notified.inbox(ASSIGNER)
    assert [message["stream"] for message in messages] == [second, first]
    shown = (await desks.get(ASSIGNER, f"/clues/{first}")).json()
    assert messages[1]["number"] == shown["state"]["number"] is not None
    assert (messages[0]["title"], messages[0]["group"]) == ("新分办案件", "steps")
    assert [message["stream"] for message in await notified.inbox(ASSIGNER, case=first)] == [first]
    assert await notified.inbox(ASSIGNER, subject="clue_returned") == []
    (told,) = await notified.inbox(DISPATCHER, subject=["clue_returned", "clue_reopened"])
    assert told["sentence"] == "历下区市场监督管理局将案件退回(不属于本部门职责),请重新分办"
    assert await notified.inbox(DISPATCHER, case=first) == []
    pages = await desks.get(ASSIGNER, "/inbox", limit=1)
    other = await desks.get(ASSIGNER, "/inbox", limit=1, case=first, cursor=pages.json()["next"])
    assert code_of(other) == (422, "malformed")
    assert (await desks.get(ASSIGNER, "/inbox", case="clue-1")).status_code == 422


async def test_given_notices_then_unread_ones_are_counted_by_recipient_and_marked_up_to_one(notified: Notified) -> None:
    desks = notified.desks
    for _ in range(3):
        await desks.given("assign")
    await notified.perform()

    async def counts(account: str) -> tuple[int, dict[str, int]]:
        found = (await desks.get(account, "/inbox/counts")).json()
        return found["unread"]["count"], {each["recipient"]: each["count"] for each in found["recipients"]}

    role = f"department_assigner@{MARKET}"
    assert await counts(ASSIGNER) == (3, {ASSIGNER: 0, role: 3})
    assert await counts(HANDLER) == (3, {HANDLER: 3, f"handler@{MARKET}": 0})
    newest, middle, oldest = await notified.inbox(ASSIGNER)
    assert (await desks.post(ASSIGNER, "/inbox/read", {"up_to": middle["id"]})).json() == {"read": 2}
    assert await counts(ASSIGNER) == (1, {ASSIGNER: 0, role: 1})
    assert [message["id"] for message in await notified.inbox(ASSIGNER, unread=True)] == [newest["id"]]
    assert (await desks.post(ASSIGNER, "/inbox/read", {"up_to": oldest["id"]})).json() == {"read": 0}
    assert code_of(await desks.post(HANDLER, "/inbox/read", {"up_to": newest["id"]})) == (404, "unknown_message")
    assert code_of(await desks.post(HANDLER, "/inbox/read", {"up_to": "x"})) == (422, "malformed")
    assert (await counts(HANDLER))[0] == 3
    async with session(notified.engine) as opened:
        by = (await opened.run(text("SELECT DISTINCT read_by FROM inbox WHERE read_at IS NOT NULL"))).scalars().all()
    assert by == [ASSIGNER]


# Settings ----------------------------------------------------------------------------------------------------------


async def test_given_an_address_then_it_counts_once_its_code_came_back_and_only_its_owner_sees_it(
    notified: Notified,
) -> None:
    put = await notified.put(HANDLER, "mail", MAIL)
    assert put.status_code == 200 and put.json() == {
        "channel": "mail",
        **MAIL,
        "confirmed": False,
        "trouble": None,
        "secret": None,
    }
    assert await notified.settings(HEAD) == []
    assert await notified.drop(HEAD, "mail") == 404
    code = await notified.code(HANDLER)
    assert code_of(await notified.confirm(HEAD, "mail", code)) == (404, "unknown_setting")
    wrong = f"{(int(code) + 1) % 10**8:08}"
    assert code_of(await notified.confirm(HANDLER, "mail", wrong)) == (403, "wrong_code")
    assert (await notified.confirm(HANDLER, "mail", code)).status_code == 204
    assert (await notified.confirm(HANDLER, "mail", code)).status_code == 204
    (shown,) = await notified.settings(HANDLER)
    assert shown["confirmed"] is True

    changed = await notified.put(HANDLER, "mail", {**MAIL, "groups": ["oversight", "steps", "steps"]})
    assert (changed.json()["confirmed"], changed.json()["groups"]) == (True, ["steps", "oversight"])
    moved = await notified.put(HANDLER, "mail", {**MAIL, "address": "li@market.test"})
    assert moved.json()["confirmed"] is False and await notified.code(HANDLER) != code
    assert await notified.drop(HANDLER, "mail") == 204
    assert (await notified.settings(HANDLER), await notified.drop(HANDLER, "mail")) == ([], 404)
    async with session(notified.engine) as opened:
        assert (await opened.run(text("SELECT count(*) FROM notice_addresses"))).scalar_one() == 0


async def test_given_codes_then_guesses_age_and_number_are_bounded(notified: Notified) -> None:
    await notified.put(HANDLER, "mail", MAIL)
    code = await notified.code(HANDLER)
    for _ in range(5):
        assert code_of(await notified.confirm(HANDLER, "mail", "00000000")) == (403, "wrong_code")
    assert code_of(await notified.confirm(HANDLER, "mail", code)) == (409, "code_over")
    await notified.put(HANDLER, "mail", MAIL)
    await notified.run("UPDATE notice_settings SET asked_at = now() - interval '25 hours'")
    assert code_of(await notified.confirm(HANDLER, "mail", await notified.code(HANDLER))) == (409, "code_over")
    for number in range(3):
        assert (await notified.put(HANDLER, "mail", {"address": f"a{number}@market.test"})).status_code == 200
        assert await notified.drop(HANDLER, "mail") == 204
    assert code_of(await notified.put(HANDLER, "mail", MAIL)) == (429, "too_many_codes")
    assert (await notified.put(HEAD, "mail", MAIL)).status_code == 200
    assert await notified.settings(HANDLER) == []


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        ("mail", {"address": "no address"}),
        ("mail", {"address": "zhang@localhost"}),
        ("mail", {"address": "zhang@market.test\r\nBcc: other@market.test"}),
        ("mail", {"address": "张@market.test"}),
        ("mail", {"address": "https://market.test/hook"}),
        ("mail", {**MAIL, "digest_hour": 24}),
        ("mail", {**MAIL, "groups": []}),
        ("mail", {**MAIL, "groups": ["everything"]}),
        ("mail", {**MAIL, "password": "x"}),
        ("webhook", {"address": "zhang@market.test"}),
        ("webhook", {"address": "ftp://market.test/hook"}),
        ("webhook", {"address": "http://market.test/hook"}),
        ("webhook", {"address": "https://user:password@market.test/hook"}),
        ("webhook", {"address": "https://market.test:99999/hook"}),
        ("webhook", {"address": "https:///hook"}),
        ("pager", MAIL),
    ],
)
async def test_given_what_is_no_setting_then_422_and_the_address_is_not_repeated(
    notified: Notified, channel: str, body: dict[str, Any]
) -> None:
    answer = await notified.put(HANDLER, channel, body)
    assert code_of(answer) == (422, "malformed")
    assert "market.test" not in answer.text
    assert await notified.settings(HANDLER) == []


async def test_given_a_webhook_then_its_secret_is_shown_when_it_is_set_and_never_listed(notified: Notified) -> None:
    set_ = (await notified.put(HANDLER, "webhook", {"address": "https://market.test/hook"})).json()
    assert set_["secret"].startswith("whsec_") and set_["groups"] == ["steps", "clocks", "oversight"]
    (shown,) = await notified.settings(HANDLER)
    assert shown["secret"] is None and shown["address"] == "https://market.test/hook"


async def test_given_a_dead_letter_then_its_owner_reads_why(notified: Notified) -> None:
    await notified.put(HANDLER, "webhook", {"address": "https://market.test/hook"})
    await notified.run("UPDATE notice_deliveries SET settled_at = now(), outcome = 'dead_letter:target_forbidden'")
    (shown,) = await notified.settings(HANDLER)
    assert shown["trouble"]["code"] == "target_forbidden" and "系统管理员" in shown["trouble"]["detail"]


async def test_given_no_mail_server_then_mail_can_not_be_chosen(record_url: str, tmp_path: Path) -> None:
    async with application_over(record_url, tmp_path) as (application, desks):
        bare = Notified(desks, application.engine)
        assert (await desks.get(HANDLER, "/notice-settings")).json() == {"items": [], "channels": ["webhook"]}
        assert code_of(await bare.put(HANDLER, "mail", MAIL)) == (409, "channel_unavailable")
