"""反馈与办结: the sender is answered, and the case completed."""

from domain.clue.feedback import commands as c
from domain.clue.feedback import decide as d
from domain.clue.feedback import events as e
from domain.clue.feedback.upcasters import fed_back_with_handling
from domain.clue.life import Declined, Disposed, FedBack
from domain.clue.roles import ASSIGNER, HANDLER
from domain.record.chapter import Chapter, Step, turns

FEEDBACK = Chapter(
    steps=(
        Step(c.FeedBack, "反馈", (Disposed, Declined), d.feed_back, by=(HANDLER,)),
        Step(c.Complete, "办结", FedBack, d.complete, by=(HANDLER, ASSIGNER)),
    ),
    events=(
        turns("clue.fed_back", 2, e.ClueFedBack, (Disposed, Declined), d.fed_back, title="反馈",
              says="向来源反馈处理结果", upcasters=(fed_back_with_handling,), tells=d.tell_sender,
              holds=d.note_answer),
        turns("clue.completed", 1, e.ClueCompleted, FedBack, d.completed, title="办结", holds=d.end),
    ),
    fields={"handling": "内部办理情况"},
)  # fmt: skip
