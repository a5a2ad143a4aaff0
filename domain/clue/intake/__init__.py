"""登记: a clue comes in, is corrected and supplemented; what is none is answered or sent back at once."""

from domain.clue.intake import commands as c
from domain.clue.intake import decide as d
from domain.clue.intake import events as e
from domain.clue.intake.upcasters import registered_with_entity
from domain.clue.life import Completed, Known, Open, Registered, Unregistered
from domain.clue.roles import ANYWHERE, ASSIGNER, DISPATCHER, HANDLER, INTAKE_CLERK
from domain.people.actors import Role
from domain.record.chapter import Chapter, Grant, Step, beside, turns

_TAKES_IN = (Grant(Role.INTAKE_CLERK, ANYWHERE), Grant(Role.SOURCE_SYSTEM, ANYWHERE))
"""No case yet: the region is checked against the command."""

INTAKE = Chapter(
    steps=(
        Step(c.Register, "登记", Unregistered, d.register, by=_TAKES_IN, opens=True, otherwise=d.ALREADY_REGISTERED,
             refuses=(d.OUT_OF_REGION, d.RECEIVED_IN_FUTURE)),
        Step(c.Correct, "更正登记信息", Open, d.correct, by=(INTAKE_CLERK, DISPATCHER, ASSIGNER, HANDLER),
             refuses=(d.NOTHING_TO_CORRECT, d.RECEIVED_IN_FUTURE), at_rest="also"),
        Step(c.Supplement, "补充来件", (Open, Completed), d.supplement, by=(INTAKE_CLERK, DISPATCHER),
             refuses=(d.RECEIVED_IN_FUTURE,), at_rest="also"),
        Step(c.Answer, "直接答复", Registered, d.answer, by=(DISPATCHER,)),
        Step(c.SendBack, "退回来源", Registered, d.send_back, by=(DISPATCHER,)),
    ),
    events=(
        turns("clue.registered", 2, e.ClueRegistered, Unregistered, d.registered, title="登记",
              says="登记{channel}{category}一件,属地 {region}", upcasters=(registered_with_entity,), holds=d.begin),
        beside("clue.numbered", 1, e.ClueNumbered, Known, d.numbered, title="编号", says="取得案件编号 {number}"),
        turns("clue.corrected", 1, e.ClueCorrected, Known, d.corrected, title="更正登记信息",
              says="更正登记信息:{changed}", clocks="corrected", tells=d.tell_of_correction, holds=d.recategorise),
        beside("clue.supplemented", 1, e.ClueSupplemented, Known, d.supplemented, title="补充来件",
               says="来件人补充情况,收到于 {received_at}", tells=d.tell_of_supplement),
        turns("clue.answered", 1, e.ClueAnswered, Registered, d.answered, title="直接答复",
              says="不属于问题线索,由分办机构直接答复", tells=d.tell_sender, holds=d.end),
        turns("clue.sent_back", 1, e.ClueSentBack, Registered, d.sent_back, title="退回来源",
              says="不属于问题线索,退回来源({ground})", tells=d.tell_sender, holds=d.end),
    ),
    fields={
        "region": "行政区划", "channel": "来源渠道", "external_id": "来源工单号", "number": "案件编号",
        "entity": "监管对象", "category": "诉求类别", "title": "标题", "body": "内容", "reporter": "反映人",
        "registered_at": "登记时间", "received_at": "来件时间", "migrated": "迁入", "reply": "答复",
        "field": "更正项", "before": "更正前", "after": "更正后", "corrections": "更正", "supplements": "补充",
        "uscc": "统一社会信用代码",
    },
)  # fmt: skip
