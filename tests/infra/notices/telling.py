"""An office whose people want to be told outside, with a mail server and a receiver of webhooks that listen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.reading.notices import GROUP_TITLES, Group
from domain.record.decider import Effect
from domain.record.ports import PendingEffect
from infra.notices.channels import build_channels
from infra.notices.keys import NoticeKeys
from infra.notices.letters import Composer
from infra.notices.postman import Postman, PostmanOptions
from infra.postgres.engine.session import session
from infra.postgres.notices.deliveries import DeliveryQueue
from infra.postgres.notices.settings import NoticeSettings
from infra.postgres.record.effects import Effects
from infra.runtime.settings import Settings
from infra.training.mark import TrainingMark
from tests.support.outside import MailServerHere, ReceiverHere, mail_server_here, receiver_here
from tests.support.processing import settings_in
from tests.support.record import Casebook

GROUPS: tuple[Group, ...] = tuple(GROUP_TITLES)
QUICK = PostmanOptions(attempts=3, first_pause_seconds=0.0, plan_seconds=0.0)
"""A failure is tried again at the next turn, three times in all."""


@dataclass
class Outside:
    """Where letters arrive."""

    mail: MailServerHere
    hook: ReceiverHere


@dataclass
class Office:
    """Settings, notices and postmen over one record."""

    engine: AsyncEngine
    settings: Settings
    casebook: Casebook

    @property
    def keys(self) -> NoticeKeys:
        return NoticeKeys(self.settings.secret("fingerprint_key"))

    @property
    def wishes(self) -> NoticeSettings:
        return NoticeSettings(self.engine, self.keys, ("mail", "webhook"))

    def postman(self, options: PostmanOptions = QUICK, **given: Any) -> Postman:
        """A postman as the worker builds it, but quick."""
        composer = Composer(self.keys, self.settings.public_url)
        channels = build_channels(self.settings, self.keys)
        return Postman(DeliveryQueue(self.engine), channels, composer, TrainingMark(self.engine), options, **given)

    async def wish(
        self,
        account: str,
        channel: str,
        address: str,
        groups: Sequence[Group] = GROUPS,
        digest_hour: int | None = None,
    ) -> None:
        """A confirmed setting, its code long sent."""
        await self.wishes.put(account, channel, address=address, groups=groups, digest_hour=digest_hour)
        ref: UUID = await self.value(
            "SELECT ref FROM notice_settings WHERE account = :account AND channel = :channel",
            account=account,
            channel=channel,
        )
        assert await self.wishes.confirm(account, channel, self.keys.code(ref)) is None
        await self.run("DELETE FROM notice_deliveries WHERE kind = 'confirmation'")

    async def tell(self, recipient: str, subject: str = "clue_assigned", stream: str = "clue-1", **params: str) -> UUID:
        """A notice by the effect of nothing in particular, performed."""
        id = uuid4()
        effect = Effect(kind="notify", recipient=recipient, subject=subject, params=params)
        await self.run(
            "INSERT INTO effects (id, stream, version, kind, recipient, subject, params) "
            "VALUES (:id, :stream, 1, 'notify', :recipient, :subject, CAST(:params AS jsonb))",
            id=id,
            stream=stream,
            recipient=recipient,
            subject=subject,
            params=effect.model_dump_json(include={"params"}),
        )
        await self.run("UPDATE effects SET params = params -> 'params' WHERE id = :id", id=id)
        await Effects(self.engine).remind(PendingEffect(id, stream, 1, effect))
        return id

    async def perform(self) -> int:
        """Perform all undone notices of the record; how many."""
        effects = Effects(self.engine)
        async with session(self.engine) as opened:
            undone = (await opened.run(text("SELECT id FROM effects WHERE kind = 'notify' AND done_at IS NULL"))).all()
        for row in undone:
            pending = await effects.pending(row.id)
            assert pending is not None
            await effects.remind(pending)
        return len(undone)

    async def outcomes(self) -> list[tuple[str, str | None, int]]:
        """Account, outcome and attempts of every delivery."""
        async with session(self.engine) as opened:
            found = await opened.run(
                text("SELECT account, outcome, attempts FROM notice_deliveries ORDER BY account, channel, created_at")
            )
            return [(row.account, row.outcome, row.attempts) for row in found]

    async def run(self, statement: str, **given: Any) -> None:
        async with session(self.engine) as opened:
            await opened.run(text(statement), given)

    async def value(self, statement: str, **given: Any) -> Any:
        async with session(self.engine) as opened:
            return (await opened.run(text(statement), given)).scalar()


@pytest_asyncio.fixture
async def out() -> AsyncIterator[Outside]:
    """A mail server and a receiver of webhooks."""
    async with mail_server_here() as mail:
        with receiver_here() as hook:
            yield Outside(mail, hook)


@pytest_asyncio.fixture
async def office(engine: AsyncEngine, casebook: Casebook, out: Outside, tmp_path: Path) -> Office:
    """An office that sends to them."""
    settings = settings_in(
        tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=out.mail.port,
        smtp_security="none",
        smtp_from="xiezhi@notices.test",
        webhook_networks="127.0.0.0/8",
        public_url="https://xiezhi.test",
    )
    return Office(engine, settings, casebook)
