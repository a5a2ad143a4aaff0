"""督办、催办、延期、扣除: others see to it that a clue moves, and how much time it has."""

from domain.clue.life import Completed, Known, Open
from domain.clue.roles import ASSIGNER, COORDINATOR, DISPATCHER, HANDLER, HEAD, OWING_AN_ANSWER, SUPERVISOR
from domain.clue.supervision import commands as c
from domain.clue.supervision import events as e
from domain.clue.supervision import extension as x
from domain.clue.supervision import oversight as o
from domain.record.chapter import Chapter, Step, beside

_LIVELY = (Open, Completed)
_OVERSEER = (SUPERVISOR, COORDINATOR)
_APPROVER = (HEAD, COORDINATOR)

SUPERVISION = Chapter(
    steps=(
        Step(c.ExcludeTime, "不计入期限", Open, x.exclude, by=(HEAD,), at_rest="also",
             refuses=(x.EXCLUSION_OUT_OF_TIME, x.NOTHING_EXCLUDED), open=x.nothing_to_exclude),
        Step(c.Urge, "催办", Open, o.urge, by=(*_OVERSEER, DISPATCHER), at_rest="also"),
        Step(c.OrderOversight, "签发督办单", Open, o.order, by=_OVERSEER, at_rest="also",
             refuses=(o.ANSWER_DATE_PAST,)),
        Step(c.AnswerOversight, "答复督办单", _LIVELY, o.answer, by=OWING_AN_ANSWER, at_rest="also",
             refuses=(o.UNKNOWN_ORDER, o.NOT_AWAITED, o.NOT_OVERSEEN)),
        Step(c.RejectOversightAnswer, "退回督办答复", _LIVELY, o.reject_answer, by=_OVERSEER, at_rest="also",
             refuses=(o.UNKNOWN_ORDER, o.NOT_ANSWERED), open=o.none_answered),
        Step(c.AcceptOversightAnswer, "督办销号", _LIVELY, o.accept_answer, by=_OVERSEER, at_rest="also",
             refuses=(o.UNKNOWN_ORDER, o.NOT_ANSWERED, o.OWN_ANSWER), open=o.none_acceptable),
        Step(c.WithdrawOversight, "撤销督办", _LIVELY, o.withdraw, by=_OVERSEER, at_rest="also",
             refuses=(o.UNKNOWN_ORDER, o.ORDER_OVER, o.OWN_ORDER), open=o.none_withdrawable),
        Step(c.ListOversight, "挂牌督办", _LIVELY, o.make_listed, by=_OVERSEER, at_rest="also",
             refuses=(o.UNKNOWN_ORDER, o.ORDER_OVER), open=o.none_to_list),
        Step(c.RequestExtension, "申请延期", Open, x.request, by=(HANDLER, ASSIGNER, DISPATCHER), at_rest="also",
             refuses=(x.UNKNOWN_CLOCK, x.NOT_OWING, x.CLOCK_EXPIRED, x.EXTENSION_PENDING, x.NO_EXTENSION,
                      x.EXTENSION_TOO_LONG), open=x.nothing_to_extend),
        Step(c.ApproveExtension, "准予延期", Open, x.approve, by=_APPROVER, at_rest="also",
             refuses=(x.UNKNOWN_CLOCK, x.CLOCK_EXPIRED, x.NO_EXTENSION_REQUEST, x.WRONG_APPROVER, x.OWN_REQUEST),
             open=x.nothing_to_approve),
        Step(c.RejectExtension, "不予延期", Open, x.reject, by=_APPROVER, at_rest="also",
             refuses=(x.NO_EXTENSION_REQUEST, x.WRONG_APPROVER), open=x.nothing_to_reject),
    ),
    events=(
        beside("clue.time_excluded", 1, e.ClueTimeExcluded, Known, x.excluded, title="不计入期限",
               says="{since} 至 {until} 因{ground}不计入期限", amends=x.excluded_time, tells=x.tell_of_exclusion),
        beside("clue.urged", 1, e.ClueUrged, Known, o.urged, title="催办", says="催办 {department}",
               tells=o.tell_of_urging),
        beside("clue.oversight_ordered", 1, e.ClueOversightOrdered, Known, o.ordered, title="签发督办单",
               says="向 {department} 签发督办单 {order}", tells=o.tell_of_order),
        beside("clue.oversight_answered", 1, e.ClueOversightAnswered, Known, o.answered, title="督办答复",
               says="答复督办单 {order}", tells=o.tell_orderer),
        beside("clue.oversight_answer_rejected", 1, e.ClueOversightAnswerRejected, Known, o.answer_rejected,
               title="退回督办答复", says="退回对督办单 {order} 的答复", tells=o.tell_of_rejection),
        beside("clue.oversight_answer_accepted", 1, e.ClueOversightAnswerAccepted, Known, o.settled,
               title="督办销号", says="督办单 {order} 销号", tells=o.tell_of_acceptance),
        beside("clue.oversight_withdrawn", 1, e.ClueOversightWithdrawn, Known, o.withdrawn, title="撤销督办",
               says="撤销督办单 {order}", tells=o.tell_of_withdrawal),
        beside("clue.oversight_listed", 1, e.ClueOversightListed, Known, o.listed, title="挂牌督办",
               says="督办单 {order} 挂牌督办", tells=o.tell_of_listing),
        beside("clue.extension_requested", 1, e.ClueExtensionRequested, Known, x.requested, title="申请延期",
               says="申请第 {grade} 次延期,延长 {amount}", tells=x.tell_approver),
        beside("clue.extension_approved", 1, e.ClueExtensionApproved, Known, x.settled, title="准予延期",
               says="准予第 {grade} 次延期,延长 {amount}", amends=x.extension, tells=x.tell_of_approval),
        beside("clue.extension_rejected", 1, e.ClueExtensionRejected, Known, x.settled, title="不予延期",
               says="不予延期", tells=x.tell_of_rejection),
    ),
    fields={
        "orders": "督办单", "order": "督办单号", "demand": "督办要求", "answers": "督办答复",
        "answered_by": "答复人", "answer": "答复", "answer_by": "答复期限", "listed": "挂牌", "status": "状态",
        "extension_requests": "待批延期", "asked_by": "申请人", "approver": "审批人", "message": "催办内容",
    },
)  # fmt: skip
