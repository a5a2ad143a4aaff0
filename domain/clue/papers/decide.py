"""What becomes of notes, contacts, files and texts. They stand beside the stage: whoever was about to act may go on."""

from __future__ import annotations

from domain.clue.life import Known
from domain.clue.papers import commands as c
from domain.clue.papers import events as e
from domain.clue.papers.state import Contact, Note, SealedFile
from domain.clue.telling import RECORD_ERASURE, SEAL_EVIDENCE
from domain.clue.values import Evidence
from domain.errors import Refused
from domain.people.actors import Actor
from domain.record.chapter import NO_SUCH, Decided, Refusal
from domain.record.decider import Effect, Facts, Happened, Needs
from domain.record.vault import Sealed

CONTACT_OUT_OF_TIME = Refusal("contact_out_of_time", "联系时间有误", "联系时间应在来件之后、当前时间之前,请核对")
UNKNOWN_EVIDENCE = Refusal("unknown_evidence", "证据尚未上传", "证据文件尚未上传,请先上传")
UNKNOWN_FILE = Refusal("unknown_file", "没有这份证据", "该线索没有这份文件", NO_SUCH)
UNKNOWN_TEXT = Refusal("unknown_text", "没有这段文本", "该线索没有这段文本")


def note(command: c.Note, _clue: Known, _facts: Facts) -> Decided:
    return (e.ClueNoted(text=command.text),)


def record_contact(command: c.RecordContact, clue: Known, facts: Facts) -> Decided:
    if not clue.dossier.received_at <= command.at <= facts.now:
        return CONTACT_OUT_OF_TIME()
    return (e.ClueContactRecorded(at=command.at, means=command.means, result=command.result, note=command.note),)


def need_files(command: c.AttachEvidence) -> Needs:
    return Needs(evidence=tuple(given.digest for given in command.evidence))


def attach_evidence(command: c.AttachEvidence, _clue: Known, facts: Facts) -> Decided:
    evidence = kept(command.evidence, facts)
    if isinstance(evidence, Refused):
        return evidence
    return (e.ClueEvidenceAttached(evidence=evidence, description=command.description),)


def kept(given: tuple[c.EvidenceGiven, ...], facts: Facts) -> tuple[Evidence, ...] | Refused:
    """The files as evidence, when the store holds them all."""
    if {file.digest for file in given} - set(facts.evidence):
        return UNKNOWN_EVIDENCE()
    return tuple(Evidence(digest=file.digest, name=file.name) for file in given)


def seal_file(command: c.SealFile, clue: Known, _facts: Facts) -> Decided:
    if command.digest not in {file.digest for file in clue.dossier.files}:
        return UNKNOWN_FILE()
    if command.digest in {sealed.digest for sealed in clue.dossier.sealed_files}:
        return ()
    return (e.ClueFileSealed(digest=command.digest, ground=command.ground, reason=command.reason),)


def no_file_left(clue: Known, _actor: Actor) -> Refused | None:
    """Every file it has is sealed already, or it has none."""
    sealed = {file.digest for file in clue.dossier.sealed_files}
    return None if {file.digest for file in clue.dossier.files} - sealed else UNKNOWN_FILE()


def erase_text(command: c.EraseText, clue: Known, _facts: Facts) -> Decided:
    known = {sealed.ref: sealed for sealed in clue.dossier.texts}
    if any(ref not in known for ref in command.texts):
        return UNKNOWN_TEXT()
    gone = {sealed.ref for sealed in clue.dossier.erased}
    left = tuple(known[ref] for ref in dict.fromkeys(command.texts) if ref not in gone)
    return (e.ClueTextErased(texts=left, ground=command.ground),) if left else ()


def no_text_left(clue: Known, _actor: Actor) -> Refused | None:
    """Every text of it is erased."""
    return None if set(clue.dossier.texts) - set(clue.dossier.erased) else UNKNOWN_TEXT()


# What becomes of the clue ----------------------------------------------------------------------------------------


def noted(clue: Known, event: e.ClueNoted, happened: Happened) -> Known:
    added = Note(at=happened.occurred_at, by=happened.actor.account, text=event.text)
    return clue.keep(notes=(*clue.dossier.notes, added))


def contact_recorded(clue: Known, event: e.ClueContactRecorded, happened: Happened) -> Known:
    by = happened.actor.account
    contact = Contact(at=event.at, by=by, means=event.means, result=event.result, note=event.note)
    return clue.keep(contacts=(*clue.dossier.contacts, contact))


def evidence_attached(clue: Known, event: e.ClueEvidenceAttached, _at: Happened) -> Known:
    return clue.keep(files=(*clue.dossier.files, *event.evidence))


def file_sealed(clue: Known, event: e.ClueFileSealed, _at: Happened) -> Known:
    sealed = SealedFile(digest=event.digest, ground=event.ground, reason=event.reason)
    return clue.keep(sealed_files=(*clue.dossier.sealed_files, sealed))


def text_erased(clue: Known, event: e.ClueTextErased, _at: Happened) -> Known:
    return clue.keep(erased=(*clue.dossier.erased, *event.texts))


def erased_texts(event: e.ClueTextErased) -> tuple[Sealed, ...]:
    return event.texts


# What must be done -----------------------------------------------------------------------------------------------


def seal_evidence(event: e.ClueFileSealed, _clue: Known) -> tuple[Effect, ...]:
    """Only a classified file leaves the store: others may belong to a second case."""
    if event.ground != "classified":
        return ()
    return (Effect(kind=SEAL_EVIDENCE, recipient="evidence", subject="file_sealed", params={"digest": event.digest}),)


def record_erasure(_event: e.ClueTextErased, _clue: Known) -> tuple[Effect, ...]:
    return (Effect(kind=RECORD_ERASURE, recipient="erasure_ledger", subject="texts_erased"),)
