"""Random lives of clues: every command there is, in any order, with minutes to months between, told by one seed.

Half the steps try what the stage waits for, so that lives get far; the others try anything by anybody.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clue import CLUE
from domain.clue.life import Unregistered, handler_of, known, lead_of
from domain.people.actors import Actor, Role
from domain.value import SHANGHAI
from tests.domain.clue.stories import (
    CLERK,
    DIGEST,
    DISPATCHER,
    LINKED,
    MARKET,
    PROCESS,
    REGION,
    SECURITY,
    SUPERVISOR,
    URBAN,
    Story,
    actor,
)

COORDINATOR = actor("coordinator", Role.COORDINATOR, f"{REGION}.12345")
PEOPLE = {
    department: {role: actor(account, role, department) for role, account in accounts.items()}
    for department, accounts in {
        MARKET: {Role.DEPARTMENT_ASSIGNER: "assigner", Role.HANDLER: "handler", Role.HEAD: "head"},
        URBAN: {Role.DEPARTMENT_ASSIGNER: "urban", Role.HANDLER: "urban.handler", Role.HEAD: "urban.head"},
    }.items()
}
SECOND = actor("second", Role.HANDLER, MARKET)
NEXT = {
    "registered": ("dispatch", "dispatch", "dispatch", "answer"),
    "dispatched": ("sign_for", "sign_for", "return", "withdraw_dispatch"),
    "signed_for": ("assign",),
    "assigned": ("take_up", "take_up", "decline"),
    "declined": ("feed_back",),
    "taken_up": ("open_verification",),
    "verifying": ("record_findings", "conclude"),
    "verified": ("propose_disposition",),
    "disposition_proposed": ("approve_disposition", "approve_disposition", "reject_disposition"),
    "disposed": ("feed_back",),
    "fed_back": ("complete",),
    "completed": ("archive", "undo_completion", "reopen"),
    "archived": ("reopen",),
}
TIMELY = (
    "suspend",
    "resume",
    "exclude_time",
    "order_oversight",
    "answer_oversight",
    "reject_oversight_answer",
    "accept_oversight_answer",
    "withdraw_oversight",
    "request_extension",
    "approve_extension",
    "reject_extension",
    "recalculate",
    "correct",
)
"""What changes clocks beside the straight path."""
BY: dict[str, Actor] = {
    "dispatch": DISPATCHER,
    "answer": DISPATCHER,
    "send_back": DISPATCHER,
    "withdraw_dispatch": DISPATCHER,
    "reopen": SUPERVISOR,
    "correct": CLERK,
    "supplement": CLERK,
    "order_oversight": SUPERVISOR,
    "reject_oversight_answer": SUPERVISOR,
    "accept_oversight_answer": SUPERVISOR,
    "withdraw_oversight": SUPERVISOR,
    "list_oversight": SUPERVISOR,
    "urge": SUPERVISOR,
    "recalculate": PROCESS,
    "erase_text": SECURITY,
}
BY_ROLE: dict[str, Role] = {
    "sign_for": Role.DEPARTMENT_ASSIGNER,
    "return": Role.DEPARTMENT_ASSIGNER,
    "assign": Role.DEPARTMENT_ASSIGNER,
    "reassign": Role.DEPARTMENT_ASSIGNER,
    "archive": Role.DEPARTMENT_ASSIGNER,
    "approve_disposition": Role.HEAD,
    "reject_disposition": Role.HEAD,
    "suspend": Role.HEAD,
    "exclude_time": Role.HEAD,
}


class Life(Story):
    """One random life."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        begin = datetime(2024, 1, 2, tzinfo=UTC) + timedelta(minutes=self.dice.randrange(1000 * 24 * 60))
        super().__init__(begin)
        category = self.dice.choice(("complaint", "complaint", "report", "help"))
        self.when(CLERK, CLUE.commands["register"], received_at=begin, category=category)

    def step(self) -> None:
        """Time passes, then somebody tries something."""
        if self.dice.random() < 0.8:
            longest = 6.0 if self.dice.random() < 0.8 else 6.8  # eleven days; ten weeks
            self.after(seconds=10 ** self.dice.uniform(1, longest))
        roll = self.dice.random()
        if roll < 0.5:
            slug = self.dice.choice(NEXT[known(self.state).stage])
        elif roll < 0.85:
            slug = self.dice.choice(TIMELY)
        else:
            slug = self.dice.choice(sorted(set(CLUE.commands) - {"register", "elapse"}))
        self.when(self._somebody(slug), CLUE.commands[slug], **self._body(slug))

    def _somebody(self, slug: str) -> Actor:
        """Mostly somebody who may."""
        if self.dice.random() < 0.05:
            return self.dice.choice((CLERK, DISPATCHER, SUPERVISOR, PROCESS))
        if slug in BY:
            return BY[slug]
        if slug in ("approve_extension", "reject_extension") and self.dice.random() < 0.4:
            return COORDINATOR
        lead = None if isinstance(self.state, Unregistered) else lead_of(self.state)
        if lead is None or (slug in ("answer_oversight", "request_extension") and self.dice.random() < 0.2):
            return DISPATCHER
        if BY_ROLE.get(slug) is None and handler_of(known(self.state)) == SECOND.account:
            return SECOND
        role = Role.HEAD if slug in ("approve_extension", "reject_extension") else BY_ROLE.get(slug, Role.HANDLER)
        return PEOPLE[lead][role]

    def _body(self, slug: str) -> Mapping[str, Any]:
        """A body of things that exist, as far as they do."""
        dossier, dice = known(self.state).dossier, self.dice
        past = self.now - (self.now - dossier.received_at) * dice.random()
        match slug:
            case "dispatch":
                return {"department": dice.choice((MARKET, MARKET, URBAN))}
            case "assign" | "reassign":
                own = ("urban.handler",) if lead_of(known(self.state)) == URBAN else ("handler", "handler", "second")
                return {"handler": dice.choice(own)}
            case "attach_evidence" | "record_findings":
                return {"evidence": [{"digest": DIGEST, "name": "照片.jpg"}]}
            case "seal_file":
                return {"digest": DIGEST}
            case "link" | "unlink":
                return {"case": LINKED}
            case "mark_duplicate":
                return {"of": LINKED}
            case "correct":
                return {"category": dice.choice(("complaint", "report"))}
            case "supplement":
                return {"received_at": past}
            case "record_contact":
                return {"at": past}
            case "suspend":
                return {"ground": dice.choice(("appraisal", "other_authority", "force_majeure"))}
            case "exclude_time":
                return {"since": past, "until": past + (self.now - past) * dice.choice((0.3, 1))}
            case "order_oversight" if dice.random() < 0.5:
                return {"answer_by": self.now.astimezone(SHANGHAI).date() + timedelta(days=dice.randint(1, 10))}
            case "answer_oversight" | "reject_oversight_answer" | "accept_oversight_answer" | "withdraw_oversight":
                return {"order": dice.choice([order.order for order in dossier.orders] or ["order-1"])}
            case "list_oversight":
                return {"order": f"order-{len(dossier.orders) or 1}"}
            case "request_extension" | "approve_extension" | "reject_extension":
                running = [timed.clock.id for timed in dossier.clocks if timed.running]
                asked = [request.clock for request in dossier.extension_requests]
                amount = {"amount": dice.randint(1, 15)} if slug == "request_extension" else {}
                return {
                    "clock": dice.choice((slug != "request_extension" and asked) or running or ["handling-1"]),
                    **amount,
                }
            case "erase_text":
                return {"texts": [dossier.texts[0].ref]}
            case _:
                return {}
