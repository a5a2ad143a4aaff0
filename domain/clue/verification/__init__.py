"""接办、核查、结论、中止: the handler finds out what is true."""

from domain.clue.life import Assigned, Known, SignedFor, TakenUp, Verified, Verifying
from domain.clue.papers.decide import UNKNOWN_EVIDENCE
from domain.clue.roles import HANDLER, HEAD
from domain.clue.verification import commands as c
from domain.clue.verification import decide as d
from domain.clue.verification import events as e
from domain.record.chapter import Chapter, Step, turns

_MAY_REST = (SignedFor, Assigned, TakenUp, Verifying, Verified)

VERIFICATION = Chapter(
    steps=(
        Step(c.TakeUp, "接办", Assigned, d.take_up, by=(HANDLER,)),
        Step(c.OpenVerification, "启动核查", TakenUp, d.open_verification, by=(HANDLER,)),
        Step(c.RecordFindings, "记录核查情况", Verifying, d.record_findings, by=(HANDLER,), needs=d.need_files,
             refuses=(UNKNOWN_EVIDENCE,)),
        Step(c.Conclude, "作出核查结论", Verifying, d.conclude, by=(HANDLER,),
             refuses=(d.NO_FINDINGS,), open=d.without_findings),
        Step(c.Suspend, "中止", _MAY_REST, d.suspend, by=(HEAD,)),
        Step(c.Resume, "恢复", _MAY_REST, d.resume, by=(HEAD, HANDLER), at_rest="only"),
    ),
    events=(
        turns("clue.taken_up", 1, e.ClueTakenUp, Assigned, d.taken_up, title="接办", says="承办人接办"),
        turns("clue.verification_opened", 1, e.ClueVerificationOpened, TakenUp, d.verification_opened,
              title="启动核查"),
        turns("clue.findings_recorded", 1, e.ClueFindingsRecorded, Verifying, d.findings_recorded,
              title="记录核查情况", says="记录核查情况,附证据 {evidence}"),
        turns("clue.verification_concluded", 1, e.ClueVerificationConcluded, Verifying, d.verification_concluded,
              title="作出核查结论", says="核查结论:{conclusion}"),
        turns("clue.suspended", 1, e.ClueSuspended, Known, d.suspended, title="中止", says="中止办理({ground})",
              tells=d.tell_of_suspension),
        turns("clue.resumed", 1, e.ClueResumed, Known, d.resumed, title="恢复", says="恢复办理",
              tells=d.tell_of_resumption),
    ),
    fields={
        "findings": "核查情况", "evidence": "证据", "conclusion": "核查结论", "plan": "核查方案",
        "summary": "结论说明", "suspension": "中止", "document": "依据文书",
    },
)  # fmt: skip
