"""Phones, identity numbers and names in what a case was registered with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lists.reporters import Identifier, Kind, identifier, identifiers_in, is_identifier

SOUND_ID = "11010519491231002X"


def found(text: str, field: str = "reporter") -> set[tuple[str, str]]:
    return {tuple(known) for known in identifiers_in(field, text)}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("来电人:陈先生 13800000000", "phone", {"13800000000"}),
        ("+86 138-0000-0000", "phone", {"13800000000"}),
        ("电话１３８００００００００", "phone", {"13800000000"}),
        ("(0531)88881234、0531-66667777", "phone", {"053188881234", "053166667777"}),
        ("+86 531 88881234", "phone", {"053188881234"}),
        ("工单 20261121138000000001", "phone", set()),
        ("12800000000", "phone", set()),
        (f"身份证{SOUND_ID.lower()}", "id", {SOUND_ID}),
        ("身份证110105194912310021", "id", set()),
        ("身份证11010519491331002X", "id", set()),
        ("陈建国", "name", {"陈建国"}),
        ("来电人:陈先生(化名) 13800000000", "name", {"陈先生"}),
        ("姓名 欧阳震华先生,电话13800000000", "name", {"欧阳震华先生", "欧阳震华"}),
        ("联系人李红电话13800000000", "name", {"李红"}),
        ("举报人:阿依古丽•买买提", "name", {"阿依古丽·买买提"}),
        ("网友 S01234567", "name", set()),
        ("不愿透露身份的一位住在附近的居民", "name", set()),
    ],
)
def test_given_what_is_said_of_a_reporter_then_it_is_found_in_its_normal_form(
    text: str, kind: Kind, values: set[str]
) -> None:
    assert {value for known, value in found(text) if known == kind} == values


def test_given_a_message_then_numbers_are_read_and_names_are_not() -> None:
    assert found("姓名:陈建国,电话13800000000", "body") == {("phone", "13800000000")}
    assert found("电话13800000000", "findings") == set()


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("phone", " 138 0000 0000 ", "13800000000"),
        ("phone", "0531-88881234", "053188881234"),
        ("phone", "1380000000", None),
        ("phone", "13800000000 转 3", None),
        ("id", SOUND_ID.lower(), SOUND_ID),
        ("id", "110105194912310021", None),
        ("name", "陈建国", "陈建国"),
        ("name", "阿依古丽•买买提", "阿依古丽·买买提"),
        ("name", "陈", None),
        ("name", "Chen", None),
    ],
)
def test_given_what_somebody_asks_for_then_it_is_whole_or_nothing(kind: Kind, given: str, value: str | None) -> None:
    assert identifier(kind, given) == (Identifier(kind, value) if value is not None else None)


phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
said_before, said_after = (
    st.sampled_from(["", "电话:", "来电人陈先生,"]),
    st.sampled_from(["", "。", ",请回电", " 转告"]),
)


@given(phones, said_before, said_after, st.sampled_from(["{0}", "{1}-{2}-{3}", "{1} {2} {3}", "+86{0}", "0086 {0}"]))
def test_given_a_mobile_number_written_in_any_way_then_looking_for_it_finds_it(
    phone: str, before: str, after: str, form: str
) -> None:
    written = form.format(phone, phone[:3], phone[3:7], phone[7:])
    assert identifier("phone", written) == Identifier("phone", phone)
    assert Identifier("phone", phone) in identifiers_in("reporter", f"{before}{written}{after}")
    assert is_identifier(written)
