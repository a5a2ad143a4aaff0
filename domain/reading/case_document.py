"""One case as a document: what it is, what was due, what was said, what it rests on, and all that happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from domain.reading.document import Document, Mark, Passage, Table
from domain.reading.timeline import Entry, Moment, Reading, Refusal, Timeline, basis_line, by_line, clock_title, shown
from domain.record.decider import Decider
from domain.record.vault import Sealed
from domain.time.case_clocks import TimedClock
from domain.value import Value, local
from domain.words import words_of


class EvidenceFile(Value):
    """A file a case rests on, as the case knows it. `sealed`: nobody may open it."""

    digest: str
    name: Sealed
    sealed: bool


class EvidenceLine(Value):
    """A file the case rests on, by its SHA-256. `name` only for readers of texts; `sealed`: nobody may open it."""

    digest: str
    name: str | None
    sealed: bool


@dataclass(frozen=True)
class CaseFile:
    """All that one reader gets to see of a case."""

    title: str
    """What such a case is called: 问题线索."""
    decider: Decider[Any]
    state: Any
    timeline: Timeline
    evidence: tuple[EvidenceLine, ...]
    reading: Reading
    checkpoint: str | None

    def document(self, mark: Mark) -> Document:
        """The case as parts to print."""
        summary = self.decider.summary(self.state)
        name = getattr(summary, "number", None) or self.timeline.stream
        return Document(
            title=f"{self.title}案件材料",
            header=f"案件 {name}",
            mark=mark,
            parts=(
                Table("基本情况", ("项目", "内容"), (1, 3), tuple(self._facts())),
                Table("办理期限", ("期限", "承担部门", "起算", "届满", "结果"), (2, 3, 3, 3, 2), tuple(self._clocks())),
                Passage("文本", tuple(self._texts())),
                Table("证据", ("文件名", "SHA-256", "状态"), (3, 6, 1), tuple(map(_evidence, self.evidence))),
                Table(
                    "办理经过",
                    ("序号", "时间", "事项", "人员与依据", "环节", "校验"),
                    (1, 3, 6, 5, 2, 2),
                    tuple(map(_moment, self.timeline.entries)),
                ),
                Passage("记录校验", tuple(self._proof())),
            ),
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        summary = self.decider.summary(self.state)
        yield "案件标识", self.timeline.stream
        for name, value in dict(summary).items():
            if name in _FACTS:
                words = self.decider.stages if name == "stage" else words_of(type(summary), name)
                yield self.decider.field_title(name), shown(name, value, self.reading, words)

    def _clocks(self) -> Iterator[tuple[str, ...]]:
        for timed in self.decider.clocks(self.state):
            clock = timed.clock
            owed_by = self.reading.department(clock.owed_by)
            yield clock_title(clock.id), owed_by, local(clock.started_at), local(clock.due_at), _ending(timed)

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Every text with the event that brought it; without the right to read it, its reference and commitment."""
        for entry in self.timeline.entries:
            for line in entry.texts if isinstance(entry, Moment) else ():
                label = f"{entry.title} · {line.title}"
                yield label, "(已依法删除)" if line.erased else line.text or f"(仅存承诺值)文本 {line.ref}"

    def _proof(self) -> Iterator[tuple[str, str]]:
        yield "链校验", f"通过,共 {self.timeline.versions} 条"
        yield "链首", self.timeline.head
        yield "签名检查点", self.checkpoint or "尚无"


_FACTS = (
    "number", "stage", "region", "channel", "external_id", "category", "entity", "handler", "departments",
    "returns", "reopenings", "received_at", "registered_at", "links", "migrated",
    "responsible",
)  # fmt: skip


def evidence_of(files: Iterable[EvidenceFile], reading: Reading) -> Iterator[EvidenceLine]:
    """The files of a case, each once, under the name it had first."""
    known = set[str]()
    for file in files:
        if file.digest not in known:
            known.add(file.digest)
            yield EvidenceLine(digest=file.digest, name=reading.text(file.name.ref), sealed=file.sealed)


def _ending(timed: TimedClock) -> str:
    return shown("outcome", timed.outcome) if timed.stopped_at else "进行中"


def _evidence(line: EvidenceLine) -> tuple[str, ...]:
    return line.name or "—", line.digest, "已封存" if line.sealed else "可查阅"


def _moment(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry, Refusal):
        return "×", local(entry.recorded_at), entry.sentence, entry.account, "—", entry.code
    late = f"\n记录于 {local(entry.recorded_at)}" if entry.late else ""
    sentence = entry.title if entry.sentence == entry.title else f"{entry.title}\n{entry.sentence}"
    explained = "".join(f"\n{line}" for line in entry.explanation)
    return (
        str(entry.version),
        f"{local(entry.occurred_at)}{late}",
        f"{sentence}{explained}",
        f"{by_line(entry.by)}{basis_line(entry)}",
        entry.stage_title,
        entry.hash[:12],
    )
