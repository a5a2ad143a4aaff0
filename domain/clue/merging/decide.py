"""What becomes of links with other clues."""

from __future__ import annotations

from domain.clue.life import Known, Open
from domain.clue.merging import commands as c
from domain.clue.merging import events as e
from domain.clue.merging.state import Link
from domain.errors import Refused
from domain.people.actors import Actor
from domain.record.chapter import Decided, Refusal
from domain.record.decider import Facts, Happened, Needs

LINKED_TO_ITSELF = Refusal("linked_to_itself", "不能与自身关联", "不能与自身关联")
UNKNOWN_LINK = Refusal("unknown_link", "没有可关联的案件", "没有这个案件,或者它不在您的可见范围内")
NOT_LINKED = Refusal("unknown_link", "没有可关联的案件", "该线索没有与这个案件关联")

DUPLICATE_OF_ITSELF = Refusal("duplicate_of_itself", "不能标记为自身的重复件", "不能标记为自身的重复件")
UNKNOWN_ORIGINAL = Refusal("unknown_original", "没有所重复的案件", "没有这个案件,或者它不在您的可见范围内")
ALREADY_MARKED = Refusal("already_marked", "已标记重复", "该线索已标记为其他案件的重复件")


def need_case(command: c.Link) -> Needs:
    return Needs(cases=(command.case,))


def link(command: c.Link, clue: Known, facts: Facts) -> Decided:
    if command.case == facts.stream:
        return LINKED_TO_ITSELF()
    if command.case not in facts.cases:
        return UNKNOWN_LINK()
    if (command.case, command.relation) in {(link.case, link.relation) for link in clue.dossier.links}:
        return ()
    return (e.ClueLinked(case=command.case, relation=command.relation, reason=command.reason),)


def unlink(command: c.Unlink, clue: Known, _facts: Facts) -> Decided:
    if command.case not in {link.case for link in clue.dossier.links}:
        return NOT_LINKED()
    return (e.ClueUnlinked(case=command.case, reason=command.reason),)


def without_links(clue: Known, _actor: Actor) -> Refused | None:
    """There is nothing to take back."""
    return None if clue.dossier.links else NOT_LINKED()


def linked(clue: Known, event: e.ClueLinked, _at: Happened) -> Known:
    added = Link(case=event.case, relation=event.relation, reason=event.reason)
    return clue.keep(links=(*clue.dossier.links, added))


def unlinked(clue: Known, event: e.ClueUnlinked, _at: Happened) -> Known:
    return clue.keep(links=tuple(link for link in clue.dossier.links if link.case != event.case))


def need_original(command: c.MarkDuplicate) -> Needs:
    return Needs(cases=(command.of,))


def mark_duplicate(command: c.MarkDuplicate, _clue: Open, facts: Facts) -> Decided:
    if command.of == facts.stream:
        return DUPLICATE_OF_ITSELF()
    if command.of not in facts.cases:
        return UNKNOWN_ORIGINAL()
    return (e.ClueMarkedDuplicate(of=command.of, reason=command.reason),)


def already_marked(clue: Open, _actor: Actor) -> Refused | None:
    """It is the duplicate of one clue."""
    return ALREADY_MARKED() if clue.dossier.duplicate_of else None


def marked_duplicate(clue: Known, event: e.ClueMarkedDuplicate, _at: Happened) -> Known:
    return clue.keep(duplicate_of=event.of)
