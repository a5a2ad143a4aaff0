"""A case offers a step exactly when some body would bring something about; a repeat brings nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain.clue import CLUE
from domain.clue.life import known
from domain.clue.merging.events import Relation
from domain.clue.supervision.events import ExclusionGround
from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.record.decider import Command, OfficerFact
from domain.words import codes_in
from tests.domain.clue.random_lives import COORDINATOR, PEOPLE, SECOND, Life
from tests.domain.clue.stories import (
    CLERK,
    DEPARTMENTS,
    DIGEST,
    DIRECTORY,
    DISPATCHER,
    LINKED,
    MARKET,
    REGION,
    SECURITY,
    SUPERVISOR,
    URBAN,
    actor,
    command,
)

UNHEARD_OF = "clue-" + "2" * 32
"""A visible case that no life has to do with yet."""
OFFICERS = {
    **DIRECTORY,
    "urban.second": OfficerFact(
        account="urban.second", department=URBAN, region=REGION, roles=("handler",), active=True
    ),
}
"""Every department has somebody else to hand a case to."""
STANDING_IN = actor("deputy", Role.HEAD, MARKET).model_copy(update={"on_behalf_of": "handler"})
EVERYBODY = (
    CLERK,
    DISPATCHER,
    SUPERVISOR,
    COORDINATOR,
    SECURITY,
    SECOND,
    STANDING_IN,
    actor("supervisor.market", Role.SUPERVISOR, MARKET),
    *(person for people in PEOPLE.values() for person in people.values()),
)
HUMAN = tuple(step.command for step in CLUE.steps.values() if step.asked_of != (Role.SYSTEM,))


def bodies(life: Life, slug: str) -> Iterator[dict[str, Any]]:
    """Every body worth trying: each thing the case has, and one it has not."""
    clue = known(life.state)
    dossier = clue.dossier
    match slug:
        case "dispatch":
            yield from ({"department": department} for department in DEPARTMENTS)
        case "assign" | "reassign":
            yield from ({"handler": handler} for handler in OFFICERS)
        case "record_findings" | "attach_evidence":
            yield {"evidence": [{"digest": DIGEST, "name": "照片.jpg"}]}
        case "seal_file":
            yield from ({"digest": digest} for digest in {DIGEST, *(file.digest for file in dossier.files)})
        case "link":
            yield from ({"case": UNHEARD_OF, "relation": relation} for relation in codes_in(Relation))
        case "unlink":
            yield from ({"case": case} for case in {LINKED, *(link.case for link in dossier.links)})
        case "mark_duplicate":
            yield {"of": UNHEARD_OF}
        case "correct":
            yield {"title": "更正后的标题"}
        case "supplement":
            yield {"received_at": dossier.received_at}
        case "record_contact":
            yield {"at": life.now}
        case "exclude_time":
            for ground in codes_in(ExclusionGround):
                yield {"ground": ground, "since": dossier.received_at, "until": life.now}
        case _ if "order" in CLUE.commands[slug].model_fields:
            yield from ({"order": name} for name in {"order-1", *(order.order for order in dossier.orders)})
        case "request_extension":
            yield from ({"clock": timed.clock.id, "amount": 1} for timed in dossier.clocks)
        case "approve_extension" | "reject_extension":
            yield from ({"clock": timed.clock.id} for timed in dossier.clocks)
        case "erase_text":
            yield from ({"texts": [sealed.ref]} for sealed in dossier.texts)
        case _:
            yield {}


def tried(life: Life, shape: type[Command]) -> tuple[Any, ...]:
    """The commands of these bodies."""
    return tuple(command(shape, **body) for body in bodies(life, shape.slug))


def something_happens(life: Life, asked: tuple[Any, ...], by: Actor) -> bool:
    """Whether one of them would bring something about."""
    facts = life._facts(by).model_copy(update={"cases": (LINKED, UNHEARD_OF), "officers": OFFICERS})
    decided = [CLUE.decide(one, life.state, facts) for one in asked]
    return any(answer and not isinstance(answer, Refused) for answer in decided)


@pytest.mark.parametrize("seed", range(12))
def test_given_a_random_life_then_a_step_is_offered_exactly_when_some_body_would_bring_something_about(
    seed: int,
) -> None:
    life = Life(seed)
    for number in range(60):
        life.step()
        if number % 6:
            continue
        life.after(seconds=1)
        for shape in HUMAN:
            asked = tried(life, shape)
            for person in EVERYBODY:
                offered = CLUE.permit(shape, life.state, person) is None
                assert offered == something_happens(life, asked, person), (life.state.stage, shape.slug, person)
