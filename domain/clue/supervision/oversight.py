"""督办: orders that a department must answer, by hand or by the ladder of an overdue clock, until they are settled."""

from __future__ import annotations

from collections.abc import Collection

from domain.clue.state import Dossier, Known, responsible_of
from domain.clue.supervision import commands as c
from domain.clue.supervision import events as e
from domain.errors import Refused
from domain.record.decider import Facts
from domain.time.calendar import day_of
from domain.time.clock import Clock
from domain.time.oversight import STANDING, OversightOrder

Decided = tuple[e.SupervisionEvent, ...] | Refused


def ordered_by_ladder(dossier: Dossier, clock: Clock) -> tuple[e.SupervisionEvent, ...]:
    """The order a rung issues; none while an earlier one of the ladder to the same department stands."""
    standing = [
        order for order in dossier.orders if order.standing and order.department == clock.owed_by and order.clock
    ]
    if standing:
        return ()
    return (
        e.ClueOversightOrdered(
            order=_next(dossier),
            department=clock.owed_by,
            clock=clock.id,
            demand=None,
            answer_by=None,
            listed=False,
        ),
    )


def order(command: c.OrderOversight, clue: Known, facts: Facts) -> Decided:
    """An order by hand, to whoever answers for the case now."""
    if command.answer_by is not None and command.answer_by <= day_of(facts.now):
        return Refused(code="answer_date_past", detail="答复日期应在今天之后,请核对")
    return (
        e.ClueOversightOrdered(
            order=_next(clue.dossier),
            department=responsible_of(clue),
            clock=None,
            demand=command.demand,
            answer_by=command.answer_by,
            listed=command.listed,
        ),
    )


def answer(command: c.AnswerOversight, dossier: Dossier, facts: Facts) -> Decided:
    """The department's answer."""
    standing = _named(dossier, command.order, ("open",), "该督办单不在待答复状态")
    if isinstance(standing, Refused):
        return standing
    if standing.department != facts.actor.department:
        return Refused(code="wrong_department", detail="只有被督办的部门可以答复")
    return (e.ClueOversightAnswered(order=command.order, answer=command.answer),)


def reject_answer(command: c.RejectOversightAnswer, dossier: Dossier) -> Decided:
    """The answer does not do: it is owed again."""
    standing = _named(dossier, command.order, ("answered",), "该督办单尚无待审核的答复")
    if isinstance(standing, Refused):
        return standing
    return (e.ClueOversightAnswerRejected(order=command.order, reason=command.reason),)


def accept_answer(command: c.AcceptOversightAnswer, dossier: Dossier, facts: Facts) -> Decided:
    """销号, by somebody else than who answered, and never by the department that was overseen."""
    standing = _named(dossier, command.order, ("answered", "settled"), "该督办单尚无待审核的答复")
    if isinstance(standing, Refused):
        return standing
    if standing.status == "settled":
        return ()
    if _overseen(standing, dossier, facts) or {facts.actor.account, facts.actor.on_behalf_of} & set(
        standing.answered_by
    ):
        return Refused(code="own_order", detail="被督办的部门和答复人不能自行销号")
    return (e.ClueOversightAnswerAccepted(order=command.order),)


def withdraw(command: c.WithdrawOversight, dossier: Dossier, facts: Facts) -> Decided:
    """撤销督办: nothing is owed any more."""
    standing = _named(dossier, command.order, STANDING, "该督办单已经了结")
    if isinstance(standing, Refused):
        return standing
    if _overseen(standing, dossier, facts):
        return Refused(code="own_order", detail="被督办的部门不能自行撤销督办")
    return (e.ClueOversightWithdrawn(order=command.order, reason=command.reason),)


def make_listed(command: c.ListOversight, dossier: Dossier) -> Decided:
    """挂牌督办."""
    standing = _named(dossier, command.order, STANDING, "该督办单已经了结")
    if isinstance(standing, Refused):
        return standing
    return () if standing.listed else (e.ClueOversightListed(order=command.order, reason=command.reason),)


def _overseen(order: OversightOrder, dossier: Dossier, facts: Facts) -> bool:
    """Whether the actor is of the department that was overseen. The dispatching office has its supervisors itself."""
    return facts.actor.department == order.department != dossier.office


def _next(dossier: Dossier) -> str:
    return f"order-{len(dossier.orders) + 1}"


def _named(dossier: Dossier, name: str, statuses: Collection[str], otherwise: str) -> OversightOrder | Refused:
    """The order, when it has come so far; `otherwise` says why the step does not fit."""
    found = next((given for given in dossier.orders if given.order == name), None)
    if found is None:
        return Refused(code="unknown_order", detail="该线索没有这份督办单")
    return found if found.status in statuses else Refused(code="order_not_so", detail=otherwise)
