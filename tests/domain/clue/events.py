"""Every event of a clue under one name, for tests that walk through several chapters."""

from domain.clue.closing.events import ClueArchived, ClueCompletionUndone, ClueReopened
from domain.clue.complaint.events import ClueDeclined
from domain.clue.disposition.events import ClueDispositionApproved, ClueDispositionProposed, ClueDispositionRejected
from domain.clue.feedback.events import ClueCompleted, ClueFedBack
from domain.clue.handover.events import (
    ClueAssigned,
    ClueDispatched,
    ClueDispatchWithdrawn,
    ClueReassigned,
    ClueReturned,
    ClueSignedFor,
)
from domain.clue.intake.events import (
    ClueAnswered,
    ClueCorrected,
    ClueNumbered,
    ClueRegistered,
    ClueSentBack,
    ClueSupplemented,
)
from domain.clue.merging.events import ClueLinked, ClueUnlinked
from domain.clue.papers.events import (
    ClueContactRecorded,
    ClueEvidenceAttached,
    ClueFileSealed,
    ClueNoted,
    ClueTextErased,
)
from domain.clue.supervision.events import (
    ClueExtensionApproved,
    ClueExtensionRejected,
    ClueExtensionRequested,
    ClueOversightAnswerAccepted,
    ClueOversightAnswered,
    ClueOversightAnswerRejected,
    ClueOversightListed,
    ClueOversightOrdered,
    ClueOversightWithdrawn,
    ClueTimeExcluded,
    ClueUrged,
)
from domain.clue.verification.events import (
    ClueFindingsRecorded,
    ClueResumed,
    ClueSuspended,
    ClueTakenUp,
    ClueVerificationConcluded,
    ClueVerificationOpened,
)

__all__ = [
    "ClueAnswered",
    "ClueArchived",
    "ClueAssigned",
    "ClueCompleted",
    "ClueCompletionUndone",
    "ClueContactRecorded",
    "ClueCorrected",
    "ClueDeclined",
    "ClueDispatchWithdrawn",
    "ClueDispatched",
    "ClueDispositionApproved",
    "ClueDispositionProposed",
    "ClueDispositionRejected",
    "ClueEvidenceAttached",
    "ClueExtensionApproved",
    "ClueExtensionRejected",
    "ClueExtensionRequested",
    "ClueFedBack",
    "ClueFileSealed",
    "ClueFindingsRecorded",
    "ClueLinked",
    "ClueNoted",
    "ClueNumbered",
    "ClueOversightAnswerAccepted",
    "ClueOversightAnswerRejected",
    "ClueOversightAnswered",
    "ClueOversightListed",
    "ClueOversightOrdered",
    "ClueOversightWithdrawn",
    "ClueReassigned",
    "ClueRegistered",
    "ClueReopened",
    "ClueResumed",
    "ClueReturned",
    "ClueSentBack",
    "ClueSignedFor",
    "ClueSupplemented",
    "ClueSuspended",
    "ClueTakenUp",
    "ClueTextErased",
    "ClueTimeExcluded",
    "ClueUnlinked",
    "ClueUrged",
    "ClueVerificationConcluded",
    "ClueVerificationOpened",
]
