"""不予受理: what is special about complaints."""

from domain.clue.complaint import commands as c
from domain.clue.complaint import decide as d
from domain.clue.complaint import events as e
from domain.clue.life import Assigned
from domain.clue.roles import HANDLER
from domain.record.chapter import Chapter, Step, turns

COMPLAINT = Chapter(
    steps=(
        Step(c.Decline, "不予受理", Assigned, d.decline, by=(HANDLER,),
             refuses=(d.NOT_A_COMPLAINT,), open=d.no_complaint),
    ),
    events=(
        turns("clue.declined", 1, e.ClueDeclined, Assigned, d.declined, title="不予受理",
              says="投诉不予受理({ground})"),
    ),
)  # fmt: skip
