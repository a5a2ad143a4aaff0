"""Who holds a clue when: what each of its events means for the ledger (`domain.lists.responsibility`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from domain.clue import events as e
from domain.lists.responsibility import Ledger, begun, begun_again, hand_over, last_turn
from domain.people.actors import dispatch_office

NOT_ITS_OWN_ACT: Final[e.ReturnGround] = "not_signed_for"
"""Given back by time because nobody signed: the department does not wait for others, it let the case lie."""


def hold(ledger: Ledger | None, event: Any, at: datetime) -> Ledger | None:
    """The ledger of the clue after one of its events."""
    if isinstance(event, e.ClueRegistered):
        return _registered(event, at)
    told = _TOLD.get(type(event))
    return told(ledger, event, at) if told is not None and ledger is not None else ledger


def _registered(event: e.ClueRegistered, at: datetime) -> Ledger:
    return begun(dispatch_office(event.region), event.region, event.channel, event.category, at)


def _corrected(ledger: Ledger, event: e.ClueCorrected, _at: datetime) -> Ledger:
    return replace(ledger, category=event.category) if event.category is not None else ledger


def _dispatched(ledger: Ledger, event: e.ClueDispatched, at: datetime) -> Ledger:
    first = ledger.first_dispatched_at or at
    return hand_over(replace(ledger, first_dispatched_at=first), event.department, at, "dispatched")


def _withdrawn(ledger: Ledger, _event: e.ClueDispatchWithdrawn, at: datetime) -> Ledger:
    return hand_over(ledger, ledger.office, at, "withdrawn")


def _returned(ledger: Ledger, event: e.ClueReturned, at: datetime) -> Ledger:
    waits = event.department if event.ground != NOT_ITS_OWN_ACT else None
    return hand_over(replace(ledger, handed_back_by=waits), ledger.office, at, "returned", event.ground)


def _signed_for(ledger: Ledger, _event: e.ClueSignedFor, at: datetime) -> Ledger:
    return last_turn(replace(ledger, handed_back_by=None), signed_at=at)


def _fed_back(ledger: Ledger, _event: e.ClueFedBack, at: datetime) -> Ledger:
    return last_turn(ledger, fed_back_at=at)


def _completed(ledger: Ledger, _event: Any, at: datetime) -> Ledger:
    return last_turn(ledger, until=at, ended="completed")


def _completion_undone(ledger: Ledger, _event: e.ClueCompletionUndone, _at: datetime) -> Ledger:
    return last_turn(ledger, until=None, ended=None)


def _reopened(ledger: Ledger, event: e.ClueReopened, at: datetime) -> Ledger:
    return begun_again(ledger, event.department, at)


_TOLD: Mapping[type, Callable[[Ledger, Any, datetime], Ledger]] = {
    e.ClueCorrected: _corrected,
    e.ClueDispatched: _dispatched,
    e.ClueDispatchWithdrawn: _withdrawn,
    e.ClueReturned: _returned,
    e.ClueSignedFor: _signed_for,
    e.ClueFedBack: _fed_back,
    e.ClueAnswered: _completed,
    e.ClueSentBack: _completed,
    e.ClueCompleted: _completed,
    e.ClueCompletionUndone: _completion_undone,
    e.ClueReopened: _reopened,
}
"""What each event means for who holds the case; all others mean nothing."""
