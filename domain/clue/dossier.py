"""What stays with a clue through every stage: each chapter keeps its own slice."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.clue.closing.state import ClosingSlice
from domain.clue.handover.state import HandoverSlice
from domain.clue.intake.state import IntakeSlice
from domain.clue.merging.state import MergingSlice
from domain.clue.papers.state import PapersSlice
from domain.clue.supervision.state import SupervisionSlice
from domain.clue.verification.state import VerificationSlice
from domain.people.actors import dispatch_office
from domain.record.vault import Sealed
from domain.time.case_clocks import Timed
from domain.time.rules.seen import NOTHING_SEEN, Seen


class Dossier(SupervisionSlice, MergingSlice, PapersSlice, VerificationSlice, ClosingSlice, HandoverSlice, IntakeSlice):
    """What is known whatever the stage. `steps` counts what changes the next command's ground (ETag)."""

    steps: int = 1
    seen: Annotated[Seen, Field(exclude=True)] = NOTHING_SEEN.then("clue.registered")
    """What has happened, for the rows that say which clocks run; no part of what is shown of a case."""
    clocks: Timed = ()
    texts: tuple[Sealed, ...] = ()

    @property
    def office(self) -> str:
        """The dispatching office that owes the case while no department does."""
        return dispatch_office(self.region)
