"""Composes what goes out: Chinese title and sentence, the case's number, a link. Never a text of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.reading.notices import words_of
from domain.value import SHANGHAI
from infra.notices.keys import NoticeKeys
from infra.notices.outgoing import Letter, Outgoing, OutgoingNotice

_UNNUMBERED = "(尚未编号)"
_FOOTER = "本通知由獬豸系统自动发出,请勿回复;接收方式可在“通知设置”中更改。"
_TRAINING = "〔演练〕"


@dataclass(frozen=True)
class Composer:
    """Makes letters. `public_url`: where people open cases; empty for letters without links."""

    keys: NoticeKeys
    public_url: str = ""

    def letter(self, outgoing: Outgoing, *, training: bool) -> Letter:
        """The letter of a delivery. `training`: cases here are made up, and the letter says so."""
        match outgoing.kind:
            case "notice":
                (notice,) = outgoing.notices
                title, lines, data = self._notice(notice)
                idempotency = notice.id
            case "digest":
                title, lines, data = self._digest(outgoing)
                idempotency = outgoing.id
            case "confirmation":
                title, lines, data = self._confirmation(outgoing)
                idempotency = outgoing.id
        mark = _TRAINING if training else ""
        return Letter(
            id=outgoing.id,
            idempotency=idempotency,
            ref=outgoing.ref,
            created_at=outgoing.created_at,
            title=f"{mark}{title}",
            lines=[*lines, "", _FOOTER],
            payload={
                "type": outgoing.kind,
                "timestamp": outgoing.created_at.isoformat(),
                "training": training,
                "data": data,
            },
        )

    def _notice(self, notice: OutgoingNotice) -> tuple[str, list[str], dict[str, Any]]:
        data = self._data(notice)
        title = f"{data['title']}:案件 {notice.number or _UNNUMBERED}"
        return title, [data["sentence"], *self._link_line(data)], data

    def _digest(self, outgoing: Outgoing) -> tuple[str, list[str], dict[str, Any]]:
        notices = [self._data(notice) for notice in outgoing.notices]
        lines = []
        for notice, data in zip(outgoing.notices, notices, strict=True):
            at = notice.created_at.astimezone(SHANGHAI)
            lines += [
                f"{at:%m-%d %H:%M} 案件 {notice.number or _UNNUMBERED} {data['title']}:{data['sentence']}",
                *self._link_line(data),
            ]
        if outgoing.more:
            lines.append("其余未读通知请登录系统查看。")
        assert outgoing.day is not None  # noqa: S101 — the row of a digest has a day
        data = {"day": outgoing.day.isoformat(), "notices": notices, "more": outgoing.more}
        count = f"{len(notices)} 条以上" if outgoing.more else f"{len(notices)} 条"
        return f"{outgoing.day.isoformat()} 未读通知 {count}", lines, data

    def _confirmation(self, outgoing: Outgoing) -> tuple[str, list[str], dict[str, Any]]:
        code = self.keys.code(outgoing.ref)
        lines = [f"确认码:{code}", "请在 24 小时内到“通知设置”中填写。如非本人操作,请忽略。"]
        return "请确认接收通知的地址", lines, {"code": code}

    def _data(self, notice: OutgoingNotice) -> dict[str, Any]:
        words = words_of(notice.subject, notice.params, notice.departments)
        return {
            "id": str(notice.id),
            "subject": notice.subject,
            "title": words.title,
            "sentence": words.sentence,
            "case": notice.number,
            "link": f"{self.public_url}/clues/{notice.stream}" if self.public_url else None,
            "created_at": notice.created_at.isoformat(),
        }

    @staticmethod
    def _link_line(data: Mapping[str, Any]) -> list[str]:
        return [f"查看:{data['link']}"] if data["link"] else []
