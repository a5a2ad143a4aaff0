"""问题线索 over HTTP: what only clues have. Everything else is `api.cases.routes`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.cases.surface import Surface
from domain.clue import CLUE
from domain.clue.case import summary
from domain.clue.life import Clue, known
from domain.people.actors import Actor
from domain.people.visibility import knows_reporter
from domain.reading.case_document import EvidenceFile
from domain.record.vault import Sealed


def _withheld(clue: Clue, actor: Actor) -> tuple[Sealed, ...]:
    return () if knows_reporter(actor, summary(clue)) else known(clue).dossier.reporters


def _files(clue: Clue) -> Iterator[EvidenceFile]:
    dossier = known(clue).dossier
    sealed = {file.digest for file in dossier.sealed_files}
    for file in dossier.files:
        yield EvidenceFile(digest=file.digest, name=file.name, sealed=file.digest in sealed)


CLUES: Final = Surface(
    CLUE,
    prefix="/clues",
    listed=False,
    withheld=_withheld,
    files=_files,
)
