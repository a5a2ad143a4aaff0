"""A monthly report as tables with numbers, for a workbook and for paper. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.reading.document import Document, Mark, Passage, Table
from domain.report.figures import MEASURES, By, Content, Measure, Triple, digest_of
from domain.report.rollup import Figures, departments, figures, splits, subtree, total
from domain.report.wording import BY_NAMES, DEFINITIONS, MEASURE_NAMES, ON_TIME, month_name, split_name
from domain.value import local

Cell = str | int
PRINTED_ROWS = 400
"""A longer table is left to the workbook: the departments of a whole province, say."""


@dataclass(frozen=True)
class Names:
    """How places are called today; a code without a name stands for itself."""

    regions: Mapping[str, str] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)

    def region(self, code: str) -> str:
        """The name of a region."""
        return self.regions.get(code, code)

    def department(self, code: str) -> str:
        """The name of a department."""
        return self.departments.get(code, code)


@dataclass(frozen=True)
class Grid:
    """A table whose numbers are numbers; `widths` are shares of the page."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Sheets:
    """A whole report: what stands above the tables, the tables, and what their figures mean."""

    title: str
    facts: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    notes: tuple[tuple[str, str], ...] = DEFINITIONS


def title_of(content: Content, names: Names) -> str:
    """`历下区跨部门综合监管月报(2026年10月)`."""
    region = "全国" if content.region == "000000" else names.region(content.region)
    return f"{region}跨部门综合监管月报({month_name(content.month)})"


def facts_of(content: Content, names: Names) -> tuple[tuple[str, str], ...]:
    """What the report is, as known when, and the digest by which anybody can tell that it is this one."""
    unfinished = "" if content.complete else "(统计时点时该月尚未结束,与整月相比时请注意)"
    return (
        ("行政区划", f"{names.region(content.region)}({content.region})"),
        ("统计月份", month_name(content.month) + unfinished),
        ("统计时点", local(content.as_of)),
        ("已知最早月份", month_name(content.known_since) if content.known_since else "无"),
        ("数据摘要", f"SHA-256 {digest_of(content)}"),
    )


def sheets_of(content: Content, names: Names) -> Sheets:
    """Everything a report shows."""
    kinds: tuple[By, ...] = ("category", "channel", "result", "clock")
    return Sheets(
        title=title_of(content, names),
        facts=facts_of(content, names),
        grids=(
            _overview(content),
            _regions(content, names),
            _departments(content, names),
            *(_split(content, by) for by in kinds),
        ),
    )


def document_of(content: Content, names: Names, mark: Mark) -> Document:
    """The report for paper. Tables that would fill a book are left to the workbook."""
    sheets = sheets_of(content, names)
    title = sheets.title
    return Document(
        title=title,
        header=f"{title} 摘要 {digest_of(content)[:16]}",
        mark=mark,
        parts=(Passage("说明", sheets.facts), *map(_printed, sheets.grids), Passage("指标口径", sheets.notes)),
    )


def _printed(grid: Grid) -> Table | Passage:
    if len(grid.rows) > PRINTED_ROWS:
        return Passage(grid.title, (("行数", f"共 {len(grid.rows)} 行,请见 XLSX 格式的同一报表"),))
    return Table(grid.title, grid.columns, grid.widths, tuple(tuple(map(str, row)) for row in grid.rows))


def _overview(content: Content) -> Grid:
    """One row a measure, with both comparisons."""
    told = figures(content, total(content, content.region))
    rows: list[tuple[Cell, ...]] = []
    for measure in MEASURES:
        figure = getattr(told, measure)
        rows.append((MEASURE_NAMES[measure], figure.count, figure.before.said, figure.year_before.said))
    on_time = told.on_time
    rows.append((ON_TIME, on_time.share.said, on_time.before.said, on_time.year_before.said))
    return Grid("总体情况", ("指标", "本月", "环比", "同比"), (2, 2, 3, 3), tuple(rows))


_COUNTED: tuple[Measure, ...] = MEASURES
_COMPARED: tuple[Measure, ...] = ("received", "completed", "open")
_FIGURE_COLUMNS = (
    *(MEASURE_NAMES[measure] for measure in _COUNTED),
    ON_TIME,
    *(f"{MEASURE_NAMES[measure]}{word}" for measure in _COMPARED for word in ("环比", "同比")),
)
_FIGURE_WIDTHS = (*(2 for _ in _COUNTED), 3, *(3 for _ in _COMPARED for _ in range(2)))


def _regions(content: Content, names: Names) -> Grid:
    """Every region under what holds it; deeper ones are set in."""
    rows = tuple(
        (place.region, "\u3000" * depth + names.region(place.region), *_cells(content, place.counts))
        for depth, place in subtree(content, content.region)
    )
    return Grid("分行政区划", ("代码", "行政区划", *_FIGURE_COLUMNS), (3, 4, *_FIGURE_WIDTHS), rows)


def _departments(content: Content, names: Names) -> Grid:
    """The departments of each region; of a city or province only those that answer for its own cases."""
    rows = tuple(
        (place.region, names.department(split.of), *_cells(content, split.counts))
        for _, place in subtree(content, content.region)
        for split in departments(content, place.region)
    )
    return Grid("分部门", ("属地代码", "部门", *_FIGURE_COLUMNS), (3, 5, *_FIGURE_WIDTHS), rows)


_OF: Mapping[By, Sequence[Measure]] = {"result": ("completed",), "clock": ("met", "missed")}
"""What only some figures can be split by."""


def _split(content: Content, by: By) -> Grid:
    told = [(split_name(by, split.of), figures(content, split.counts)) for split in splits(content, content.region, by)]
    measures = _OF.get(by)
    name = BY_NAMES[by]
    if measures is None:
        rows = tuple((title, *_cells_of(figure)) for title, figure in told)
        return Grid(f"分{name}", (name, *_FIGURE_COLUMNS), (3, *_FIGURE_WIDTHS), rows)
    columns = tuple(f"{MEASURE_NAMES[measure]}{word}" for measure in measures for word in ("", "环比", "同比"))
    rows = tuple((title, *_told(figure, measures)) for title, figure in told)
    return Grid(f"分{name}", (name, *columns), (3, *(3 for _ in columns)), rows)


def _cells(content: Content, counts: Triple) -> Iterator[Cell]:
    return _cells_of(figures(content, counts))


def _cells_of(told: Figures) -> Iterator[Cell]:
    yield from (getattr(told, measure).count for measure in _COUNTED)
    yield told.on_time.share.said
    for measure in _COMPARED:
        yield getattr(told, measure).before.said
        yield getattr(told, measure).year_before.said


def _told(told: Figures, measures: Sequence[Measure]) -> Iterator[Cell]:
    for measure in measures:
        figure = getattr(told, measure)
        yield from (figure.count, figure.before.said, figure.year_before.said)
