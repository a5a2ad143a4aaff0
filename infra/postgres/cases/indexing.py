"""The rows by which texts are found: folded words with their grams, and keyed marks of who reported.

They are personal data like the texts they come from: written with them, erased with them, and made again from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.lists.reporters import Marker, identifiers_in
from domain.lists.search import UNSEARCHED_FIELDS, fold, grams_of, periods_of
from domain.record.vault import VaultEntry
from infra.postgres.engine.session import Session
from infra.postgres.record.rows import Row, as_json

PUT_SEARCH = (
    "INSERT INTO search (ref, stream, registered_at, grams, folded) SELECT ref, stream, registered_at, grams, folded "
    "FROM json_populate_recordset(NULL::search, CAST(:search AS json)) ON CONFLICT DO NOTHING"
)
PUT_MARKS = (
    "INSERT INTO reporter_marks (mark, ref, stream) SELECT mark, ref, stream "
    "FROM json_populate_recordset(NULL::reporter_marks, CAST(:marks AS json)) ON CONFLICT DO NOTHING"
)
DROP_SEARCH = "DELETE FROM search WHERE ref = ANY(CAST(:erased AS uuid[]))"
DROP_MARKS = "DELETE FROM reporter_marks WHERE ref = ANY(CAST(:erased AS uuid[]))"


def search_rows(kept: Iterable[tuple[str, VaultEntry]], registered: Mapping[str, datetime]) -> Iterator[Row]:
    """A row for each text of a case that may be searched. `registered`: when each case was, by its stream."""
    for stream, entry in kept:
        if stream in registered and entry.field not in UNSEARCHED_FIELDS:
            yield _search_row(entry.ref, stream, registered[stream], entry.text)


def mark_rows(kept: Iterable[tuple[str, VaultEntry]], cases: Collection[str], marked: Marker | None) -> Iterator[Row]:
    """A row for each identifier in what a case was registered with."""
    if marked is None:
        return
    for stream, entry in kept:
        if stream in cases:
            yield from _mark_rows(entry.ref, stream, entry.field, entry.text, marked)


async def index_texts(opened: Session, streams: Sequence[str]) -> None:
    """Put the search rows of some cases in place, from their texts."""
    rows = [
        _search_row(row.ref, row.stream, row.registered_at, row.text)
        for row in await opened.run(_TEXTS, streams=list(streams))
        if row.field not in UNSEARCHED_FIELDS
    ]
    await opened.run(text(PUT_SEARCH), search=as_json(rows))


async def index_reporters(opened: Session, streams: Sequence[str], marked: Marker | None) -> None:
    """Put the marks of some cases in place, from their texts. A programming error without what makes them."""
    if marked is None:
        raise TypeError("marks need their key")
    rows = [
        mark
        for row in await opened.run(_TEXTS, streams=list(streams))
        for mark in _mark_rows(row.ref, row.stream, row.field, row.text, marked)
    ]
    await opened.run(text(PUT_MARKS), marks=as_json(rows))


def _search_row(ref: Any, stream: str, registered_at: datetime, said: str) -> Row:
    folded = fold(said)
    return {
        "ref": ref,
        "stream": stream,
        "registered_at": registered_at,
        "grams": [*grams_of(folded), *periods_of(registered_at)],
        "folded": folded,
    }


def _mark_rows(ref: Any, stream: str, field: str, said: str, marked: Marker) -> Iterator[Row]:
    for found in identifiers_in(field, said):
        yield {"mark": f"\\x{marked(found)}", "ref": ref, "stream": stream}


_TEXTS = text(
    "SELECT ref, stream, field, text, registered_at FROM vault JOIN cases USING (stream) "
    "WHERE stream = ANY(:streams) AND text IS NOT NULL"
)
