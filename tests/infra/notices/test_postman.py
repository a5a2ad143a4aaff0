"""Notices that go out: to whom, what they say, once each, and what becomes of those that do not get through."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import pytest

from domain.value import SHANGHAI
from infra.notices.postman import PostmanOptions
from infra.postgres.notices.deliveries import delivery_health
from infra.postgres.record.effects import Effects
from tests.infra.notices.telling import QUICK, Office, Outside
from tests.support.record import ASSIGNER, HANDLER, HEAD

ZHANG = "zhang@market.test"
WORKING = HANDLER.account
SECOND = "handler2.market.370102"
ROLE = "handler@370102.market"
MORNING = datetime(2027, 3, 1, 1, 30, tzinfo=UTC)
"""Half past nine in Asia/Shanghai."""


class Killed(BaseException):
    """The process was killed."""


def die(name: str) -> None:
    """At the one place after a letter left and before its row says so."""
    assert name == "postman.after_send"
    raise Killed


async def test_given_a_dispatched_case_then_the_department_is_told_by_mail_and_webhook_once(
    office: Office, out: Outside
) -> None:
    await office.wish(ASSIGNER.account, "mail", ZHANG)
    set_ = await office.wishes.put(
        ASSIGNER.account, "webhook", address=out.hook.url(), groups=["steps"], digest_hour=None
    )
    await office.run("UPDATE notice_settings SET confirmed_at = now() WHERE channel = 'webhook'")
    await office.run("DELETE FROM notice_deliveries")
    stream = await office.casebook.driven("dispatch")
    number = await office.value("SELECT number FROM cases WHERE stream = :stream", stream=stream)
    assert await office.perform() == 1
    postman = office.postman()
    assert [await postman.turn(), await postman.turn()] == [2, 0]

    (mail,) = out.mail.mails
    assert out.mail.recipients == [ZHANG] and parseaddr(str(mail["From"]))[1] == "xiezhi@notices.test"
    assert mail["Subject"] == f"〔演练〕新分办案件:案件 {number}"
    assert mail.get_content().splitlines()[:2] == [
        "有案件分办到本部门,请及时签收",
        f"查看:https://xiezhi.test/clues/{stream}",
    ]
    (posted,) = out.hook.posted
    notice = await office.value("SELECT effect_id FROM inbox")
    assert (posted.headers["webhook-id"], posted.told["data"]["id"]) == (str(notice), str(notice))
    told = posted.told["data"]
    assert (posted.told["type"], told["subject"], told["case"]) == ("notice", "clue_dispatched", number)
    assert told["sentence"] == "有案件分办到本部门,请及时签收"
    signed = f"{notice}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    assert set_.secret is not None
    key = base64.b64decode(set_.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert posted.headers["webhook-signature"] == f"v1,{expected}"
    assert {outcome for _, outcome, _ in await office.outcomes()} == {"sent"}


async def test_given_a_role_then_everybody_who_holds_it_there_today_is_told_and_who_stands_in_for_them(
    office: Office, out: Outside
) -> None:
    for account in (WORKING, SECOND, ASSIGNER.account, HEAD.account, "handler.water.370102", "handler.market.370103"):
        await office.wish(account, "mail", f"{account}@market.test")
    await office.tell(ROLE)
    await office.postman().turn()
    assert sorted(out.mail.recipients) == [f"{WORKING}@market.test", f"{SECOND}@market.test"]

    out.mail.recipients.clear()
    yesterday, tomorrow = (datetime.now(UTC).date() + timedelta(days=days) for days in (-2, 2))
    await office.run("UPDATE accounts SET active = false WHERE account = :account", account=SECOND)
    await office.run(
        "UPDATE accounts SET substitutions = jsonb_build_array(jsonb_build_object('substitute', CAST(:by AS text), "
        "'since', CAST(:since AS text), 'until', CAST(:until AS text))) WHERE account = :account",
        account=WORKING,
        by=HEAD.account,
        since=str(yesterday),
        until=str(tomorrow),
    )
    await office.tell(ROLE)
    await office.tell(WORKING)
    await office.postman().turn()
    told = [f"{HEAD.account}@market.test", f"{WORKING}@market.test"]
    assert sorted(out.mail.recipients) == sorted([*told, *told])

    out.mail.recipients.clear()
    await office.run(
        "UPDATE accounts SET grants = jsonb_set(grants, '{0,until}', to_jsonb(CAST(:until AS text))) "
        "WHERE account = :account",
        account=WORKING,
        until=str(yesterday),
    )
    await office.tell(ROLE)
    await office.postman().turn()
    assert out.mail.recipients == []


async def test_given_an_address_nobody_confirmed_then_only_its_code_goes_there(office: Office, out: Outside) -> None:
    await office.wishes.put(WORKING, "mail", address=ZHANG, groups=["steps"], digest_hour=None)
    await office.wishes.put(WORKING, "webhook", address=out.hook.url(), groups=["steps"], digest_hour=9)
    await office.tell(WORKING)
    await office.postman(now=lambda: MORNING).turn()
    (text,) = out.mail.texts()
    (posted,) = out.hook.posted
    assert "请确认接收通知的地址" in text and posted.told["type"] == "confirmation"
    assert await office.wishes.confirm(WORKING, "webhook", posted.told["data"]["code"]) is None
    assert [shown.confirmed for shown in await office.wishes.of(WORKING)] == [False, True]
    assert [outcome for _, outcome, _ in await office.outcomes()] == ["sent", "sent"]  # and nothing else was entered


async def test_given_groups_then_only_those_go_out(office: Office, out: Outside) -> None:
    await office.wish(WORKING, "mail", ZHANG, groups=["clocks"])
    await office.tell(WORKING, "clue_assigned")
    await office.tell(WORKING, "clock_warned", kind="handling")
    await office.tell(WORKING, "clue_urged")
    assert await office.postman().turn() == 1
    (text,) = out.mail.texts()
    assert "核查处理期限临近届满,请抓紧办理" in text


async def test_given_the_mail_server_is_away_then_it_is_tried_again_and_given_up_at_last(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "mail", ZHANG)
    out.mail.refuse = "451 try later"
    await office.tell(WORKING)
    postman = office.postman()
    assert [await postman.turn() for _ in range(2)] == [1, 1]
    assert await office.outcomes() == [(WORKING, None, 2)]
    health = await delivery_health(office.engine)
    assert health.notices_waiting == 1 and health.notices_waiting_age > 0 and health.notice_dead_letters == 0

    out.mail.refuse = None
    await postman.turn()
    assert await office.outcomes() == [(WORKING, "sent", 3)]

    out.mail.refuse = "451 try later"
    await office.tell(WORKING)
    assert [await postman.turn() for _ in range(4)] == [1, 1, 1, 0]
    assert await office.outcomes() == [(WORKING, "sent", 3), (WORKING, "dead_letter:refused", 3)]
    (shown,) = await office.wishes.of(WORKING)
    assert shown.trouble == "refused"
    assert (await delivery_health(office.engine)).notice_dead_letters == 1

    out.mail.refuse = None
    await office.tell(WORKING)
    await postman.turn()
    (shown,) = await office.wishes.of(WORKING)
    assert shown.trouble is None


async def test_given_nobody_listens_then_others_are_told_all_the_same(office: Office, out: Outside) -> None:
    await office.wish(WORKING, "webhook", "http://127.0.0.1:9/nobody")
    await office.wish(SECOND, "webhook", out.hook.url())
    await office.wish(ASSIGNER.account, "mail", "nobody@market.test")
    out.mail.nobody = ("nobody@market.test",)
    for recipient in (ROLE, ASSIGNER.account):
        await office.tell(recipient)
    postman = office.postman()
    await postman.turn()
    assert await office.outcomes() == [
        (ASSIGNER.account, "dead_letter:address_refused", 1),
        (WORKING, None, 1),
        (SECOND, "sent", 1),
    ]
    for _ in range(2):
        await postman.turn()
    assert (WORKING, "dead_letter:unreachable", 3) in await office.outcomes()


async def test_given_what_receivers_answer_then_only_what_may_pass_is_tried_again(office: Office, out: Outside) -> None:
    await office.wish(WORKING, "webhook", out.hook.url())
    postman = office.postman()
    for status, outcome in (
        (404, "dead_letter:refused"),
        (302, "dead_letter:redirected"),
        (410, "dead_letter:refused"),
    ):
        out.hook.status, out.hook.location = status, out.hook.url("/elsewhere") if status == 302 else None
        await office.tell(WORKING)
        await postman.turn()
        assert (await office.outcomes())[-1] == (WORKING, outcome, 1)
    out.hook.posted.clear()
    await office.tell(WORKING)
    for status in (503, 429, 200):
        out.hook.status, out.hook.location = status, None
        await postman.turn()
    assert (await office.outcomes())[-1] == (WORKING, "sent", 3)
    assert {each.path for each in out.hook.posted} == {"/hook"}
    assert len(out.hook.posted) == 3 and len({each.headers["webhook-id"] for each in out.hook.posted}) == 1


async def test_given_it_is_killed_between_sending_and_marking_then_the_repeat_bears_the_same_ids(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "mail", ZHANG)
    await office.wish(WORKING, "webhook", out.hook.url())
    await office.tell(WORKING)
    with pytest.raises(Killed):
        await office.postman(reached=die).turn()
    assert (len(out.mail.mails), len(out.hook.posted)) == (1, 1)
    assert [outcome for _, outcome, _ in await office.outcomes()] == [None, None]
    assert await office.postman().turn() == 0  # the dead postman's lease still runs
    await office.run("UPDATE notice_deliveries SET leased_until = now()")
    await office.postman().turn()
    assert [outcome for _, outcome, _ in await office.outcomes()] == ["sent", "sent"]
    first, again = out.mail.mails
    assert first["Message-ID"] == again["Message-ID"] and first.as_bytes() == again.as_bytes()
    before, after = out.hook.posted
    assert before.headers["webhook-id"] == after.headers["webhook-id"] and before.body == after.body


async def test_given_a_receiver_that_does_not_answer_when_asked_to_stop_then_the_postman_stops(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "webhook", out.hook.url())
    await office.tell(WORKING)
    out.hook.answers.clear()
    stopping = asyncio.Event()
    running = asyncio.create_task(office.postman(replace(QUICK, stop_seconds=0.05)).run(stopping))
    while not out.hook.posted:
        assert not running.done()
        await asyncio.sleep(0.01)
    stopping.set()
    await running
    assert await office.outcomes() == [(WORKING, None, 1)]
    out.hook.answers.set()
    await office.run("UPDATE notice_deliveries SET leased_until = now()")
    await office.postman().turn()
    assert await office.outcomes() == [(WORKING, "sent", 2)]
    assert len({posted.headers["webhook-id"] for posted in out.hook.posted}) == 1


async def test_given_several_postmen_then_each_letter_is_sent_once(office: Office, out: Outside) -> None:
    await office.wish(WORKING, "webhook", out.hook.url())
    for _ in range(40):
        await office.tell(WORKING)
    postmen = [office.postman(PostmanOptions(batch=7)) for _ in range(3)]
    while sum(await asyncio.gather(*(postman.turn() for postman in postmen))):
        pass
    assert {outcome for _, outcome, _ in await office.outcomes()} == {"sent"}
    assert len(out.hook.posted) == 40
    assert len({posted.headers["webhook-id"] for posted in out.hook.posted}) == 40


async def test_given_a_notice_is_performed_by_two_then_one_letter_goes_out(office: Office, out: Outside) -> None:
    await office.wish(ASSIGNER.account, "webhook", out.hook.url())
    await office.casebook.driven("dispatch")
    effects = Effects(office.engine)
    pending = await effects.pending(await office.value("SELECT id FROM effects WHERE kind = 'notify'"))
    assert pending is not None
    await asyncio.gather(*(effects.remind(pending) for _ in range(4)))
    assert await office.postman().turn() == 1


async def test_given_a_setting_is_dropped_or_the_account_closed_then_nothing_more_goes_there(
    office: Office, out: Outside
) -> None:
    postman = office.postman()
    await postman.turn()  # it has tidied up before
    for account in (WORKING, SECOND, HEAD.account):
        await office.wish(account, "mail", f"{account}@market.test")
        await office.tell(account)
    assert await office.wishes.drop(WORKING, "mail")
    await office.run("UPDATE accounts SET active = false WHERE account = :account", account=SECOND)
    await office.wishes.put(HEAD.account, "mail", address="new@market.test", groups=["steps"], digest_hour=None)
    await postman.turn()
    assert out.mail.recipients == ["new@market.test"]  # its code
    assert (await office.outcomes())[0] == (WORKING, "withdrawn", 0)
    assert sorted(outcome or "" for _, outcome, _ in await office.outcomes()) == [
        "sent",
        "withdrawn",
        "withdrawn",
        "withdrawn",
    ]
    assert await office.value("SELECT count(*) FROM notice_addresses") == 2


# Digests -----------------------------------------------------------------------------------------------------------


async def at(office: Office, notice: object, instant: datetime) -> None:
    """Let a notice be of another time."""
    await office.run("UPDATE inbox SET created_at = :at WHERE effect_id = :id", at=instant, id=notice)


async def test_given_a_daily_digest_then_one_mail_tells_what_is_unread_since_the_last_one(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "mail", ZHANG, groups=["steps", "clocks"], digest_hour=9)
    await office.run("UPDATE notice_settings SET since = :at", at=MORNING - timedelta(days=3))
    told = {
        name: await office.tell(recipient, subject, kind="handling")
        for name, recipient, subject in (
            ("before", WORKING, "clue_assigned"),
            ("own", WORKING, "clock_warned"),
            ("role", ROLE, "clock_expired"),
            ("read", WORKING, "clue_resumed"),
            ("other group", WORKING, "clue_urged"),
            ("later", WORKING, "clue_suspended"),
        )
    }
    hour = MORNING.replace(minute=0)
    for name, instant in (
        ("before", hour - timedelta(days=4)),
        ("own", hour - timedelta(hours=20)),
        ("role", hour - timedelta(minutes=1)),
        ("read", hour - timedelta(hours=2)),
        ("other group", hour - timedelta(hours=2)),
        ("later", hour + timedelta(minutes=1)),
    ):
        await at(office, told[name], instant)
    await office.run("UPDATE inbox SET read_at = now() WHERE effect_id = :id", id=told["read"])

    early = office.postman(now=lambda: hour - timedelta(seconds=1))
    assert await early.turn() == 0
    postmen = [office.postman(now=lambda: MORNING) for _ in range(3)]
    assert sum(await asyncio.gather(*(postman.turn() for postman in postmen))) == 1
    (text,) = out.mail.texts()
    assert "2027-03-01 未读通知 2 条" in text.splitlines()[0]
    assert text.index("核查处理期限临近届满") < text.index("核查处理期限已届满")
    assert "案件已分派给您" not in text and "已恢复" not in text and "催办" not in text and "中止" not in text

    next_day = office.postman(now=lambda: MORNING + timedelta(days=1))
    assert await next_day.turn() == 1
    assert "案件已中止办理" in out.mail.texts()[1] and "期限" not in out.mail.texts()[1].splitlines()[1]
    day_after = office.postman(now=lambda: MORNING + timedelta(days=2))
    await day_after.turn()
    assert len(out.mail.mails) == 2
    assert [outcome for _, outcome, _ in await office.outcomes()] == ["sent", "sent", "nothing"]


async def test_given_a_digest_could_not_be_sent_then_the_next_one_tells_its_notices(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "webhook", out.hook.url(), digest_hour=9)
    await office.run("UPDATE notice_settings SET since = :at", at=MORNING - timedelta(days=3))
    notice = await office.tell(WORKING)
    await at(office, notice, MORNING - timedelta(hours=5))
    out.hook.status = 400
    await office.postman(now=lambda: MORNING).turn()
    assert await office.outcomes() == [(WORKING, "dead_letter:refused", 1)]
    assert await office.postman(now=lambda: MORNING + timedelta(hours=1)).turn() == 0  # one a day, sent or not
    out.hook.status = 200
    await office.postman(now=lambda: MORNING + timedelta(days=1)).turn()
    told = out.hook.posted[-1].told
    assert (told["type"], told["data"]["day"]) == ("digest", "2027-03-02")
    assert [each["id"] for each in told["data"]["notices"]] == [str(notice)]


async def test_given_what_was_told_at_once_then_a_digest_chosen_later_does_not_tell_it_again(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "mail", ZHANG)
    await office.tell(WORKING)
    await office.postman().turn()
    await office.wishes.put(WORKING, "mail", address=ZHANG, groups=["steps"], digest_hour=9)
    (shown,) = await office.wishes.of(WORKING)
    assert shown.confirmed and shown.digest_hour == 9
    later = (datetime.now(SHANGHAI) + timedelta(days=2)).replace(hour=10)
    await office.postman(now=lambda: later).turn()
    assert len(out.mail.mails) == 1
    assert [outcome for _, outcome, _ in await office.outcomes()] == ["sent", "nothing"]


async def test_given_more_than_fits_then_a_digest_says_so(office: Office, out: Outside) -> None:
    await office.wish(WORKING, "mail", ZHANG, digest_hour=9)
    await office.run("UPDATE notice_settings SET since = :at", at=MORNING - timedelta(days=1))
    await office.run(
        "INSERT INTO inbox (effect_id, recipient, stream, subject, params, created_at) "
        "SELECT gen_random_uuid(), :recipient, 'clue-1', 'clue_assigned', '{}', :at FROM generate_series(1, 101)",
        recipient=WORKING,
        at=MORNING - timedelta(hours=2),
    )
    await office.postman(now=lambda: MORNING).turn()
    (text,) = out.mail.texts()
    assert "未读通知 100 条以上" in text and text.count("案件已分派给您承办") == 100 and "其余未读通知" in text


async def test_given_a_closed_account_then_its_address_is_forgotten(office: Office, out: Outside) -> None:
    for account in (WORKING, SECOND):
        await office.wish(account, "mail", f"{account}@market.test")
    await office.run("UPDATE accounts SET active = false WHERE account = :account", account=SECOND)
    await office.postman().turn()
    assert await office.value("SELECT string_agg(address, ' ') FROM notice_addresses") == f"{WORKING}@market.test"
    assert await office.wishes.of(SECOND) == []


async def test_given_a_long_past_then_ended_deliveries_are_forgotten_and_dead_letters_stay(
    office: Office, out: Outside
) -> None:
    await office.wish(WORKING, "webhook", out.hook.url())
    postman = office.postman(QUICK)
    for status in (200, 404):
        out.hook.status = status
        await office.tell(WORKING)
        await postman.turn()
    await office.run("UPDATE notice_deliveries SET settled_at = now() - interval '31 days'")
    await office.postman().turn()
    assert await office.outcomes() == [(WORKING, "dead_letter:refused", 1)]
