"""What differs between two reports on the same region and month: what corrections changed after the first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from domain.errors import XiezhiError
from domain.report.figures import MEASURES, NOTHING, By, Content, Measure, Triple, months_of
from domain.value import Value


class NotComparable(XiezhiError):
    """Two reports that are about different regions or months."""

    code = "reports_not_comparable"


class Difference(Value):
    """A figure that is another one in the later report. `month`: the report's own or one it is compared with."""

    region: str
    by: By
    of: str
    month: str
    measure: Measure
    one: int
    other: int


def differences(one: Content, other: Content) -> tuple[Difference, ...]:
    """All figures in which they differ. Raises `NotComparable`."""
    if (one.region, one.month) != (other.region, other.month):
        raise NotComparable("只能比较同一行政区划、同一月份的两份月报")
    return tuple(_differences(one, other))


def _differences(one: Content, other: Content) -> Iterator[Difference]:
    first, second = _by_place(one), _by_place(other)
    nothing: Triple = (NOTHING, NOTHING, NOTHING)
    for place in sorted(first.keys() | second.keys()):
        region, by, of = place
        for month, ones, others in zip(
            months_of(one.month), first.get(place, nothing), second.get(place, nothing), strict=True
        ):
            for measure, number, changed in zip(MEASURES, ones, others, strict=True):
                if number != changed:
                    yield Difference(
                        region=region, by=by, of=of, month=month, measure=measure, one=number, other=changed
                    )


def _by_place(content: Content) -> dict[tuple[str, By, str], Triple]:
    return {(line.region, line.by, line.of): line.counts for line in content.lines}
