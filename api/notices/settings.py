"""Where the caller wants to be told besides the inbox: by mail or webhook, of what, at once or once a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Protocol, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api import PREFIX
from api.deps import Caller, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described
from domain.errors import Malformed
from domain.lists.notices import NoticeSetting
from domain.reading.notices import GROUP_TITLES, TROUBLES, Group

router = APIRouter(prefix=PREFIX, tags=["notices"])

ChannelName = Literal["mail", "webhook"]
Channel = Annotated[ChannelName, Path(description="`mail` or `webhook`.")]

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")
"""As mail servers everywhere take it, without what a header could read as an encoded word (`=?`); longer than 254 none
does."""
_EXAMPLE = {"address": "zhang@example.gov.cn", "groups": ["clocks"], "digest_hour": 8}
_HERE = ("localhost", "127.0.0.1", "::1")


class NoticeSettings(Protocol):
    """Where people want to be told besides their inbox."""

    @property
    def channels(self) -> Sequence[str]:
        """The channels this installation sends through."""
        ...

    async def of(self, account: str) -> Sequence[NoticeSetting]:
        """An account's settings."""
        ...

    async def put(
        self, account: str, channel: str, *, address: str, groups: Sequence[Group], digest_hour: int | None
    ) -> NoticeSetting:
        """Set a channel; a new address is sent a code. Raises a `too_many_codes` error."""
        ...

    async def drop(self, account: str, channel: str) -> bool:
        """Forget a setting and its address; False when there is none."""
        ...

    async def confirm(self, account: str, channel: str, code: str) -> str | None:
        """Confirm an address by its code; else why not: `unknown_setting`, `wrong_code`, `code_over`."""
        ...


def _each_once(groups: list[Group]) -> list[Group]:
    return [group for group in GROUP_TITLES if group in groups]


class SettingBody(BaseModel):
    """Where and of what the caller wants to be told."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    address: Annotated[str, StringConstraints(min_length=3, max_length=2000, pattern=r"^[\x21-\x7e]+$")] = Field(
        description="A mail address, or the address a webhook is posted to (https; http on this machine only)."
    )
    groups: Annotated[list[Group], AfterValidator(_each_once)] = Field(
        default=["steps", "clocks", "oversight"],
        min_length=1,
        max_length=20,
        description="Of what: steps of cases, deadlines, oversight.",
    )
    digest_hour: int | None = Field(
        default=None, ge=0, le=23, description="One digest a day at this hour (Asia/Shanghai); null: each at once."
    )


class Trouble(BaseModel):
    """Why the last message to the address was given up."""

    code: str
    detail: str


class SettingView(BaseModel):
    """A setting of the caller. Nothing but the code is sent to an address before it is confirmed. `secret`: by which
    the receiver of a webhook checks signatures; in the answer to `PUT` only."""

    channel: ChannelName
    address: str
    groups: list[Group]
    digest_hour: int | None
    confirmed: bool
    trouble: Trouble | None
    secret: str | None


class SettingsView(BaseModel):
    """The caller's settings, and the channels that can be set here."""

    items: list[SettingView]
    channels: list[ChannelName]


class CodeBody(BaseModel):
    """The code that was sent to the address."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]


@router.get("/notice-settings", responses=described())
async def list_settings(service: Svc, actor: Caller) -> SettingsView:
    """Where the caller wants to be told. Somebody who stands in sees own settings, never those of the absent."""
    found = await service.notices.settings.of(actor.account)
    return SettingsView(items=[_view(each) for each in found], channels=[*_offered(service.notices.settings.channels)])


@router.put(
    "/notice-settings/{channel}",
    responses=described("malformed", "channel_unavailable", "too_many_codes"),
    openapi_extra=documented(SettingBody, _EXAMPLE),
)
async def put_setting(request: Request, service: Svc, actor: Caller, channel: Channel) -> SettingView:
    """Set a channel. A new address, or one not confirmed yet, is sent a code; a confirmed one stays confirmed."""
    body = parsed(SettingBody, await read_object(request))
    if channel not in service.notices.settings.channels:
        raise ApiError("channel_unavailable")
    if not (_is_mail if channel == "mail" else _is_target)(body.address):
        raise Malformed([{"at": "address", "problem": "string_pattern_mismatch"}])
    return _view(
        await service.notices.settings.put(
            actor.account, channel, address=body.address, groups=body.groups, digest_hour=body.digest_hour
        )
    )


@router.post(
    "/notice-settings/{channel}/confirm",
    status_code=204,
    responses=described("malformed", "unknown_setting", "wrong_code", "code_over"),
    openapi_extra=documented(CodeBody, {"code": "20261122"}),
)
async def confirm_setting(request: Request, service: Svc, actor: Caller, channel: Channel) -> Response:
    """Confirm an address by the code that was sent there; again changes nothing."""
    given = parsed(CodeBody, await read_object(request))
    if (refused := await service.notices.settings.confirm(actor.account, channel, given.code)) is not None:
        raise ApiError(refused)
    return Response(status_code=204)


@router.delete("/notice-settings/{channel}", status_code=204, responses=described("unknown_setting", "malformed"))
async def drop_setting(service: Svc, actor: Caller, channel: Channel) -> Response:
    """Be told there no more; the address is forgotten."""
    if not await service.notices.settings.drop(actor.account, channel):
        raise ApiError("unknown_setting")
    return Response(status_code=204)


def _is_mail(address: str) -> bool:
    return len(address) <= 254 and _MAIL.fullmatch(address) is not None


def _is_target(address: str) -> bool:
    """An address without credentials in it; what its name stands for is judged when something is sent."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)


def _offered(channels: Iterable[str]) -> list[ChannelName]:
    return [name for name in get_args(ChannelName) if name in channels]


def _view(setting: NoticeSetting) -> SettingView:
    trouble = None
    if setting.trouble is not None:
        trouble = Trouble(code=setting.trouble, detail=TROUBLES.get(setting.trouble, TROUBLES["unforeseen"]))
    return SettingView(
        channel="mail" if setting.channel == "mail" else "webhook",
        address=setting.address,
        groups=list(setting.groups),
        digest_hour=setting.digest_hour,
        confirmed=setting.confirmed,
        trouble=trouble,
        secret=setting.secret,
    )
