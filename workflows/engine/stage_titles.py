"""What stages are called, for people who read Temporal's UI. Plain data: a workflow must not import a noun.

A test holds it against the nouns.
"""

from __future__ import annotations

STAGES: dict[str, str] = {
    "unregistered": "未登记",
    "registered": "待分办",
    "dispatched": "待签收",
    "signed_for": "待分派",
    "assigned": "待接办",
    "declined": "不予受理待告知",
    "taken_up": "已接办",
    "verifying": "核查中",
    "verified": "核查完毕",
    "disposition_proposed": "待审批处置",
    "disposed": "已处置",
    "fed_back": "已反馈",
    "completed": "已办结",
    "archived": "已归档",
    "unrequested": "未申请",
    "requested": "待制作",
    "made": "已制作",
    "failed": "制作失败",
    "cancelled": "已取消",
    "issued": "已出具",
}
