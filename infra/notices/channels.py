"""The ways out of the house that the environment gives."""

from __future__ import annotations

from infra.notices.keys import NoticeKeys
from infra.notices.mail import MailChannel, mail_server
from infra.notices.outgoing import Channel
from infra.notices.targets import Targets
from infra.notices.webhook import WebhookChannel
from infra.runtime.settings import Settings


def build_channels(settings: Settings, keys: NoticeKeys) -> dict[str, Channel]:
    """The channels by name: webhooks always, mail when a server is named. Raises as `mail_server` does."""
    channels: dict[str, Channel] = {"webhook": WebhookChannel(Targets(settings.webhook_networks), keys)}
    if (server := mail_server(settings)) is not None:
        channels["mail"] = MailChannel(server)
    return channels


def offered(settings: Settings) -> tuple[str, ...]:
    """The names of those channels."""
    return ("mail", "webhook") if mail_server(settings) is not None else ("webhook",)
