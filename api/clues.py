"""问题线索 over HTTP: what only clues have. Everything else is `api.cases.routes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from api.cases.surface import Surface
from domain.clue import CLUE, known, summary
from domain.clue.state import Clue
from domain.people.actors import Actor
from domain.people.visibility import knows_reporter
from domain.reading.case_document import EvidenceFile
from domain.record.vault import Sealed

_ORDER_CODES = ("unknown_order", "order_not_so")
_OWN_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "correct": ("nothing_to_correct", "received_in_future"),
    "supplement": ("received_in_future",),
    "dispatch": ("unknown_department", "department_out_of_region"),
    "assign": ("unknown_handler", "handler_of_other_department"),
    "reassign": ("unknown_handler", "handler_of_other_department"),
    "decline": ("not_a_complaint",),
    "record_findings": ("unknown_evidence",),
    "conclude": ("no_findings",),
    "approve_disposition": ("own_proposal",),
    "undo_completion": ("already_told",),
    "record_contact": ("contact_out_of_time",),
    "attach_evidence": ("unknown_evidence",),
    "seal_file": ("unknown_file",),
    "resume": ("not_suspended",),
    "archive": ("order_open",),
    "exclude_time": ("exclusion_out_of_time", "nothing_excluded"),
    "order_oversight": ("answer_date_past",),
    "answer_oversight": _ORDER_CODES,
    "reject_oversight_answer": _ORDER_CODES,
    "accept_oversight_answer": (*_ORDER_CODES, "own_order"),
    "withdraw_oversight": (*_ORDER_CODES, "own_order"),
    "list_oversight": _ORDER_CODES,
    "request_extension": ("unknown_clock", "clock_expired", "extension_pending", "no_extension", "extension_too_long"),
    "approve_extension": ("unknown_clock", "clock_expired", "no_extension_request", "wrong_approver", "own_request"),
    "reject_extension": ("no_extension_request", "wrong_approver"),
    "link": ("linked_to_itself", "unknown_link"),
    "unlink": ("unknown_link",),
    "erase_text": ("unknown_text",),
}
"""What the rules of single steps refuse, beside what they all may."""
_OPENING_CODES = ("already_registered", "received_in_future")


def _refusals(slug: str) -> tuple[str, ...]:
    return _OPENING_CODES if slug == "register" else ("suspended", *_OWN_CODES.get(slug, ()))


def _withheld(clue: Clue, actor: Actor) -> tuple[Sealed, ...]:
    return () if knows_reporter(actor, summary(clue)) else known(clue).dossier.reporters


def _files(clue: Clue) -> Iterator[EvidenceFile]:
    dossier = known(clue).dossier
    sealed = {file.digest for file in dossier.sealed_files}
    for file in dossier.files:
        yield EvidenceFile(digest=file.digest, name=file.name, sealed=file.digest in sealed)


CLUES: Final = Surface(
    CLUE,
    prefix="/clues",
    title="问题线索",
    opens="register",
    listed=False,
    refusals=_refusals,
    withheld=_withheld,
    files=_files,
)
