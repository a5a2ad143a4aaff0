"""What lies outside of the house: a real mail server and a real receiver of webhooks, on this machine."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServerHere:
    """A mail server; `refuse`: what it answers instead of taking a mail, `nobody`: recipients it does not know."""

    port: int = 0
    refuse: str | None = None
    nobody: tuple[str, ...] = ()
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    sealed: list[bool] = field(default_factory=list)
    """Whether each came over TLS."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.nobody:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse is not None:
            return self.refuse
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        assert server.transport is not None
        self.sealed.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def texts(self) -> list[str]:
        """Subject and content of every mail."""
        return [f"{mail['Subject']}\n{mail.get_content()}" for mail in self.mails]


@asynccontextmanager
async def mail_server_here(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
) -> AsyncIterator[MailServerHere]:
    """A mail server that keeps what it gets. `starttls`: offered; `tls`: from the start; `login`: required."""
    here = MailServerHere()
    loop = asyncio.get_running_loop()

    def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        fits = login is not None and (given.login, given.password) == (login[0].encode(), login[1].encode())
        return AuthResult(success=fits, handled=False)

    def connected() -> SMTP:
        return SMTP(
            here,
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticator if login else None,
            auth_required=login is not None,
            auth_require_tls=tls is None,
        )

    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()


@dataclass
class Posted:
    """A webhook as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The JSON in it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class ReceiverHere:
    """A receiver of webhooks; `status` is what it answers, `location` where it sends people on to."""

    port: int = 0
    status: int = 204
    location: str | None = None
    answers: threading.Event = field(default_factory=threading.Event)
    """Cleared: it takes what comes and does not answer."""
    posted: list[Posted] = field(default_factory=list)

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Its address."""
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def receiver_here(tls: ssl.SSLContext | None = None) -> Iterator[ReceiverHere]:
    """A receiver that keeps what it gets."""
    here = ReceiverHere()
    here.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.posted.append(Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            here.answers.wait()
            self.send_response(here.status)
            if here.location is not None:
                self.send_header("Location", here.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # several postmen call at once

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    here.port = cast("tuple[str, int]", server.server_address)[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own for a name, and a client's that trusts only that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))
