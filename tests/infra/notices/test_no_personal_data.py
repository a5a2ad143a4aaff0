"""A whole case full of planted personal texts: nothing that goes out, waits to go out or is logged holds any of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from infra.postgres.engine.session import session
from tests.infra.notices.telling import Office, Outside
from tests.support.logs import captured
from tests.support.record import ASSIGNER, CLERK, DISPATCHER, HANDLER, HEAD

NAME, PHONE, NUMBER, FIRM = "欧阳震华", "13912345678", "370102199003071234", "鼎盛烧烤城"
PLANTED = f"{NAME} {PHONE} {NUMBER} {FIRM}"
FORMS = (NAME, PHONE, NUMBER, FIRM)

LIFE: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    (DISPATCHER, "dispatch", {"opinion": PLANTED}),
    (ASSIGNER, "return", {"ground": "not_our_remit", "reason": PLANTED}),
    (DISPATCHER, "dispatch", {"opinion": PLANTED}),
    (ASSIGNER, "sign_for", {}),
    (ASSIGNER, "assign", {"handler": HANDLER.account}),
    (HANDLER, "take_up", {}),
    (CLERK, "supplement", {"text": PLANTED, "external_id": None}),
    (HANDLER, "open_verification", {"plan": PLANTED}),
    (HANDLER, "record_findings", {"findings": PLANTED}),
    (HANDLER, "conclude", {"conclusion": "substantiated", "summary": PLANTED}),
    (HANDLER, "propose_disposition", {"measure": "educate", "reason": PLANTED}),
    (HEAD, "reject_disposition", {"reason": PLANTED}),
    (HANDLER, "propose_disposition", {"measure": "educate", "reason": PLANTED}),
    (HEAD, "approve_disposition", {}),
    (HANDLER, "feed_back", {"reply": PLANTED}),
    (HANDLER, "complete", {}),
    (DISPATCHER, "reopen", {"ground": "dissatisfied", "reason": PLANTED}),
)
TOLD = {
    "clue_dispatched",
    "clue_returned",
    "clue_assigned",
    "clue_supplemented",
    "disposition_proposed",
    "disposition_rejected",
    "disposition_approved",
    "clue_reopened",
}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All this process logs."""
    with captured("DEBUG") as stream:
        yield stream


async def rows(office: Office, table: str) -> str:
    async with session(office.engine) as opened:
        return "\n".join((await opened.run(text(f"SELECT {table}::text FROM {table}"))).scalars())


async def test_given_a_case_full_of_personal_texts_then_nothing_of_them_goes_out(
    office: Office, out: Outside, logged: io.StringIO
) -> None:
    people = [actor.account for actor in (DISPATCHER, ASSIGNER, HANDLER, HEAD)]
    for account in people:
        await office.wish(account, "mail", f"private.{account}@market.test")
        await office.wish(account, "webhook", out.hook.url(f"/private/{account}"))
    stream = await office.casebook.registered(title=PLANTED, body=PLANTED, reporter=PLANTED)
    for actor, slug, body in LIFE:
        done = await office.casebook.command(actor, slug, stream, **body)
        assert done.outcome.status == "recorded", (slug, done.outcome)
    await office.perform()
    await office.tell("nobody.of.that.name")
    out.hook.status = 404  # so that failures are told of, too
    while await office.postman().turn():
        out.hook.status = 200

    subjects = {posted.told["data"]["subject"] for posted in out.hook.posted}
    assert subjects == TOLD
    assert set(out.mail.recipients) == {f"private.{account}@market.test" for account in people}
    gone = [*out.mail.texts(), *(mail.as_string() for mail in out.mail.mails)]
    gone += [f"{posted.headers} {posted.body.decode()}" for posted in out.hook.posted]
    kept = [await rows(office, table) for table in ("notice_deliveries", "notice_settings", "inbox", "effects")]
    for form in FORMS:
        assert not any(form in each for each in (*gone, *kept, logged.getvalue()))
    assert "dead_letter" in kept[0] and '"code": "refused"' in logged.getvalue()
    for everywhere in (*kept, logged.getvalue(), await rows(office, "events")):
        assert "private" not in everywhere  # addresses stand in one table alone
    assert "private" in await rows(office, "notice_addresses")
