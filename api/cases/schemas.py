"""What a caller may read about each command: title, JSON Schema, example. Computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api import PREFIX
from domain.people.account import ACCOUNT
from domain.people.actors import Role
from domain.record.chapter import Step
from domain.record.decider import Command, Decider


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
    refusals: tuple[str, ...]
    """Codes of the rules that may say no."""
    collection: str

    def href(self, one: str) -> str:
        """Where to send it."""
        place = f"{PREFIX}/{self.collection}"
        return place if self.opens else f"{place}/{one}/commands/{self.slug}"


def process_only(noun: Decider[Any]) -> frozenset[str]:
    """Commands of the service itself; no person may issue them."""
    return frozenset(step.command.slug for step in noun.steps.values() if step.asked_of == (Role.SYSTEM,))


def describe(noun: Decider[Any], collection: str, hidden: frozenset[str]) -> Mapping[str, Described]:
    """The commands of a noun as they are offered, by slug, without the hidden ones."""
    return {slug: _one(step, collection) for step in noun.steps.values() if (slug := step.command.slug) not in hidden}


def _one(step: Step[Any, Any], collection: str) -> Described:
    command = step.command
    return Described(
        command=command,
        slug=command.slug,
        title=step.title,
        summary=(command.__doc__ or "").strip(),
        schema=plain(command.model_json_schema()),
        example=dict(command.example),
        opens=step.opens,
        refusals=tuple(dict.fromkeys(refusal.code for refusal in step.refusals)),
        collection=collection,
    )


def plain(schema: Any) -> Any:
    """A schema without the generated titles, which only repeat the field names."""
    if isinstance(schema, dict):
        return {
            name: plain(value) for name, value in schema.items() if not (name == "title" and isinstance(value, str))
        }
    return [plain(entry) for entry in schema] if isinstance(schema, list) else schema


NOT_OFFERED: Final = frozenset({"instate", "set_password"})
"""Commands of accounts that are no step of an administrator: what the installation does, and one's own password."""
ACCOUNT_COMMANDS: Final = describe(ACCOUNT, "accounts", NOT_OFFERED)


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
