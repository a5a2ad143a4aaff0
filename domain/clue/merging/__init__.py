"""关联、标记重复: what a clue has to do with others."""

from domain.clue.life import Known, Open
from domain.clue.merging import commands as c
from domain.clue.merging import decide as d
from domain.clue.merging import events as e
from domain.clue.roles import COORDINATOR, DISPATCHER, HANDLER, WORKING_ON_IT
from domain.record.chapter import Chapter, Step, beside

MERGING = Chapter(
    steps=(
        Step(c.Link, "关联", Known, d.link, by=WORKING_ON_IT, needs=d.need_case,
             refuses=(d.LINKED_TO_ITSELF, d.UNKNOWN_LINK), at_rest="also"),
        Step(c.Unlink, "取消关联", Known, d.unlink, by=WORKING_ON_IT,
             refuses=(d.NOT_LINKED,), open=d.without_links, at_rest="also"),
        Step(c.MarkDuplicate, "标记重复", Open, d.mark_duplicate, by=(DISPATCHER, COORDINATOR, HANDLER),
             needs=d.need_original, refuses=(d.DUPLICATE_OF_ITSELF, d.UNKNOWN_ORIGINAL, d.ALREADY_MARKED),
             open=d.already_marked, at_rest="also"),
    ),
    events=(
        beside("clue.linked", 1, e.ClueLinked, Known, d.linked, title="关联", says="关联 {case}({relation})"),
        beside("clue.unlinked", 1, e.ClueUnlinked, Known, d.unlinked, title="取消关联", says="取消与 {case} 的关联"),
        beside("clue.marked_duplicate", 1, e.ClueMarkedDuplicate, Known, d.marked_duplicate, title="标记重复",
               says="标记为 {of} 的重复件"),
    ),
    fields={"links": "关联案件", "case": "关联案件", "relation": "关系", "of": "原案件", "duplicate_of": "重复于"},
)  # fmt: skip
