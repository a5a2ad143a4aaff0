"""The table of every id of the legal rules: complete, true to the rule packs, and the one in the repository."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from infra.reference.statutes import Statute, document, encoding_rows, statutes
from tests.support.messages import REPOSITORY, shared_data

ID = re.compile(r"\b(?:[A-Z]{3}-\d\d|X-\d)\b")


def test_given_the_list_of_ids_then_each_has_a_status_and_one_that_is_not_encoded_says_why() -> None:
    for id, known in statutes().items():
        assert ID.fullmatch(id)
        assert known.gist
        assert known.why or known.status == "encoded", id
    with pytest.raises(ValidationError, match="status"):
        Statute.model_validate({"gist": "an id without a status"})


def test_given_the_rule_packs_then_they_name_as_source_exactly_what_is_encoded() -> None:
    encoded = {id for id, known in statutes().items() if known.status == "encoded"}
    assert set(encoding_rows()) == encoded


def test_given_the_committed_table_then_it_is_that_of_this_build() -> None:
    committed = (REPOSITORY / "docs" / "statutory-status.md").read_text(encoding="utf-8")
    assert committed == document(), "run `python -m infra.reference.statutes docs/statutory-status.md`, review the diff"


def test_given_the_table_then_it_says_which_rows_wait_for_a_step_to_come() -> None:
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in document().splitlines() if line.startswith("| ")}
    assert "`market.mediation.2` (S2)" in lines["CMP-07"]
    assert "`market.decision.1` (S, step to come)" in lines["SAM-17"]
    assert "pack jinan" in lines["HOT-10"]
    assert "coming with referral" in lines["REF-05"]


@pytest.mark.proof
def test_given_the_collection_of_legal_rules_then_the_list_holds_every_id_of_it_and_no_other() -> None:
    text = (shared_data().parent / "statutory-rules.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\b[A-Z]{1,3}-\d{1,2}\b", text)) == set(statutes())
