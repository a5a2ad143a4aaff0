"""What a caller may read about each command: title, JSON Schema, example. Computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api import PREFIX
from domain.clue import COMMANDS
from domain.decider import Command

TITLES: Final = {
    "register": "登记",
    "answer": "直接答复",
    "send_back": "退回来源",
    "dispatch": "分办",
    "sign_for": "签收",
    "return": "退回",
    "assign": "分派",
    "take_up": "接办",
    "open_verification": "启动核查",
    "record_findings": "记录核查情况",
    "conclude": "作出核查结论",
    "propose_disposition": "提出处置意见",
    "approve_disposition": "批准处置",
    "reject_disposition": "驳回处置",
    "feed_back": "反馈",
    "complete": "办结",
    "archive": "归档",
    "reopen": "重新办理",
    "erase_text": "删除个人信息文本",
}

PROCESS_ONLY: Final = frozenset({"elapse"})
"""Commands of the process itself; no person may issue them."""


@dataclass(frozen=True)
class Described:
    """A command as it is offered."""

    command: type[Command]
    slug: str
    title: str
    summary: str
    schema: dict[str, Any]
    example: dict[str, object]
    opens: bool

    def href(self, case: str) -> str:
        """Where to send it."""
        return f"{PREFIX}/clues" if self.opens else f"{PREFIX}/clues/{case}/commands/{self.slug}"


def _describe(command: type[Command]) -> Described:
    return Described(
        command=command,
        slug=command.slug,
        title=TITLES[command.slug],
        summary=(command.__doc__ or "").strip(),
        schema=plain(command.model_json_schema()),
        example=dict(command.example),
        opens=command.slug == "register",
    )


def plain(schema: Any) -> Any:
    """A schema without the generated titles, which only repeat the field names."""
    if isinstance(schema, dict):
        return {
            name: plain(value) for name, value in schema.items() if not (name == "title" and isinstance(value, str))
        }
    return [plain(entry) for entry in schema] if isinstance(schema, list) else schema


CLUE_COMMANDS: Final = {slug: _describe(command) for slug, command in COMMANDS.items() if slug not in PROCESS_ONLY}


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its `$defs` put in place, so it stands anywhere in an OpenAPI document."""
    definitions = schema.get("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, dict):
            if (ref := part.get("$ref")) is not None:
                return resolve(definitions[ref.removeprefix("#/$defs/")])
            return {name: resolve(value) for name, value in part.items() if name != "$defs"}
        return [resolve(entry) for entry in part] if isinstance(part, list) else part

    result: dict[str, Any] = resolve(schema)
    return result
