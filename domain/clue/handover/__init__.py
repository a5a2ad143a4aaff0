"""分办、签收、退回、分派: a clue goes to a department and a handler, and back."""

from domain.clue.handover import commands as c
from domain.clue.handover import decide as d
from domain.clue.handover import events as e
from domain.clue.life import Assigned, Dispatched, InHand, Registered, SignedFor
from domain.clue.roles import ASSIGNER, DISPATCHER, HEAD
from domain.record.chapter import Chapter, Step, turns

_BEFORE_TAKEN_UP = (Dispatched, SignedFor, Assigned)

HANDOVER = Chapter(
    steps=(
        Step(c.Dispatch, "分办", Registered, d.dispatch, by=(DISPATCHER,), needs=d.need_department,
             refuses=(d.UNKNOWN_DEPARTMENT, d.DEPARTMENT_OUT_OF_REGION)),
        Step(c.WithdrawDispatch, "撤回分办", Dispatched, d.withdraw_dispatch, by=(DISPATCHER,)),
        Step(c.SignFor, "签收", Dispatched, d.sign_for, by=(ASSIGNER,)),
        Step(c.Return, "退回", _BEFORE_TAKEN_UP, d.give_back, by=(ASSIGNER,)),
        Step(c.Assign, "分派", (SignedFor, Assigned), d.assign, by=(ASSIGNER,), needs=d.need_handler,
             refuses=d.UNFIT_TO_HANDLE),
        Step(c.Reassign, "改派承办人", InHand, d.reassign, by=(ASSIGNER, HEAD), needs=d.need_handler,
             refuses=d.UNFIT_TO_HANDLE, at_rest="also"),
    ),
    events=(
        turns("clue.dispatched", 1, e.ClueDispatched, Registered, d.dispatched, title="分办",
              says="分办给 {department}", tells=d.tell_of_dispatch, holds=d.hold_by_department),
        turns("clue.dispatch_withdrawn", 1, e.ClueDispatchWithdrawn, Dispatched, d.dispatch_withdrawn,
              title="撤回分办", says="从 {department} 撤回分办", clocks="handed_over",
              tells=d.tell_of_withdrawal, holds=d.hold_again),
        turns("clue.signed_for", 1, e.ClueSignedFor, Dispatched, d.signed_for, title="签收",
              says="牵头部门签收", holds=d.note_signing),
        turns("clue.returned", 1, e.ClueReturned, _BEFORE_TAKEN_UP, d.returned, title="退回",
              says="{department} 退回分办机构({ground})", clocks="handed_over",
              tells=d.tell_of_return, holds=d.hold_returned),
        turns("clue.assigned", 1, e.ClueAssigned, (SignedFor, Assigned), d.assigned, title="分派承办人",
              says="分派给 {handler} 承办", tells=d.tell_of_assignment),
        turns("clue.reassigned", 1, e.ClueReassigned, InHand, d.reassigned, title="改派承办人",
              says="由 {previous} 改派给 {handler} 承办", tells=d.tell_of_reassignment),
    ),
    fields={
        "departments": "参与部门", "department": "牵头部门", "handler": "承办人", "returns": "退回次数",
        "opinion": "分办意见", "previous": "原承办人",
    },
)  # fmt: skip
