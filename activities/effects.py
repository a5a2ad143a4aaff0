"""Everything a process can do because of an event, in one table: what it is called, who performs it, how patiently.

The worker's list of activities, the options they are tried with, the words in Temporal's UI and the golden fingerprint
are read from here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from activities.asking import AskingActivities
from activities.erasure import ErasureActivities
from activities.exports import ExportActivities
from activities.feedback import FeedbackActivities
from activities.messages import Performed
from activities.ports import Ports
from activities.reminders import ReminderActivities
from activities.sealing import SealingActivities
from domain.record.decider import ASK


@dataclass(frozen=True)
class EffectKind:
    """One kind of effect."""

    title: str
    perform: Callable[..., Awaitable[Performed]]
    """The activity, as a method of the class that `build` makes."""
    build: Callable[[Ports], Any]
    long: bool = False
    """It makes a file out of many rows: tried for longer, and says meanwhile that it lives."""

    def bound(self, ports: Ports) -> Callable[..., Awaitable[Any]]:
        """The activity over these ports, as a worker serves it."""
        method: Callable[..., Awaitable[Any]] = getattr(self.build(ports), self.perform.__name__)
        return method


EFFECTS: Mapping[str, EffectKind] = {
    "notify": EffectKind("发送提醒", ReminderActivities.remind, lambda ports: ReminderActivities(ports.effects)),
    "send_feedback": EffectKind(
        "向来源渠道反馈答复",
        FeedbackActivities.send,
        lambda ports: FeedbackActivities(ports.effects, ports.texts, ports.exchange, ports.reached),
    ),
    "record_erasure": EffectKind(
        "登记文本删除",
        ErasureActivities.record,
        lambda ports: ErasureActivities(ports.effects, ports.texts, ports.ledger, ports.exchange),
    ),
    "seal_evidence": EffectKind(
        "封存文件", SealingActivities.seal, lambda ports: SealingActivities(ports.effects, ports.evidence)
    ),
    "make_export": EffectKind(
        "制作导出文件",
        ExportActivities.make,
        lambda ports: ExportActivities(
            ports.world, ports.effects, ports.texts, ports.exports, ports.exports_kept, ports.reached
        ),
        long=True,
    ),
    ASK: EffectKind(
        "向相关案件提出请求",
        AskingActivities.ask,
        lambda ports: AskingActivities(ports.world, ports.effects, ports.texts, ports.reached),
    ),
}
"""By the kind that stands in the effect's row."""


def title_of(kind: str) -> str:
    """What an effect is called; its kind when a newer release added it."""
    return EFFECTS[kind].title if kind in EFFECTS else kind
