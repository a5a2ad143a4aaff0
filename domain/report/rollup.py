"""Figures from a district up to the country, by the digits of GB/T 2260 codes, and down again to departments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from domain.people.actors import region_prefix, within
from domain.report.comparing import Comparison, Share, ShareComparison, compared, share_compared
from domain.report.figures import MEASURES, NOTHING, By, Content, Counts, Line, Measure, Triple
from domain.value import Value

_MET, _MISSED = MEASURES.index("met"), MEASURES.index("missed")


class Figure(Value):
    """One number with 环比 (`before`) and 同比 (`year_before`)."""

    count: int
    before: Comparison
    year_before: Comparison


class OnTime(Value):
    """Clocks met among all that ended or expired in the month."""

    share: Share
    percent: str | None
    before: ShareComparison
    year_before: ShareComparison


class Figures(Value):
    """All numbers of one line of a report."""

    received: Figure
    completed: Figure
    open: Figure
    returned: Figure
    reopened: Figure
    met: Figure
    missed: Figure
    on_time: OnTime


@dataclass(frozen=True)
class Split:
    """The figures under one value: a category, a channel, a result, a kind of clock, a department."""

    of: str
    counts: Triple


@dataclass(frozen=True)
class Place:
    """A region with everything below it."""

    region: str
    counts: Triple


def total(content: Content, region: str) -> Triple:
    """Everything in a region's subtree."""
    return _total(_own(content), region)


def places(content: Content, region: str) -> tuple[Place, ...]:
    """The regions one level below that have figures. They and `departments` of the region itself make up its total."""
    return tuple(_places(_own(content), region))


def departments(content: Content, region: str) -> tuple[Split, ...]:
    """The departments that answer for cases of the region itself, not of those below it."""
    own = (line for line in content.lines if line.by == "department" and line.region == region)
    return tuple(Split(line.of, line.counts) for line in own)


def splits(content: Content, region: str, by: By) -> tuple[Split, ...]:
    """A region's subtree split by something."""
    found: dict[str, list[Triple]] = {}
    for line in _below(content, region, by):
        found.setdefault(line.of, []).append(line.counts)
    return tuple(Split(of, _sum(counts)) for of, counts in sorted(found.items()))


def subtree(content: Content, region: str) -> Iterator[tuple[int, Place]]:
    """The region and all regions below it that have figures, each under what holds it, with its depth."""
    own = _own(content)

    def under(place: Place, depth: int) -> Iterator[tuple[int, Place]]:
        yield depth, place
        for below in _places(own, place.region):
            yield from under(below, depth + 1)

    yield from under(Place(region, _total(own, region)), 0)


def figures(content: Content, counts: Triple) -> Figures:
    """Counts with their comparisons, as far as the earlier months are known."""
    now, before, year_before = counts
    _, before_known, year_before_known = content.known
    known_before, known_year_before = before if before_known else None, year_before if year_before_known else None
    return Figures(
        **{measure: _figure(measure, now, known_before, known_year_before) for measure in MEASURES},
        on_time=_on_time(now, known_before, known_year_before),
    )


def _figure(measure: Measure, now: Counts, before: Counts | None, year_before: Counts | None) -> Figure:
    place = MEASURES.index(measure)
    return Figure(
        count=now[place],
        before=compared(now[place], before[place] if before else None),
        year_before=compared(now[place], year_before[place] if year_before else None),
    )


def _on_time(now: Counts, before: Counts | None, year_before: Counts | None) -> OnTime:
    share = _share(now)
    return OnTime(
        share=share,
        percent=share.percent,
        before=share_compared(share, _share(before) if before else None),
        year_before=share_compared(share, _share(year_before) if year_before else None),
    )


def _share(counts: Counts) -> Share:
    return Share(numerator=counts[_MET], denominator=counts[_MET] + counts[_MISSED])


def _own(content: Content) -> dict[str, Triple]:
    """What each region has itself. Every figure has a department, so departments add up to it."""
    found: dict[str, list[Triple]] = {}
    for line in content.lines:
        if line.by == "department":
            found.setdefault(line.region, []).append(line.counts)
    return {region: _sum(counts) for region, counts in found.items()}


def _total(own: Mapping[str, Triple], region: str) -> Triple:
    return _sum(counts for code, counts in own.items() if within(code, region))


def _places(own: Mapping[str, Triple], region: str) -> Iterator[Place]:
    length = len(region_prefix(region)) + 2
    below = {code[:length].ljust(6, "0") for code in own if code != region and within(code, region)}
    return (Place(code, _total(own, code)) for code in sorted(below))


def _below(content: Content, region: str, by: By) -> Iterator[Line]:
    return (line for line in content.lines if line.by == by and within(line.region, region))


def _sum(counts: Iterable[Triple]) -> Triple:
    sums = [list(NOTHING) for _ in range(3)]
    for triple in counts:
        for period, numbers in enumerate(triple):
            for place, number in enumerate(numbers):
                sums[period][place] += number
    now, before, year_before = (tuple(numbers) for numbers in sums)
    return now, before, year_before  # type: ignore[return-value]  # as long as what was summed
