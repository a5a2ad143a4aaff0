"""Webhooks: one signed POST of JSON (Standard Webhooks), to judged addresses only, following nothing."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable

import httpx

from infra.notices.keys import NoticeKeys
from infra.notices.outgoing import Letter, NotSent
from infra.notices.targets import Targets

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
WHOLE_SECONDS = 20.0
"""A receiver that trickles is left after this."""

_AGAIN = frozenset({408, 425, 429})
"""Client errors that pass with time."""


class WebhookChannel:
    """`infra.notices.outgoing.Channel` over HTTP."""

    def __init__(
        self,
        targets: Targets,
        keys: NoticeKeys,
        *,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._targets = targets
        self._keys = keys
        self._tls = tls or ssl.create_default_context()
        self._now = now

    async def send(self, address: str, letter: Letter) -> None:
        """POST the letter; any 2xx is receipt. Raises `NotSent`."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                status = await self._answer(httpx.URL(address), letter)
        except httpx.InvalidURL:
            raise NotSent("bad_address", again=False) from None
        except (TimeoutError, httpx.TimeoutException):
            raise NotSent("no_answer", again=True) from None
        except (httpx.HTTPError, OSError):
            raise NotSent("unreachable", again=True) from None
        _judge(status)

    async def _answer(self, url: httpx.URL, letter: Letter) -> int:
        """The status of the answer; its body is not read."""
        target = await self._targets.checked(url)
        body = json.dumps(letter.payload, ensure_ascii=False, separators=(",", ":")).encode()
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        # a client for each letter: connections to one address must not be shared between names
        async with (
            httpx.AsyncClient(timeout=timeout, verify=self._tls, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                url.copy_with(host=target),
                content=body,
                headers=self._headers(url, letter, body),
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            ) as answer,
        ):
            return answer.status_code

    def _headers(self, url: httpx.URL, letter: Letter, body: bytes) -> dict[str, str]:
        id, timestamp = str(letter.idempotency), int(self._now())
        return {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "xiezhi",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": self._keys.signature(letter.ref, id, timestamp, body),
        }


def _judge(status: int) -> None:
    """Raises `NotSent` for everything but receipt."""
    match status // 100:
        case 2:
            return
        case 3:
            raise NotSent("redirected", again=False)
        case 4 if status not in _AGAIN:
            raise NotSent("refused", again=False)
        case _:
            raise NotSent("receiver_failed", again=True)
