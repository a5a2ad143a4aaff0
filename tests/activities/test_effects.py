"""Effects are done once however often they are tried, and nothing personal leaves an activity."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import build_activities
from activities.errors import coded
from activities.messages import Alarm, DeadLetter, Elapse, Elapsed, Perform, Performed
from domain.errors import Conflict
from infra.files.exchange import FeedbackFolder
from tests.domain.clue.stories import DISPATCHER, SECURITY
from tests.workflows.casework import STRAIGHT, Casework

REPLY = "陈先生您好,已责令改正。"


class Killed(BaseException):
    """The process was killed."""


@pytest.fixture
def casework() -> Casework:
    """Cases without a Temporal."""
    return Casework(client=None)  # type: ignore[arg-type]


async def _walked(casework: Casework, until: str) -> str:
    stream: str | None = None
    for actor, slug in STRAIGHT:
        given = {"reply": REPLY} if slug == "feed_back" else {}
        stream = (await casework.handle(actor, slug, stream, **given)).outcome.stream
        if slug == until:
            break
    assert stream is not None
    return stream


def _effect(casework: Casework, kind: str) -> UUID:
    return next(id for id, pending in casework.store.tables.effects.items() if pending.effect.kind == kind)


async def _perform(casework: Casework, name: str, asked: Any, **ports: Any) -> Any:
    served = {method.__name__: method for method in build_activities(replace(casework.ports, **ports))}
    return await ActivityEnvironment().run(served[name], asked)


async def test_given_a_reply_when_sent_twice_then_one_document_lies_in_the_exchange_folder(
    casework: Casework, tmp_path: Path
) -> None:
    stream = await _walked(casework, "feed_back")
    asked = Perform(stream=stream, effect=_effect(casework, "send_feedback"))
    folder = FeedbackFolder(tmp_path / "out")
    first: Performed = await _perform(casework, "send", asked, exchange=folder)
    again: Performed = await _perform(casework, "send", asked, exchange=folder)
    assert (first.outcome, again.outcome) == ("done", "already_done")
    [document] = (tmp_path / "out").iterdir()
    assert document.name == f"{asked.effect}.json"
    told = json.loads(document.read_text(encoding="utf-8"))
    assert told["reply"] == REPLY and told["case"] == stream and told["external_id"].startswith("T-")
    assert document.stat().st_mode & 0o077 == 0


async def test_given_it_is_killed_between_act_and_mark_when_tried_again_then_the_same_document_is_there(
    casework: Casework, tmp_path: Path
) -> None:
    stream = await _walked(casework, "feed_back")
    asked = Perform(stream=stream, effect=_effect(casework, "send_feedback"))
    folder = FeedbackFolder(tmp_path)

    def die(name: str) -> None:
        assert name == "feedback.deposited"
        raise Killed

    with pytest.raises(Killed):
        await _perform(casework, "send", asked, exchange=folder, reached=die)
    [before] = [document.read_bytes() for document in tmp_path.iterdir()]
    assert (await _perform(casework, "send", asked, exchange=folder)).outcome == "done"
    assert [document.read_bytes() for document in tmp_path.iterdir()] == [before]


async def test_given_the_reply_was_erased_then_nothing_is_sent_and_the_effect_says_why(casework: Casework) -> None:
    stream = await _walked(casework, "feed_back")
    effect = _effect(casework, "send_feedback")
    texts = [str(entry.ref) for entry in casework.store.tables.vault.values() if entry.text == REPLY]
    await casework.handle(SECURITY, "erase_text", stream, texts=texts)
    performed = await _perform(casework, "send", Perform(stream=stream, effect=effect))
    assert performed.outcome == casework.memory.done[effect] == "skipped:erased"
    assert not casework.memory.exchange


async def test_given_a_reply_was_sent_when_its_text_is_erased_then_the_document_is_taken_back_too(
    casework: Casework,
) -> None:
    stream = await _walked(casework, "feed_back")
    effect = _effect(casework, "send_feedback")
    await _perform(casework, "send", Perform(stream=stream, effect=effect))
    assert list(casework.memory.exchange) == [f"{effect}.json"]
    texts = [str(entry.ref) for entry in casework.store.tables.vault.values() if entry.text == REPLY]
    await casework.handle(SECURITY, "erase_text", stream, texts=texts)
    erasure = _effect(casework, "record_erasure")
    for _ in range(2):
        await _perform(casework, "record", Perform(stream=stream, effect=erasure))
    assert not casework.memory.exchange


async def test_given_a_reply_on_its_way_out_when_its_text_is_erased_meanwhile_then_it_does_not_stay_there(
    casework: Casework,
) -> None:
    stream = await _walked(casework, "feed_back")
    effect = _effect(casework, "send_feedback")

    def erased_meanwhile(_place: str) -> None:
        casework.store.tables.vault.clear()

    performed = await _perform(casework, "send", Perform(stream=stream, effect=effect), reached=erased_meanwhile)
    assert performed.outcome == "skipped:erased"
    assert not casework.memory.exchange


async def test_given_what_is_no_clue_when_answered_then_the_answer_is_the_reply(casework: Casework) -> None:
    stream = await _walked(casework, "register")
    await casework.handle(DISPATCHER, "answer", stream, reply=REPLY)
    effect = _effect(casework, "send_feedback")
    await _perform(casework, "send", Perform(stream=stream, effect=effect))
    assert json.loads(casework.memory.exchange[f"{effect}.json"])["reply"] == REPLY


async def test_given_an_outcome_stands_when_given_up_later_then_it_stays(casework: Casework) -> None:
    stream = await _walked(casework, "dispatch")
    effect = _effect(casework, "notify")
    await _perform(casework, "remind", Perform(stream=stream, effect=effect))
    await _perform(casework, "bury", DeadLetter(stream=stream, effect=effect, code="late"))
    assert casework.memory.done[effect] == "done"
    assert len(casework.memory.inbox) == 1


async def test_given_the_process_comes_too_early_then_it_is_told_when_and_may_ask_again(casework: Casework) -> None:
    stream = await _walked(casework, "dispatch")
    recorded = casework.store.tables.cases[stream].alarm
    assert recorded is not None
    alarm = Alarm.of(recorded)
    assert alarm is not None
    for _ in range(2):  # the refusal used its key up: the second asking must not hear the first answer
        told: Elapsed = await _perform(casework, "elapse", Elapse(stream=stream, alarm=alarm))
        assert (told.refused, told.not_before) == ("not_yet_due", recorded.at)
    assert len([key for account, key in casework.store.tables.commands if account == "system"]) == 2


async def test_given_two_cases_with_the_same_clock_then_their_keys_do_not_meet(casework: Casework) -> None:
    first, second = await _walked(casework, "register"), await _walked(casework, "register")
    alarm = Alarm.of(casework.store.tables.cases[first].alarm)
    assert alarm is not None and Alarm.of(casework.store.tables.cases[second].alarm) is not None
    for stream in (first, second):
        told: Elapsed = await _perform(casework, "elapse", Elapse(stream=stream, alarm=alarm))
        assert told.refused == "not_yet_due"


async def test_given_a_case_the_record_does_not_know_then_there_is_no_standing(casework: Casework) -> None:
    alarm = Alarm(clock="dispatch-1", mark="warned", at="2026-01-01T00:00:00Z")
    told: Elapsed = await _perform(casework, "elapse", Elapse(stream="clue-" + "0" * 32, alarm=alarm))
    assert (told.standing, told.refused) == (None, "unknown_case")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Conflict("x"), "conflict"),
        (OSError(28, "陈先生"), "exchange_away"),
        (ValueError("陈先生 13800001111"), "unexpected"),
    ],
)
async def test_given_any_failure_then_only_a_code_leaves_the_activity(error: Exception, code: str) -> None:
    @coded
    async def fails() -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        await fails()
    assert failed.value.type == code
    assert "陈" not in str(failed.value) and failed.value.__cause__ is None
