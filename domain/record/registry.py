"""The one table of event types: stored name and version, class, and the steps from older versions.

Names are chosen by hand and never reused; a retired type stays listed. A gap or a duplicate fails at import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.clue import events as clue
from domain.clue import upcasters as up
from domain.errors import UnknownEvent
from domain.export import events as export
from domain.lookup import events as lookup
from domain.people.account import events as account
from domain.report import events as report
from domain.rulebook import events as rulebook
from domain.time import case_clocks as t
from domain.time import upcasters as clock
from domain.value import Value

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class EventRow:
    """One event type. `upcasters[n-1]` turns version n into n+1; there is one for each version before the current."""

    name: str
    version: int
    cls: type[Value]
    upcasters: tuple[Upcaster, ...] = ()
    retired: bool = False


class Registry:
    """Looks rows up by class when writing and by (name, version) when reading."""

    def __init__(self, rows: Iterable[EventRow] = ()) -> None:
        self._by_class: dict[type, EventRow] = {}
        self._by_name: dict[str, EventRow] = {}
        self.enlist(rows)

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """Every row, in the order it was enlisted."""
        return tuple(self._by_name.values())

    def enlist(self, rows: Iterable[EventRow]) -> None:
        """Add the rows of a noun. Raises `ValueError` for a name or class that stands already, or a missing step."""
        for row in rows:
            if row.name in self._by_name or row.cls in self._by_class:
                raise ValueError(f"event type listed twice: {row.name}")
            if len(row.upcasters) != row.version - 1:
                raise ValueError(f"{row.name}: {row.version - 1} upcasters expected, {len(row.upcasters)} listed")
            self._by_name[row.name] = row
            self._by_class[row.cls] = row

    def row_of(self, cls: type) -> EventRow:
        """The row events of this class are written under."""
        row = self._by_class.get(cls)
        if row is None or row.retired:
            raise UnknownEvent(f"{cls.__name__} is not an event that may be written")
        return row

    def decode(self, name: str, version: int, data: Mapping[str, Any]) -> Any:
        """The newest shape of a stored event. Raises `UnknownEvent` when this build does not know it."""
        row = self._by_name.get(name)
        if row is None or version > row.version:
            raise UnknownEvent(f"{name} v{version} is unknown to this build: run a newer version")
        shape = dict(data)
        for upcast in row.upcasters[version - 1 :]:
            shape = upcast(shape)
        return row.cls.model_validate(shape)


REGISTRY = Registry(
    (
        EventRow("clue.registered", 2, clue.ClueRegistered, (up.registered_with_entity,)),
        EventRow("clue.numbered", 1, clue.ClueNumbered),
        EventRow("clue.corrected", 1, clue.ClueCorrected),
        EventRow("clue.supplemented", 1, clue.ClueSupplemented),
        EventRow("clue.answered", 1, clue.ClueAnswered),
        EventRow("clue.sent_back", 1, clue.ClueSentBack),
        EventRow("clue.dispatched", 1, clue.ClueDispatched),
        EventRow("clue.dispatch_withdrawn", 1, clue.ClueDispatchWithdrawn),
        EventRow("clue.signed_for", 1, clue.ClueSignedFor),
        EventRow("clue.returned", 1, clue.ClueReturned),
        EventRow("clue.assigned", 1, clue.ClueAssigned),
        EventRow("clue.reassigned", 1, clue.ClueReassigned),
        EventRow("clue.declined", 1, clue.ClueDeclined),
        EventRow("clue.taken_up", 1, clue.ClueTakenUp),
        EventRow("clue.verification_opened", 1, clue.ClueVerificationOpened),
        EventRow("clue.findings_recorded", 1, clue.ClueFindingsRecorded),
        EventRow("clue.verification_concluded", 1, clue.ClueVerificationConcluded),
        EventRow("clue.disposition_proposed", 1, clue.ClueDispositionProposed),
        EventRow("clue.disposition_approved", 1, clue.ClueDispositionApproved),
        EventRow("clue.disposition_rejected", 1, clue.ClueDispositionRejected),
        EventRow("clue.fed_back", 2, clue.ClueFedBack, (up.fed_back_with_handling,)),
        EventRow("clue.completed", 1, clue.ClueCompleted),
        EventRow("clue.completion_undone", 1, clue.ClueCompletionUndone),
        EventRow("clue.archived", 1, clue.ClueArchived),
        EventRow("clue.reopened", 1, clue.ClueReopened),
        EventRow("clue.noted", 1, clue.ClueNoted),
        EventRow("clue.contact_recorded", 1, clue.ClueContactRecorded),
        EventRow("clue.evidence_attached", 1, clue.ClueEvidenceAttached),
        EventRow("clue.file_sealed", 1, clue.ClueFileSealed),
        EventRow("clue.suspended", 1, clue.ClueSuspended),
        EventRow("clue.resumed", 1, clue.ClueResumed),
        EventRow("clue.time_excluded", 1, clue.ClueTimeExcluded),
        EventRow("clue.urged", 1, clue.ClueUrged),
        EventRow("clue.oversight_ordered", 1, clue.ClueOversightOrdered),
        EventRow("clue.oversight_answered", 1, clue.ClueOversightAnswered),
        EventRow("clue.oversight_answer_rejected", 1, clue.ClueOversightAnswerRejected),
        EventRow("clue.oversight_answer_accepted", 1, clue.ClueOversightAnswerAccepted),
        EventRow("clue.oversight_withdrawn", 1, clue.ClueOversightWithdrawn),
        EventRow("clue.oversight_listed", 1, clue.ClueOversightListed),
        EventRow("clue.extension_requested", 1, clue.ClueExtensionRequested),
        EventRow("clue.extension_approved", 1, clue.ClueExtensionApproved),
        EventRow("clue.extension_rejected", 1, clue.ClueExtensionRejected),
        EventRow("clue.linked", 1, clue.ClueLinked),
        EventRow("clue.unlinked", 1, clue.ClueUnlinked),
        EventRow("clue.text_erased", 1, clue.ClueTextErased),
        EventRow("clock.started", 2, t.ClockStarted, (clock.clock_with_terms,)),
        EventRow("clock.stopped", 1, t.ClockStopped),
        EventRow("clock.warned", 2, t.ClockWarned, (clock.warned_at_first_point,)),
        EventRow("clock.expired", 1, t.ClockExpired),
        EventRow("clock.escalated", 1, t.ClockEscalated),
        EventRow("clock.paused", 2, t.ClockPaused, (clock.paused_on_a_ground,)),
        EventRow("clock.resumed", 2, t.ClockResumed, (clock.clock_with_terms,)),
        EventRow("clock.extended", 1, t.ClockExtended),
        EventRow("clock.recomputed", 1, t.ClockRecomputed),
        EventRow("clock.revived", 1, t.ClockRevived),
        EventRow("clock.passed_over", 1, t.ClockPassedOver),
        EventRow("export.requested", 1, export.ExportRequested),
        EventRow("export.completed", 1, export.ExportCompleted),
        EventRow("export.failed", 1, export.ExportFailed),
        EventRow("export.fetched", 1, export.ExportFetched),
        EventRow("export.cancelled", 1, export.ExportCancelled),
        EventRow("export.issued", 1, export.ExportIssued),
        EventRow("lookup.made", 1, lookup.LookupMade),
        EventRow("lookup.answered", 1, lookup.LookupAnswered),
        EventRow("account.opened", 1, account.AccountOpened),
        EventRow("account.role_granted", 1, account.AccountRoleGranted),
        EventRow("account.role_revoked", 1, account.AccountRoleRevoked),
        EventRow("account.substitute_named", 1, account.AccountSubstituteNamed),
        EventRow("account.substitution_ended", 1, account.AccountSubstitutionEnded),
        EventRow("account.disabled", 1, account.AccountDisabled),
        EventRow("account.enabled", 1, account.AccountEnabled),
        EventRow("account.moved", 1, account.AccountMoved),
        EventRow("account.password_set", 1, account.AccountPasswordSet),
        EventRow("account.unlocked", 1, account.AccountUnlocked),
        EventRow("rulebook.adopted", 1, rulebook.RulebookAdopted),
        EventRow("report.frozen", 1, report.ReportFrozen),
        EventRow("report.issued", 1, report.ReportIssued),
    )
)
