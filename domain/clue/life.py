"""The life of a clue (问题线索) as types: one frozen type per stage, without fields for what that stage cannot have.

The stages form a tree, so that a rule names all it means: `Open` until 办结, `Led` with a lead department, `InHand`
with a handler, `Ended` from 办结 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from domain.clue.values import Conclusion, DeclineGround, Evidence, Measure
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

if TYPE_CHECKING:
    from domain.clue.dossier import Dossier

StageName = Literal[
    "unregistered",
    "registered",
    "dispatched",
    "signed_for",
    "assigned",
    "declined",
    "taken_up",
    "verifying",
    "verified",
    "disposition_proposed",
    "disposed",
    "fed_back",
    "completed",
    "archived",
]
Ending = Annotated[
    Literal["answered", "sent_back", "declined", "handled"],
    Words({"answered": "直接答复", "sent_back": "退回来源", "declined": "不予受理", "handled": "办理完毕"}),
]


class Finding(Value):
    """One record of what was found, with the evidence it rests on."""

    text: Sealed
    evidence: tuple[Evidence, ...]


class Clue(Value):
    """A clue at some stage."""

    stage: ClassVar[StageName]
    title: ClassVar[str]


class Unregistered(Clue):
    """Nothing is known yet."""

    stage: ClassVar[StageName] = "unregistered"
    title: ClassVar[str] = "未登记"


class Known(Clue):
    """Registered. The dossier stays with it through every stage."""

    dossier: Dossier

    def keep(self, **changes: Any) -> Self:
        """The same stage, with what changed in the dossier."""
        return self.model_copy(update={"dossier": self.dossier.model_copy(update=changes)})


class Open(Known):
    """Not completed."""


class Registered(Open):
    """Awaiting dispatch; also after a return."""

    stage: ClassVar[StageName] = "registered"
    title: ClassVar[str] = "待分办"


class Led(Open):
    """With a lead department."""

    department: str


class Dispatched(Led):
    """Handed to a lead department that has not signed for it."""

    stage: ClassVar[StageName] = "dispatched"
    title: ClassVar[str] = "待签收"


class SignedFor(Led):
    """With the lead department, awaiting a handler."""

    stage: ClassVar[StageName] = "signed_for"
    title: ClassVar[str] = "待分派"


class InHand(Led):
    """With a handler."""

    handler: str


class Assigned(InHand):
    """Named to a handler who has not taken it up."""

    stage: ClassVar[StageName] = "assigned"
    title: ClassVar[str] = "待接办"


class Declined(InHand):
    """A complaint was declined; the complainant has not been told."""

    stage: ClassVar[StageName] = "declined"
    title: ClassVar[str] = "不予受理待告知"
    ground: DeclineGround


class TakenUp(InHand):
    """In the handler's hands."""

    stage: ClassVar[StageName] = "taken_up"
    title: ClassVar[str] = "已接办"


class Verifying(InHand):
    """Being verified; findings gather."""

    stage: ClassVar[StageName] = "verifying"
    title: ClassVar[str] = "核查中"
    findings: tuple[Finding, ...] = ()


class Verified(InHand):
    """Verification concluded, disposition not yet proposed (or the proposal was rejected)."""

    stage: ClassVar[StageName] = "verified"
    title: ClassVar[str] = "核查完毕"
    findings: tuple[Finding, ...]
    conclusion: Conclusion


class DispositionProposed(InHand):
    """A disposition awaits the head's decision. `proposers` are who proposed it and on whose behalf."""

    stage: ClassVar[StageName] = "disposition_proposed"
    title: ClassVar[str] = "待审批处置"
    findings: tuple[Finding, ...]
    conclusion: Conclusion
    measure: Measure
    proposers: tuple[str, ...]


class Disposed(InHand):
    """Decided; the sender has not been told."""

    stage: ClassVar[StageName] = "disposed"
    title: ClassVar[str] = "已处置"
    conclusion: Conclusion
    measure: Measure


class FedBack(InHand):
    """The sender has been answered: of what was found and decided, or that the complaint was declined."""

    stage: ClassVar[StageName] = "fed_back"
    title: ClassVar[str] = "已反馈"
    ending: Literal["declined", "handled"]
    conclusion: Conclusion | None = None
    measure: Measure | None = None


class Ended(Known):
    """办结 and after. `department` is None when the dispatching office answered or sent it back itself."""

    department: str | None
    handler: str | None
    ending: Ending
    conclusion: Conclusion | None = None
    measure: Measure | None = None


class Completed(Ended):
    """办结."""

    stage: ClassVar[StageName] = "completed"
    title: ClassVar[str] = "已办结"


class Archived(Ended):
    """归档: the record rests, no process runs."""

    stage: ClassVar[StageName] = "archived"
    title: ClassVar[str] = "已归档"


STAGES: tuple[type[Clue], ...] = (
    Unregistered,
    Registered,
    Dispatched,
    SignedFor,
    Assigned,
    Declined,
    TakenUp,
    Verifying,
    Verified,
    DispositionProposed,
    Disposed,
    FedBack,
    Completed,
    Archived,
)


def complete(dossier: type[Dossier]) -> None:
    """Let every stage know the dossier: its slices come from the chapters, which stand on the stages themselves."""
    unfinished: tuple[type[Clue], ...] = (Known, Open, Led, InHand, Ended, *STAGES)
    for stage in unfinished:
        stage.model_rebuild(_types_namespace={**globals(), "Dossier": dossier})


def known(clue: Clue) -> Known:
    """The clue, once registered. Asking before is a programming error."""
    if not isinstance(clue, Known):
        raise TypeError("not registered yet")
    return clue


def lead_of(clue: Clue) -> str | None:
    """The lead department, when one is named."""
    return clue.department if isinstance(clue, Led | Ended) else None


def handler_of(clue: Clue) -> str | None:
    """The handler's account, when one is named."""
    return clue.handler if isinstance(clue, InHand | Ended) else None


def responsible_of(clue: Known) -> str:
    """The department that answers for the case now: the lead, else the region's dispatching office."""
    return lead_of(clue) or clue.dossier.office
