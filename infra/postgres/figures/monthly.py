"""Counting a month: one statement over the states cases were in and the verdicts on their clocks, as known then.

Two times are kept apart. *Known*: only rows recorded by `as_of`; a state counts as lasting until a successor that was
itself known by then. *Happened*: `happened_at` and `ended_at`, business time, decide which month something falls into;
so cases that came with their history count in the months in which they were handled.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from domain.people.actors import region_prefix
from domain.report.figures import (
    MEASURES,
    NOTHING,
    Content,
    Line,
    Triple,
    begin_of,
    following,
    month_at,
    months_of,
    ordered,
)
from infra.postgres.engine.session import Session

LONGEST_SECONDS = 120
"""A report may take longer than a list: nobody waits behind it."""


async def counted(opened: Session, region: str, month: str, as_of: datetime) -> Content:
    """The figures of a month and of the two it is compared with, as known at `as_of`."""
    prefix = region_prefix(region)
    await opened.run(_PATIENCE)
    await opened.run(_ROOM)
    known = {"prefix": prefix, "length": len(prefix), "as_of": as_of}
    earliest = (await opened.run(_EARLIEST, known)).scalar()
    bounds = {
        f"{word}_{slot}": begin_of(each)
        for slot, one in enumerate(months_of(month))
        for word, each in (("begun", one), ("ended", following(one)))
    }
    found: dict[tuple[str, str, str], list[list[int]]] = {}
    for row in await opened.run(_FIGURES, known, **bounds):
        numbers = found.setdefault((row.region, row.by, row.of), [list(NOTHING) for _ in range(3)])
        numbers[row.slot][MEASURES.index(row.measure)] = row.number
    return Content(
        region=region,
        month=month,
        as_of=as_of,
        known_since=month_at(earliest) if earliest else None,
        lines=ordered([Line(region=at, by=by, of=of, counts=_triple(n)) for (at, by, of), n in found.items()]),
    )


def _triple(numbers: list[list[int]]) -> Triple:
    now, before, year_before = (tuple(each) for each in numbers)
    return now, before, year_before  # type: ignore[return-value]  # one number a measure


_PATIENCE = text(f"SET LOCAL statement_timeout = '{LONGEST_SECONDS}s'")
_ROOM = text("SET LOCAL work_mem = '64MB'")

_EARLIEST = text(
    "SELECT registered_at FROM cases WHERE kind = 'clue' AND left(region, :length) = :prefix AND EXISTS ("
    " SELECT FROM case_states WHERE case_states.stream = cases.stream AND case_states.version = 1"
    " AND case_states.recorded_at <= :as_of) "
    "ORDER BY registered_at LIMIT 1"
)
"""The earliest case known of by then. When a case was registered never changes."""

_FIGURES = text(
    """
WITH months (slot, begun, ended) AS (
  VALUES (0, CAST(:begun_0 AS timestamptz), CAST(:ended_0 AS timestamptz)),
         (1, CAST(:begun_1 AS timestamptz), CAST(:ended_1 AS timestamptz)),
         (2, CAST(:begun_2 AS timestamptz), CAST(:ended_2 AS timestamptz))
), states AS MATERIALIZED (
  -- states that began in one of the months, and open ones that lasted beyond the end of one
  SELECT stream, version, happened_at, known.outlived_at, region, channel, responsible, completed, result, returns,
         reopenings
  FROM case_states CROSS JOIN LATERAL (
    SELECT CASE WHEN superseded_at <= :as_of THEN case_states.outlived_at ELSE 'infinity' END AS outlived_at) AS known
  WHERE kind = 'clue' AND recorded_at <= :as_of AND left(region, :length) = :prefix AND (
    happened_at >= :begun_0 AND happened_at < :ended_0
    OR happened_at >= :begun_1 AND happened_at < :ended_1
    OR happened_at >= :begun_2 AND happened_at < :ended_2
    OR NOT completed AND (
      happened_at < :ended_0 AND known.outlived_at >= :ended_0
      OR happened_at < :ended_1 AND known.outlived_at >= :ended_1
      OR happened_at < :ended_2 AND known.outlived_at >= :ended_2))
), decided AS MATERIALIZED (
  -- first by time, so that only their cases are looked up
  SELECT stream, version, clock, ended_at, kind, owed_by, verdict
  FROM clock_ends
  WHERE verdict IN ('met', 'missed') AND recorded_at <= :as_of AND (
    ended_at >= :begun_0 AND ended_at < :ended_0
    OR ended_at >= :begun_1 AND ended_at < :ended_1
    OR ended_at >= :begun_2 AND ended_at < :ended_2)
), turns AS (
  SELECT months.slot, months.ended, states.*, was.version AS earlier, was.completed AS was_completed,
         was.responsible AS was_responsible, was.returns AS were_returns, was.reopenings AS were_reopenings
  FROM states JOIN months ON happened_at >= begun AND happened_at < months.ended
  LEFT JOIN LATERAL (
    SELECT version, completed, responsible, returns, reopenings FROM case_states
    WHERE case_states.stream = states.stream AND case_states.version < states.version
    ORDER BY version DESC LIMIT 1) AS was ON true
), facts (slot, measure, stream, region, channel, department, result, clock, number) AS (
  SELECT slot, 'received', turns.stream, turns.region, turns.channel, lasting.responsible, NULL, NULL, 1
  FROM turns CROSS JOIN LATERAL (
    SELECT responsible FROM case_states
    WHERE case_states.stream = turns.stream AND recorded_at <= :as_of AND happened_at < turns.ended
    ORDER BY version DESC LIMIT 1) AS lasting
  WHERE earlier IS NULL
  UNION ALL
  SELECT slot, 'completed', stream, region, channel, responsible, result, NULL, 1
  FROM turns WHERE completed AND NOT coalesce(was_completed, false) AND reopenings IS DISTINCT FROM (
    -- the state it left completion for: without a reopening the completion was undone as a mistake
    SELECT reopenings FROM case_states
    WHERE case_states.stream = turns.stream AND case_states.version > turns.version
      AND NOT completed AND recorded_at <= :as_of
    ORDER BY version LIMIT 1)
  UNION ALL
  SELECT slot, 'returned', stream, region, channel, was_responsible, NULL, NULL, returns - were_returns
  FROM turns WHERE returns > were_returns
  UNION ALL
  SELECT slot, 'reopened', stream, region, channel, was_responsible, NULL, NULL, reopenings - were_reopenings
  FROM turns WHERE reopenings > were_reopenings
  UNION ALL
  SELECT slot, 'open', stream, region, channel, responsible, NULL, NULL, 1
  FROM states JOIN months ON happened_at < ended AND outlived_at >= ended
  WHERE NOT completed AND NOT EXISTS (
    -- a later step that was dated back
    SELECT FROM case_states
    WHERE case_states.stream = states.stream AND case_states.version > states.version
      AND recorded_at <= :as_of AND happened_at < months.ended)
  UNION ALL
  SELECT slot, verdict, stream, opened.region, opened.channel, owed_by, NULL, decided.kind, 1
  FROM decided JOIN months ON ended_at >= begun AND ended_at < ended
  CROSS JOIN LATERAL (
    SELECT region, channel FROM case_states
    WHERE case_states.stream = decided.stream AND case_states.version = 1 AND case_states.kind = 'clue') AS opened
  WHERE left(opened.region, :length) = :prefix AND NOT EXISTS (
    SELECT FROM clock_ends AS newer
    WHERE newer.stream = decided.stream AND newer.clock = decided.clock
      AND newer.version > decided.version AND newer.recorded_at <= :as_of)
)
SELECT slot, measure, facts.region, split.by, split.of, sum(number)::int AS number
FROM facts
CROSS JOIN LATERAL (
  SELECT category FROM case_states
  WHERE case_states.stream = facts.stream AND recorded_at <= :as_of ORDER BY version DESC LIMIT 1) AS known
CROSS JOIN LATERAL (
  VALUES ('department', department), ('category', known.category), ('channel', channel), ('result', result),
         ('clock', clock)) AS split (by, of)
WHERE split.of IS NOT NULL
GROUP BY slot, measure, facts.region, split.by, split.of
"""
)
