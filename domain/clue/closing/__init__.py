"""撤销办结、归档、重新办理: what may still become of a completed clue."""

from domain.clue.closing import commands as c
from domain.clue.closing import decide as d
from domain.clue.closing import events as e
from domain.clue.life import Completed, Ended
from domain.clue.roles import ASSIGNER, DISPATCHER, HANDLER, SUPERVISOR
from domain.record.chapter import Chapter, Step, turns

CLOSING = Chapter(
    steps=(
        Step(c.UndoCompletion, "撤销办结", Completed, d.undo_completion, by=(HANDLER, ASSIGNER, DISPATCHER),
             refuses=(d.ALREADY_TOLD,), open=d.already_told),
        Step(c.Archive, "归档", Completed, d.archive, by=(ASSIGNER, DISPATCHER),
             refuses=(d.ORDER_OPEN,), open=d.order_standing),
        Step(c.Reopen, "重新办理", Ended, d.reopen, by=(DISPATCHER, SUPERVISOR)),
    ),
    events=(
        turns("clue.completion_undone", 1, e.ClueCompletionUndone, Completed, d.completion_undone,
              title="撤销办结", says="撤销有误的办结", clocks="undone", tells=d.tell_of_undoing, holds=d.hold_on),
        turns("clue.archived", 1, e.ClueArchived, Completed, d.archived, title="归档"),
        turns("clue.reopened", 1, e.ClueReopened, Ended, d.reopened, title="重新办理",
              says="重新办理({ground}),由 {department} 签收", tells=d.tell_of_reopening, holds=d.hold_anew),
    ),
    fields={"ending": "办结方式", "reopenings": "重新办理次数"},
)  # fmt: skip
