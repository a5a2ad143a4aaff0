"""What the command handler stands on. Apart from the wiring of the API, so that a command starts without it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.nouns import DECIDERS
from domain.record.decider import Decider
from domain.record.handler import HandlerPorts
from domain.time.calendar import national_calendars
from infra.files.evidence import EvidenceFolder
from infra.people.reporter_index import marker
from infra.postgres.record.store import PostgresStore
from infra.reference.packs import find_pack
from infra.runtime.settings import Settings


def build_handler_ports(
    settings: Settings, engine: AsyncEngine, nouns: Mapping[str, Decider[Any]] = DECIDERS
) -> HandlerPorts:
    """What the command handler stands on, over PostgreSQL and a local evidence folder."""
    key = settings.secret("fingerprint_key")
    return HandlerPorts(
        nouns=nouns,
        store=PostgresStore(engine, marked=marker(key)),
        evidence=EvidenceFolder(settings.evidence_dir),
        pack=find_pack(settings.rules_pack),
        calendars=national_calendars(),
        entropy=os.urandom,
        fingerprint=lambda content: hmac.new(key.encode(), content, hashlib.sha256).hexdigest(),
    )
