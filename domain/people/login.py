"""What a login gives."""

from __future__ import annotations

from dataclasses import dataclass

from domain.people.actors import Actor


@dataclass(frozen=True)
class Issued:
    """A fresh bearer token, good for so many seconds."""

    token: str
    expires_in: int
    actor: Actor
