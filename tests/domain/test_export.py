"""Taking data out is a record of its own: who may ask, who may fetch, and what is never asked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Refused
from domain.export import EXPORT, summary
from domain.export import commands as c
from domain.export import events as e
from domain.export.state import Made, Requested
from domain.people.actors import Actor, Role
from domain.record.decider import Command, Happened, fold
from tests.domain.clue import stories as s

SYSTEM = s.PROCESS
SUPERVISOR, OTHER = s.SUPERVISOR, s.DISPATCHER
AUDITOR = s.actor("auditor", Role.AUDITOR, "370100.audit", "370100")
ELSEWHERE = s.actor("auditor", Role.AUDITOR, "370200.audit", "370200")
ADMINISTRATOR = s.actor("sysadmin", Role.SYSTEM_ADMINISTRATOR, "370100.it", "370100")
CASE = "clue-" + "6" * 32
DIGEST = "ab" * 32


class Export:
    """One export told step by step."""

    def __init__(self) -> None:
        self.now, self.made, self.refused = s.NOON, list[Happened](), ""

    def when(self, by: Actor, shape: type[Command], **body: Any) -> Export:
        """One command; a refusal is kept by its code."""
        facts = s.Story(self.now)._facts(by).model_copy(update={"cases": (CASE,)})
        decided = EXPORT.decide(s.command(shape, **body), self.state, facts)
        self.refused = decided.code if isinstance(decided, Refused) else ""
        if not isinstance(decided, Refused):
            self.made += [Happened(event, self.now, actor=by) for event in decided]
        return self

    @property
    def state(self) -> Any:
        return fold(EXPORT, self.made)


def requested() -> Export:
    return Export().when(SUPERVISOR, c.RequestExport, filters={"region": "370102", "stages": ("dispatched",)})


def completed() -> Export:
    export = requested()
    expires = (export.now + timedelta(days=7)).isoformat()
    return export.when(SYSTEM, c.CompleteExport, rows=3, digest=DIGEST, expires_at=expires)


def test_given_a_request_then_it_is_the_requesters_and_somebody_must_make_it() -> None:
    export = requested()
    assert isinstance(export.state, Requested)
    assert (export.state.order.account, export.state.order.region) == (SUPERVISOR.account, SUPERVISOR.region)
    (effect,) = EXPORT.consequences(export.made[0].event, export.state)
    assert effect.kind == "make_export"
    entry = summary(export.state)
    assert (entry.filters, entry.closed) == ({"region": "370102", "stages": ["dispatched"]}, False)


def test_given_a_role_without_cases_then_it_may_not_take_any_out() -> None:
    assert Export().when(ADMINISTRATOR, c.RequestExport).refused == "wrong_role"
    assert Export().when(ADMINISTRATOR, c.IssueExport, case=CASE).refused == "wrong_role"


def test_given_a_made_file_then_only_the_requester_fetches_it_each_time_recorded_until_it_expires() -> None:
    export = completed()
    assert export.when(AUDITOR, c.FetchExport).refused == "wrong_account"
    export.when(SUPERVISOR, c.FetchExport).when(SUPERVISOR, c.FetchExport)
    assert summary(export.state).fetched == 2
    export.now += timedelta(days=7)
    assert export.when(SUPERVISOR, c.FetchExport).refused == "export_expired"
    assert len(export.state.fetched) == 2


def test_given_an_export_then_people_neither_complete_nor_fail_it() -> None:
    for shape in (c.CompleteExport, c.FailExport):
        assert requested().when(SUPERVISOR, shape).refused == "process_only"


def test_given_an_end_then_another_one_changes_nothing_or_is_refused() -> None:
    done = completed()
    events = len(done.made)
    done.when(SYSTEM, c.CompleteExport, digest="cd" * 32).when(SYSTEM, c.FailExport)
    assert (len(done.made), done.state.digest) == (events, DIGEST)
    assert done.when(SUPERVISOR, c.CancelExport).refused == "export_over"
    cancelled = requested().when(OTHER, c.CancelExport)
    assert cancelled.refused == "wrong_account"
    cancelled.when(SUPERVISOR, c.CancelExport).when(SUPERVISOR, c.CancelExport)
    assert [type(entry.event) for entry in cancelled.made] == [e.ExportRequested, e.ExportCancelled]
    assert cancelled.when(SYSTEM, c.CompleteExport).refused == ""
    assert not isinstance(cancelled.state, Made)
    assert requested().when(SUPERVISOR, c.FetchExport).refused == "export_not_ready"
    failed = requested().when(SYSTEM, c.FailExport, code="too_many_rows")
    assert failed.when(SUPERVISOR, c.FetchExport).refused == "export_over"
    assert summary(failed.state).failure == "too_many_rows"


def test_given_a_document_of_a_case_then_it_is_recorded_once_with_its_digest_and_needs_no_process() -> None:
    issued = Export().when(SUPERVISOR, c.IssueExport, case=CASE, digest=DIGEST)
    entry = summary(issued.state)
    assert (entry.about, entry.digest, entry.closed, entry.fetched) == (CASE, DIGEST, True, 1)
    assert EXPORT.consequences(issued.made[0].event, issued.state) == ()
    assert Export().when(SUPERVISOR, c.IssueExport, case="clue-" + "7" * 32).refused == "unknown_case"


@pytest.mark.parametrize(
    ("reader", "sees"), [(SUPERVISOR, True), (AUDITOR, True), (SYSTEM, True), (OTHER, False), (ELSEWHERE, False)]
)
def test_given_an_export_then_the_requester_and_the_regions_auditors_know_of_it(reader: Actor, sees: bool) -> None:
    assert EXPORT.admits(requested().state, reader) is sees
    assert EXPORT.admits(EXPORT.initial(), reader) is False


def test_given_words_looked_for_then_they_are_sealed() -> None:
    export = Export().when(SUPERVISOR, c.RequestExport, search="张三")
    (sealed,) = EXPORT.texts(export.made[0].event)
    assert "张三" not in export.made[0].event.model_dump_json()
    assert sealed == export.state.order.search
    with pytest.raises(ValueError, match="100"):
        s.command(c.RequestExport, search="长" * 101)
