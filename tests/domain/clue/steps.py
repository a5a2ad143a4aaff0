"""Every command of a clue under one name, for tests that walk through several chapters."""

from domain.clue.closing.commands import Archive, Reopen, UndoCompletion
from domain.clue.complaint.commands import Decline
from domain.clue.disposition.commands import ApproveDisposition, ProposeDisposition, RejectDisposition
from domain.clue.feedback.commands import Complete, FeedBack
from domain.clue.handover.commands import Assign, Dispatch, Reassign, Return, SignFor, WithdrawDispatch
from domain.clue.intake.commands import Answer, Correct, Register, SendBack, Supplement
from domain.clue.merging.commands import Link, Unlink
from domain.clue.papers.commands import AttachEvidence, EraseText, Note, RecordContact, SealFile
from domain.clue.supervision.commands import (
    AcceptOversightAnswer,
    AnswerOversight,
    ApproveExtension,
    ExcludeTime,
    ListOversight,
    OrderOversight,
    RejectExtension,
    RejectOversightAnswer,
    RequestExtension,
    Urge,
    WithdrawOversight,
)
from domain.clue.timekeeping.commands import Recalculate
from domain.clue.verification.commands import Conclude, OpenVerification, RecordFindings, Resume, Suspend, TakeUp
from domain.record.timekeeping import Elapse

__all__ = [
    "AcceptOversightAnswer",
    "Answer",
    "AnswerOversight",
    "ApproveDisposition",
    "ApproveExtension",
    "Archive",
    "Assign",
    "AttachEvidence",
    "Complete",
    "Conclude",
    "Correct",
    "Decline",
    "Dispatch",
    "Elapse",
    "EraseText",
    "ExcludeTime",
    "FeedBack",
    "Link",
    "ListOversight",
    "Note",
    "OpenVerification",
    "OrderOversight",
    "ProposeDisposition",
    "Reassign",
    "Recalculate",
    "RecordContact",
    "RecordFindings",
    "Register",
    "RejectDisposition",
    "RejectExtension",
    "RejectOversightAnswer",
    "Reopen",
    "RequestExtension",
    "Resume",
    "Return",
    "SealFile",
    "SendBack",
    "SignFor",
    "Supplement",
    "Suspend",
    "TakeUp",
    "UndoCompletion",
    "Unlink",
    "Urge",
    "WithdrawDispatch",
    "WithdrawOversight",
]
