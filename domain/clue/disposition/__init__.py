"""处置意见与审批: what is to be done about what was found."""

from domain.clue.disposition import commands as c
from domain.clue.disposition import decide as d
from domain.clue.disposition import events as e
from domain.clue.life import DispositionProposed, Verified
from domain.clue.roles import HANDLER, HEAD
from domain.record.chapter import Chapter, Step, turns

DISPOSITION = Chapter(
    steps=(
        Step(c.ProposeDisposition, "提出处置意见", Verified, d.propose, by=(HANDLER,)),
        Step(c.ApproveDisposition, "批准处置", DispositionProposed, d.approve, by=(HEAD,),
             refuses=(d.OWN_PROPOSAL,), open=d.own_proposal),
        Step(c.RejectDisposition, "驳回处置", DispositionProposed, d.reject, by=(HEAD,)),
    ),
    events=(
        turns("clue.disposition_proposed", 1, e.ClueDispositionProposed, Verified, d.proposed,
              title="提出处置意见", says="提出处置意见:{measure}", tells=d.tell_head),
        turns("clue.disposition_approved", 1, e.ClueDispositionApproved, DispositionProposed, d.approved,
              title="批准处置", says="负责人批准处置:{measure}", tells=d.tell_of_approval),
        turns("clue.disposition_rejected", 1, e.ClueDispositionRejected, DispositionProposed, d.rejected,
              title="驳回处置", says="负责人驳回处置意见", tells=d.tell_of_rejection),
    ),
    fields={"measure": "处置措施", "proposers": "处置提出人"},
)  # fmt: skip
