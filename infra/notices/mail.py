"""Mail: one message a letter through the operator's server."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Literal

import aiosmtplib

from infra.notices.outgoing import Letter, NotSent
from infra.runtime.settings import MissingSetting, Settings

STEP_SECONDS = 10.0
"""How long one exchange with the server may take."""
_PORTS = {"tls": 465, "starttls": 587, "none": 25}


class UnsafeMailServer(RuntimeError):
    """The password of the mail account would travel in clear."""


@dataclass(frozen=True)
class MailServer:
    """The operator's server. `security`: TLS from the start, STARTTLS (refused without), or none."""

    host: str
    port: int
    sender: str
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None


def mail_server(settings: Settings) -> MailServer | None:
    """The server the environment names; None without one. Raises `MissingSetting`, `UnsafeMailServer`."""
    if not settings.smtp_host:
        return None
    if not settings.smtp_from:
        raise MissingSetting(settings.variable("smtp_from"))
    if settings.smtp_user and settings.smtp_security == "none" and not _is_here(settings.smtp_host):
        raise UnsafeMailServer(
            "XIEZHI_SMTP_SECURITY=none would send the password of XIEZHI_SMTP_USER in clear. "
            "Set it to starttls or tls, or use a server on this machine."
        )
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port or _PORTS[settings.smtp_security],
        sender=settings.smtp_from,
        security=settings.smtp_security,
        user=settings.smtp_user or None,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
    )


class MailChannel:
    """`infra.notices.outgoing.Channel` over SMTP."""

    def __init__(self, server: MailServer, *, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls

    async def send(self, address: str, letter: Letter) -> None:
        """Hand the mail to the server. Raises `NotSent`."""
        server = self._server
        try:
            await aiosmtplib.send(
                message_of(letter, server.sender, address),
                sender=server.sender,
                recipients=[address],
                hostname=server.host,
                port=server.port,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                username=server.user,
                password=server.password,
                timeout=STEP_SECONDS,
                tls_context=self._tls,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise NotSent("address_refused", again=any(each.code < 500 for each in refused.recipients)) from None
        except aiosmtplib.SMTPDataError as refused:
            raise NotSent("refused", again=refused.code < 500) from None
        except (aiosmtplib.SMTPException, OSError):
            raise NotSent("mail_server_away", again=True) from None


def message_of(letter: Letter, sender: str, address: str) -> EmailMessage:
    """The mail of a letter: the same Message-ID and date however often it is sent."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = address
    message["Subject"] = letter.title
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(letter.lines) + "\n")
    return message


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
