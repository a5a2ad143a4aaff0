"""Sealing: texts leave the request as references, and nothing that fails shows them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.clue.intake.commands import Register
from domain.record.vault import MAX_TEXT, Sealed, Sealer, commitment

PLANTED = "张三 13812345678 370102199001011234"


def _sealer() -> Sealer:
    return Sealer(lambda size: b"\x07" * size)


def _body(**given: object) -> dict[str, object]:
    return {**Register.example, **given}


def test_given_free_text_when_parsed_then_the_command_holds_references_and_the_sealer_the_texts() -> None:
    sealer = _sealer()
    command = Register.model_validate(_body(body=PLANTED, reporter=None), context={"sealer": sealer})
    assert isinstance(command.body, Sealed)
    assert PLANTED not in command.model_dump_json()
    assert [(entry.field, entry.text) for entry in sealer.entries][1] == ("body", PLANTED)
    assert command.body.commitment == commitment(sealer.entries[1].salt, PLANTED)
    assert len(sealer.entries[1].salt) >= 16


def test_given_a_vault_entry_when_shown_then_its_text_is_not() -> None:
    sealer = _sealer()
    sealer.seal("note", PLANTED)
    assert PLANTED not in f"{sealer.entries!r}{sealer.entries[0]}"


@pytest.mark.parametrize("text", ["", "   ", "长" * (MAX_TEXT + 1), f"{PLANTED}\x00"])
def test_given_text_that_cannot_be_kept_when_parsed_then_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Register.model_validate(_body(title=text), context={"sealer": _sealer()})
    assert PLANTED not in str(raised.value)


@pytest.mark.parametrize("field", ["region", "category", "external_id", "nonsense"])
def test_given_personal_data_in_the_wrong_field_when_parsed_then_the_error_hides_the_value(field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Register.model_validate(_body(**{field: PLANTED}), context={"sealer": _sealer()})
    assert PLANTED not in str(raised.value)


def test_given_no_sealer_when_text_is_parsed_then_it_is_refused_rather_than_kept() -> None:
    with pytest.raises(ValidationError):
        Register.model_validate(_body())
