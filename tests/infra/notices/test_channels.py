"""The ways out: where webhooks may go and how they are signed, mail over TLS and with a login."""

from __future__ import annotations

import base64
import socket
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from infra.notices.channels import build_channels, offered
from infra.notices.keys import NoticeKeys, signature
from infra.notices.mail import MailChannel, MailServer, UnsafeMailServer, mail_server
from infra.notices.outgoing import Letter, NotSent
from infra.notices.targets import Targets
from infra.notices.webhook import WebhookChannel
from infra.runtime.settings import MissingSetting, Settings
from tests.support.outside import certified, mail_server_here, receiver_here

KEYS = NoticeKeys("k" * 32)
HERE = "127.0.0.0/8,::1/128"


def letter() -> Letter:
    return Letter(
        id=uuid4(),
        idempotency=uuid4(),
        ref=uuid4(),
        created_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        title="期限预警:案件 1",
        lines=["请抓紧办理"],
        payload={"type": "notice"},
    )


async def refusal(address: str, targets: Targets) -> tuple[str, bool]:
    """Why a webhook does not go there, and whether it is worth another try."""
    with pytest.raises(NotSent) as refused:
        await WebhookChannel(targets, KEYS).send(address, letter())
    return refused.value.code, refused.value.again


# Targets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://10.0.0.8/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
    ],
)
async def test_given_an_address_only_this_house_can_reach_then_no_webhook_goes_there(address: str) -> None:
    assert await refusal(address, Targets()) == ("target_forbidden", False)


async def test_given_networks_the_operator_lists_then_those_and_no_others_are_reached() -> None:
    targets = Targets("10.20.0.0/16, 127.0.0.0/8")
    assert await targets.checked(httpx.URL("https://10.20.3.4:8443/x")) == "10.20.3.4"
    assert await targets.checked(httpx.URL("https://[::ffff:10.20.3.4]/")) == "10.20.3.4"
    assert await targets.checked(httpx.URL("http://127.0.0.1/")) == "127.0.0.1"
    assert await targets.checked(httpx.URL("https://93.184.215.14/")) == "93.184.215.14"
    assert await refusal("https://10.21.0.1/", targets) == ("target_forbidden", False)
    assert await refusal("http://10.20.3.4/", targets) == ("https_required", False)
    assert await refusal("http://93.184.215.14/", Targets()) == ("https_required", False)


async def test_given_a_name_with_one_forbidden_address_among_others_then_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    assert await refusal("https://mixed.example/", Targets()) == ("target_forbidden", False)


async def test_given_a_name_that_is_none_then_it_is_tried_again_later() -> None:
    assert await refusal("https://no-such-name.invalid/", Targets()) == ("name_not_resolved", True)


# Webhooks ----------------------------------------------------------------------------------------------------------


def test_given_the_reference_vector_of_standard_webhooks_then_the_signature_is_that() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw==")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,/Xy7FLfFISa1TZH7WLT+0x/orG5MlcutAFOpVan3/00="


def test_given_addresses_and_keys_then_codes_and_secrets_differ() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert KEYS.fits(one, KEYS.code(one)) and not KEYS.fits(one, KEYS.code(other)) and not KEYS.fits(one, "１")
    assert len({KEYS.secret(one), KEYS.secret(other), NoticeKeys("another").secret(one)}) == 3
    assert len(KEYS.code(one)) == 8


async def test_given_https_then_the_certificate_must_be_of_the_name_though_the_address_was_judged_before(
    tmp_path: Path,
) -> None:
    server, trusting = certified(tmp_path, "localhost")
    with receiver_here(server) as here:
        channel = WebhookChannel(Targets(HERE), KEYS, tls=trusting)
        await channel.send(here.url(scheme="https", host="localhost"), letter())
        (posted,) = here.posted
        assert posted.headers["host"] == f"localhost:{here.port}"
        with pytest.raises(NotSent, match="unreachable"):  # the certificate is not of this name
            await channel.send(here.url(scheme="https", host="127.0.0.1"), letter())
        with pytest.raises(NotSent, match="unreachable"):  # nor is it trusted by everybody
            await WebhookChannel(Targets(HERE), KEYS).send(here.url(scheme="https", host="localhost"), letter())
        assert len(here.posted) == 1


# Mail --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is TLS from the first byte on
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_given_tls_and_a_login_then_mail_goes_sealed_and_a_wrong_password_is_told_by_code(
    tmp_path: Path, security: str
) -> None:
    server, trusting = certified(tmp_path, "localhost")
    tls = {"starttls": server} if security == "starttls" else {"tls": server}
    async with mail_server_here(**tls, login=("xiezhi", "right")) as here:

        def channel(password: str) -> MailChannel:
            named = MailServer("localhost", here.port, "xiezhi@notices.test", security, "xiezhi", password)  # type: ignore[arg-type]
            return MailChannel(named, tls=trusting)

        await channel("right").send("zhang@market.test", letter())
        assert here.sealed == [True]
        with pytest.raises(NotSent) as failed:
            await channel("wrong").send("zhang@market.test", letter())
        assert (failed.value.code, failed.value.again) == ("mail_server_away", True)
        assert len(here.mails) == 1


async def test_given_a_server_without_starttls_then_nothing_is_sent_in_clear() -> None:
    async with mail_server_here() as here:
        with pytest.raises(NotSent, match="mail_server_away"):
            await MailChannel(MailServer("127.0.0.1", here.port, "xiezhi@notices.test")).send("a@b.test", letter())
        assert here.mails == []


def test_given_settings_then_mail_is_offered_only_with_a_server_and_never_with_a_password_in_clear() -> None:
    def of(**given: object) -> Settings:
        return Settings(fingerprint_key=SecretStr("f" * 32), **given)  # type: ignore[arg-type]

    assert offered(of()) == ("webhook",) and set(build_channels(of(), KEYS)) == {"webhook"}
    named = of(smtp_host="mail.example", smtp_from="x@y.test")
    assert offered(named) == ("mail", "webhook") and set(build_channels(named, KEYS)) == {"mail", "webhook"}
    server = mail_server(named)
    assert server is not None and (server.port, server.security) == (587, "starttls")
    with pytest.raises(MissingSetting, match="XIEZHI_SMTP_FROM"):
        mail_server(of(smtp_host="mail.example"))
    clear = {"smtp_from": "x@y.test", "smtp_user": "x", "smtp_security": "none"}
    with pytest.raises(UnsafeMailServer):
        mail_server(of(smtp_host="mail.example", **clear))
    assert mail_server(of(smtp_host="127.0.0.1", **clear)) is not None
