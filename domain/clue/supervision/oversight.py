"""督办: orders that a department must answer, by hand or by the ladder of an overdue clock, until they are settled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from domain.clue.life import Known, responsible_of
from domain.clue.supervision import commands as c
from domain.clue.supervision import events as e
from domain.clue.telling import tell, tell_account, tell_desk, tell_holder
from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.record.chapter import NOT_YOU, Decided, Refusal
from domain.record.decider import Effect, Facts, Happened
from domain.time.calendar import day_of
from domain.time.clock import Clock
from domain.time.oversight import STANDING, OversightOrder

ANSWER_DATE_PAST = Refusal("answer_date_past", "答复日期已过", "答复日期应在今天之后,请核对")
UNKNOWN_ORDER = Refusal("unknown_order", "没有这份督办单", "该线索没有这份督办单")
NOT_AWAITED = Refusal("order_not_so", "督办单状态不符", "该督办单不在待答复状态")
NOT_ANSWERED = Refusal("order_not_so", "督办单状态不符", "该督办单尚无待审核的答复")
ORDER_OVER = Refusal("order_not_so", "督办单状态不符", "该督办单已经了结")
NOT_OVERSEEN = Refusal("wrong_department", "部门不符", "只有被督办的部门可以答复", NOT_YOU)
OWN_ANSWER = Refusal("own_order", "不能了结对本部门的督办", "被督办的部门和答复人不能自行销号", NOT_YOU)
OWN_ORDER = Refusal("own_order", "不能了结对本部门的督办", "被督办的部门不能自行撤销督办", NOT_YOU)


def urge(command: c.Urge, clue: Known, _facts: Facts) -> Decided:
    return (e.ClueUrged(department=responsible_of(clue), message=command.message),)


def ordered_by_ladder(clue: Known, clock: Clock) -> tuple[e.ClueOversightOrdered, ...]:
    """The order a rung issues; none while an earlier one of the ladder to the same department stands."""
    if any(order.standing and order.department == clock.owed_by and order.clock for order in clue.dossier.orders):
        return ()
    return (
        e.ClueOversightOrdered(
            order=_next(clue), department=clock.owed_by, clock=clock.id, demand=None, answer_by=None, listed=False
        ),
    )


def order(command: c.OrderOversight, clue: Known, facts: Facts) -> Decided:
    """An order by hand, to whoever answers for the case now."""
    if command.answer_by is not None and command.answer_by <= day_of(facts.now):
        return ANSWER_DATE_PAST()
    return (
        e.ClueOversightOrdered(
            order=_next(clue),
            department=responsible_of(clue),
            clock=None,
            demand=command.demand,
            answer_by=command.answer_by,
            listed=command.listed,
        ),
    )


def answer(command: c.AnswerOversight, clue: Known, facts: Facts) -> Decided:
    """The department's answer."""
    standing = _find(clue, command.order, ("open",), NOT_AWAITED)
    if isinstance(standing, Refused):
        return standing
    if standing.department != facts.actor.department:
        return NOT_OVERSEEN()
    return (e.ClueOversightAnswered(order=command.order, answer=command.answer),)


def reject_answer(command: c.RejectOversightAnswer, clue: Known, _facts: Facts) -> Decided:
    """The answer does not do: it is owed again."""
    standing = _find(clue, command.order, ("answered",), NOT_ANSWERED)
    if isinstance(standing, Refused):
        return standing
    return (e.ClueOversightAnswerRejected(order=command.order, reason=command.reason),)


def none_answered(clue: Known, _actor: Actor) -> Refused | None:
    """No answer waits to be looked at."""
    return _none_is(clue, ("answered",), NOT_ANSWERED)


def accept_answer(command: c.AcceptOversightAnswer, clue: Known, facts: Facts) -> Decided:
    """销号, by somebody else than who answered, and never by the department that was overseen."""
    standing = _find(clue, command.order, ("answered", "settled"), NOT_ANSWERED)
    if isinstance(standing, Refused):
        return standing
    if standing.status == "settled":
        return ()
    if _own_answer(clue, standing, facts.actor):
        return OWN_ANSWER()
    return (e.ClueOversightAnswerAccepted(order=command.order),)


def none_acceptable(clue: Known, actor: Actor) -> Refused | None:
    """No answer waits that somebody else than the actor gave."""
    answered = [given for given in clue.dossier.orders if given.status == "answered"]
    if answered and all(_own_answer(clue, given, actor) for given in answered):
        return OWN_ANSWER()
    return None if answered else none_answered(clue, actor)


def withdraw(command: c.WithdrawOversight, clue: Known, facts: Facts) -> Decided:
    """撤销督办: nothing is owed any more."""
    standing = _find(clue, command.order, STANDING, ORDER_OVER)
    if isinstance(standing, Refused):
        return standing
    if _overseen(clue, standing, facts.actor):
        return OWN_ORDER()
    return (e.ClueOversightWithdrawn(order=command.order, reason=command.reason),)


def none_withdrawable(clue: Known, actor: Actor) -> Refused | None:
    """No order stands but against the actor's own department."""
    standing = [given for given in clue.dossier.orders if given.standing]
    if standing and all(_overseen(clue, given, actor) for given in standing):
        return OWN_ORDER()
    return None if standing else _none_is(clue, STANDING, ORDER_OVER)


def make_listed(command: c.ListOversight, clue: Known, _facts: Facts) -> Decided:
    """挂牌督办."""
    standing = _find(clue, command.order, STANDING, ORDER_OVER)
    if isinstance(standing, Refused):
        return standing
    return () if standing.listed else (e.ClueOversightListed(order=command.order, reason=command.reason),)


def none_to_list(clue: Known, _actor: Actor) -> Refused | None:
    """Every order that stands is listed already."""
    if any(given.standing and not given.listed for given in clue.dossier.orders):
        return None
    return ORDER_OVER() if clue.dossier.orders else UNKNOWN_ORDER()


def _own_answer(clue: Known, given: OversightOrder, actor: Actor) -> bool:
    return _overseen(clue, given, actor) or bool(set(actor.persons) & set(given.answered_by))


def _overseen(clue: Known, given: OversightOrder, actor: Actor) -> bool:
    """Whether the actor is of the department that was overseen. The dispatching office has its supervisors itself."""
    return actor.department == given.department != clue.dossier.office


def _next(clue: Known) -> str:
    return f"order-{len(clue.dossier.orders) + 1}"


def _find(clue: Known, name: str, statuses: Collection[str], otherwise: Refusal) -> OversightOrder | Refused:
    """The order, when it has come so far; `otherwise` says why the step does not fit."""
    found = next((given for given in clue.dossier.orders if given.order == name), None)
    if found is None:
        return UNKNOWN_ORDER()
    return found if found.status in statuses else otherwise()


def _none_is(clue: Known, statuses: Collection[str], otherwise: Refusal) -> Refused | None:
    if any(given.status in statuses for given in clue.dossier.orders):
        return None
    return otherwise() if clue.dossier.orders else UNKNOWN_ORDER()


# What becomes of the clue ----------------------------------------------------------------------------------------


def urged(clue: Known, _event: e.ClueUrged, _at: Happened) -> Known:
    """Nothing but that it was said."""
    return clue


def ordered(clue: Known, event: e.ClueOversightOrdered, happened: Happened) -> Known:
    given = OversightOrder(at=happened.occurred_at, by=happened.actor.account, **dict(event))
    return clue.keep(orders=(*clue.dossier.orders, given))


def answered(clue: Known, event: e.ClueOversightAnswered, happened: Happened) -> Known:
    by = happened.actor.persons
    return _change(
        clue,
        event.order,
        lambda was: {"status": "answered", "answers": (*was.answers, event.answer), "answered_by": by},
    )


def answer_rejected(clue: Known, event: e.ClueOversightAnswerRejected, happened: Happened) -> Known:
    """Owed again. A date the order named that is over by then binds no more: the rule's time runs."""

    def owed_again(was: OversightOrder) -> dict[str, Any]:
        over = was.answer_by is not None and was.answer_by <= day_of(happened.occurred_at)
        return {"status": "open", **({"answer_by": None} if over else {})}

    return _change(clue, event.order, owed_again)


def settled(clue: Known, event: e.ClueOversightAnswerAccepted, _at: Happened) -> Known:
    return _change(clue, event.order, lambda _was: {"status": "settled"})


def withdrawn(clue: Known, event: e.ClueOversightWithdrawn, _at: Happened) -> Known:
    return _change(clue, event.order, lambda _was: {"status": "withdrawn"})


def listed(clue: Known, event: e.ClueOversightListed, _at: Happened) -> Known:
    return _change(clue, event.order, lambda _was: {"listed": True})


def lapse_orders(clue: Known, department: str) -> Known:
    """Orders to a department end with its having the case."""
    lapsing = {given.order for given in clue.dossier.orders if given.department == department and given.standing}
    for name in lapsing:
        clue = _change(clue, name, lambda _was: {"status": "lapsed"})
    return clue


def _change(clue: Known, name: str, change: Callable[[OversightOrder], dict[str, Any]]) -> Known:
    """One order changed, the others as they were."""
    return clue.keep(
        orders=tuple(
            given.model_copy(update=change(given)) if given.order == name else given for given in clue.dossier.orders
        )
    )


# Who is told -----------------------------------------------------------------------------------------------------


def tell_of_urging(_event: e.ClueUrged, clue: Known) -> tuple[Effect, ...]:
    return (tell_holder(clue, "clue_urged"),)


def tell_of_order(event: e.ClueOversightOrdered, clue: Known) -> tuple[Effect, ...]:
    return tell_desk(clue, event.department, "oversight_ordered", order=event.order)


def tell_orderer(event: e.ClueOversightAnswered, clue: Known) -> tuple[Effect, ...]:
    """Who gave the order; for one of the ladder the coordinating body."""
    given = _named(clue, event.order)
    if given.clock is None:
        return (tell_account(given.by, "oversight_answered", order=event.order),)
    return (tell(Role.COORDINATOR, clue.dossier.office, "oversight_answered", order=event.order),)


def tell_of_rejection(event: e.ClueOversightAnswerRejected, clue: Known) -> tuple[Effect, ...]:
    return _tell_owing(clue, event.order, "oversight_answer_rejected")


def tell_of_acceptance(event: e.ClueOversightAnswerAccepted, clue: Known) -> tuple[Effect, ...]:
    return _tell_owing(clue, event.order, "oversight_answer_accepted")


def tell_of_withdrawal(event: e.ClueOversightWithdrawn, clue: Known) -> tuple[Effect, ...]:
    return _tell_owing(clue, event.order, "oversight_withdrawn")


def tell_of_listing(event: e.ClueOversightListed, clue: Known) -> tuple[Effect, ...]:
    return _tell_owing(clue, event.order, "oversight_listed")


def _tell_owing(clue: Known, name: str, subject: str) -> tuple[Effect, ...]:
    """The department an order was given to."""
    return tell_desk(clue, _named(clue, name).department, subject, order=name)


def _named(clue: Known, name: str) -> OversightOrder:
    return next(given for given in clue.dossier.orders if given.order == name)
